"""Tables of a study that never ran, with known properties, of any size."""

import importlib
from pathlib import Path

import numpy as np
import pandas as pd

from meta_rl.metrics.summary import metrics
from meta_rl.tables import io
from meta_rl.tables.schema import Table

FEATURES = {"tau": (0.02, "s"), "length": (0.5, "m"), "gravity": (-10.0, "m/s^2"), "masspole": (0.1, "kg")}
METHODS = (
    "none",
    "explicit",
    "iida",
    "jrpl",
    "epi",
    "default",
    "random_encoder",
    "shuffled",
    "zeta",
    "alpha",
)
INFERRING = {"iida", "jrpl", "epi"}


def tables(
    benchmarks: int = 3, methods: int = 4, runs: int = 5, agents: int = 1, held_out: int = 20
) -> dict[str, pd.DataFrame]:
    """Every table that a figure or the summary reads."""
    draw = np.random.default_rng(0)
    features = [list(FEATURES.items())[i % len(FEATURES)] for i in range(benchmarks)]
    names = [f"cartpole_{name}" + ("" if i < len(FEATURES) else "_b") for i, (name, _) in enumerate(features)]
    contexts, scores, learning, encodings = [], [], [], []
    for benchmark, (feature, (default, unit)) in zip(names, features, strict=True):
        for split, multipliers in _multipliers(draw, runs, held_out).items():
            for i, multiplier in enumerate(multipliers):
                seed = i // 20 if split == "train" else pd.NA
                value = multiplier * default
                contexts.append((benchmark, split, seed, i, feature, value, unit, default))
                for agent in [f"dqn{'' if a == 0 else a}" for a in range(agents)]:
                    for m, method in enumerate(METHODS[:methods]):
                        for run in range(runs) if split != "train" else [seed]:
                            row = (benchmark, agent, method, run, "cold", split, i)
                            ability = 1 / (1 + np.exp(3 * (abs(np.log(multiplier)) - 0.9 - 0.15 * m)))
                            ret = 20 + 480 * np.clip(ability + draw.normal(0, 0.02) + 0.02 * (run % 3), 0, 1)
                            reference = 500.0 - 30 * abs(np.log(multiplier))
                            scores.append((*row, ret, reference, 22.0, reference - ret, (ret - 22) / (reference - 22),
                                           "true", True))  # fmt: skip
                            if method in INFERRING:
                                encodings.extend(
                                    (*row, d, (d + 1) * multiplier + run + draw.normal(0, 0.1))
                                    for d in range(2)
                                )
        for agent in [f"dqn{'' if a == 0 else a}" for a in range(agents)]:
            for m, method in enumerate(METHODS[:methods]):
                for run in range(runs):
                    for point in range(1, 51):
                        steps = point * 4000 + (20000 if method == "iida" else 0)
                        value = 480 / (1 + np.exp(-(point - 18 - m) / 6)) + draw.normal(0, 15) + 10 * run
                        learning.append((benchmark, agent, method, run, steps, "episode_return", value, "ok"))
                        learning.append((benchmark, agent, method, run, steps, "loss", 1.0, "ok"))
    key = ["benchmark", "agent", "method", "seed", "information", "split", "context_id"]
    made = {
        "contexts": pd.DataFrame(
            contexts,
            columns=["benchmark", "split", "seed", "context_id", "feature", "value", "unit", "default"],
        ).astype({"seed": "Int64"}),
        "scores": pd.DataFrame(
            scores,
            columns=[
                *key,
                "episode_return",
                "reference",
                "random",
                "shortfall",
                "score",
                "solvable",
                "informative",
            ],
        ),
        "learning": pd.DataFrame(
            learning,
            columns=["benchmark", "agent", "method", "seed", "env_steps", "metric", "value", "status"],
        ),
        "encodings": pd.DataFrame(encodings, columns=[*key, "dimension", "value"]),
    }
    made["references"] = _references(made["contexts"])
    made["evaluation"] = made["scores"][key].assign(
        episode=0,
        episode_return=made["scores"]["episode_return"],
        episode_length=100,
        discounted_return=60.0,
        initial_value=61.0,
        status="ok",
    )
    made["metrics"] = metrics(made["scores"], made["references"], made["encodings"], made["contexts"])
    return made


def _references(contexts: pd.DataFrame) -> pd.DataFrame:
    places = contexts[["benchmark", "split", "context_id"]].drop_duplicates()
    members = {"random": 22.0, "lqr_lookahead": 480.0, "specialist_dqn_0": 470.0}
    frames = [
        places.assign(member=member, seed=0, episode=episode, episode_return=value, env_steps=0)
        for member, value in members.items()
        for episode in range(2)
    ]
    return pd.concat(frames, ignore_index=True)


def _multipliers(draw: np.random.Generator, runs: int, held_out: int) -> dict[str, np.ndarray]:
    half = max(1, held_out // 2)
    outside = np.concatenate([draw.uniform(0.1, 0.2, half), draw.uniform(2.2, 4.4, half)])
    return {
        "train": draw.uniform(0.2, 2.2, runs * 20),
        "interpolation": draw.uniform(0.2, 2.2, held_out),
        "extrapolation": outside,
    }


def schema(table: str) -> Table:
    return importlib.import_module(f"meta_rl.tables.{table}").TABLE


def write(made: dict[str, pd.DataFrame], folder: Path) -> list[Path]:
    """Each table as a file, as the step that aggregates leaves it."""
    paths = [folder / f"{name}.parquet" for name in made]
    for path in paths:
        io.write(made[path.stem], schema(path.stem), path, {})
    return paths
