"""Tables of a study that never ran, with known properties, of any size."""

import importlib
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from meta_rl.contexts import ContextSpace, Feature
from meta_rl.metrics.runs import runs as runs_of
from meta_rl.metrics.summary import metrics
from meta_rl.tables import context_frames, io
from meta_rl.tables.schema import Table

FEATURES = (
    Feature("tau", 0.02, 0.0, 1.0, "s"),
    Feature("length", 0.5, 0.0, 9.0, "m"),
    Feature("gravity", -10.0, -99.0, 0.0, "m/s^2"),
    Feature("masspole", 0.1, 0.0, 9.0, "kg"),
)
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
CONTROLS = {"explicit": "shuffled", "jrpl": "random_encoder"}
INFERRING = {"iida", "jrpl", "epi"}
TRAIN = 20  # contexts per run
RANGES = {"train": [0.2, 2.2], "extrapolation": [[0.1, 0.2], [2.2, 4.4]]}
_RUN = ["benchmark", "agent", "method", "seed"]
_PLACE = ["information", "split", "context_id"]


def tables(
    benchmarks: int = 3,
    methods: int = 4,
    runs: int = 5,
    agents: int = 1,
    held_out: int = 20,
    planes: str = "",
    features: int = 2,
    returns: tuple[float, float] = (20.0, 500.0),
    observed: tuple[str, ...] = (),
) -> dict[str, pd.DataFrame]:
    """Every table that a figure or the summary reads; those of doubt are empty (see `synthetic_doubts`).

    Methods that infer the context are also evaluated with this `observed` information, with 5 % less each.

    `benchmarks` vary one feature each; `planes` holds the train sets (A, B, C) of others that vary several.
    `returns` are those of failure and of success.
    """
    draw = np.random.default_rng(0)
    spaces = _spaces(benchmarks, planes, features)
    contexts = pd.concat([_contexts(space, name, runs, held_out) for name, space in spaces.items()])
    names = [f"dqn{agent or ''}" for agent in range(agents)]
    scores = _scores(draw, contexts, names, METHODS[:methods], runs, returns)
    inferred = scores[scores["method"].isin(INFERRING)]
    others = [
        inferred.assign(information=name, episode_return=inferred["episode_return"] * 0.95 ** (i + 1))
        for i, name in enumerate(observed)
    ]
    scores = pd.concat([scores, *others], ignore_index=True)
    made = {
        "predictions": _predictions(scores),
        "contexts": contexts,
        "scores": scores,
        "learning": _learning(draw, list(spaces), names, METHODS[:methods], runs, returns),
        "encodings": _encodings(draw, scores, contexts),
        "references": _references(contexts, returns),
        "evaluation": scores[[*_RUN, *_PLACE]].assign(
            episode=0,
            snapshot=100,
            episode_return=scores["episode_return"],
            episode_length=100,
            discounted_return=60.0,
            initial_value=61.0,
            status="ok",
        ),
    }
    points = made["learning"].groupby(_RUN, as_index=False)["env_steps"].max()
    spent = points.assign(env_steps=points["env_steps"] + 400)  # the last point of a curve is not the end
    made["runs"] = runs_of(made["learning"], made["evaluation"], [], spent.itertuples(index=False, name=None))
    made |= {name: empty(name) for name in ("deployment", "uncertainty", "doubt_metrics")}
    read = (made[name] for name in ("scores", "references", "encodings", "contexts"))
    made["metrics"] = metrics(*read, CONTROLS)
    return made


def _spaces(benchmarks: int, planes: str, features: int) -> dict[str, ContextSpace]:
    spaces = {}
    for i in range(benchmarks):
        one = FEATURES[i % len(FEATURES)]
        name = f"cartpole_{one.name}" + ("" if i < len(FEATURES) else "_b")
        spaces[name] = ContextSpace.of(FEATURES, {one.name: RANGES})
    varied = ("gravity", "length", "masspole")[:features]
    for train_set in planes:
        name = f"cartpole_{'_'.join(varied)}_{train_set.lower()}"
        spaces[name] = ContextSpace.of(FEATURES, dict.fromkeys(varied, RANGES), train_set)
    return spaces


def _contexts(space: ContextSpace, name: str, runs: int, held_out: int) -> pd.DataFrame:
    train = [
        context_frames.to_frame(space, name, "train", space.draw_train(f"run {seed}", TRAIN), seed)
        for seed in range(runs)
    ]
    rest = [
        context_frames.to_frame(space, name, split, space.draw_held_out(split, max(held_out, parts)))
        for split, parts in space.regions.items()
    ]
    return pd.concat([*train, *rest], ignore_index=True)


def _scores(
    draw: np.random.Generator,
    contexts: pd.DataFrame,
    agents: list[str],
    methods: tuple[str, ...],
    runs: int,
    returns: tuple[float, float],
) -> pd.DataFrame:
    """Methods fail far from the default, the first ones soonest; the reference does not."""
    low, high = returns
    away = contexts.assign(away=np.abs(np.log(np.abs(contexts["value"] / contexts["default"]))))
    places = away.groupby(["benchmark", "split", "context_id"]).agg({"seed": "first", "away": "max"})
    frames = []
    for agent, (m, method), run in product(agents, enumerate(methods), range(runs)):
        mine = places[places["seed"].isna() | (places["seed"] == run).fillna(False)].reset_index()
        ability = 1 / (1 + np.exp(3 * (mine["away"] - 0.9 - 0.15 * m)))
        share = np.clip(ability + draw.normal(0, 0.02, len(mine)) + 0.02 * (run % 3), 0, 1)
        frames.append(
            mine.assign(
                agent=agent,
                method=method,
                seed=run,
                information="cold",
                episode_return=low + (high - low) * share,
                reference=high - (high - low) / 16 * mine["away"],
            )
        )
    scores = pd.concat(frames, ignore_index=True)
    random = low + (high - low) / 240
    scores["random"] = random
    scores["shortfall"] = scores["reference"] - scores["episode_return"]
    scores["score"] = (scores["episode_return"] - random) / (scores["reference"] - random)
    return scores.assign(
        solvable="true", success=(low + high) / 2, lowest=np.nan, highest=np.nan, informative=True
    )[[column.name for column in schema("scores").columns]]


def _learning(
    draw: np.random.Generator,
    benchmarks: list[str],
    agents: list[str],
    methods: tuple[str, ...],
    runs: int,
    returns: tuple[float, float],
) -> pd.DataFrame:
    low, high = returns
    point = np.arange(1, 51)
    frames = []
    for benchmark, agent, (m, method), run in product(benchmarks, agents, enumerate(methods), range(runs)):
        share = 1 / (1 + np.exp(-(point - 18 - m) / 6)) + draw.normal(0, 0.03, len(point)) + 0.02 * run
        frame = pd.DataFrame({"env_steps": point * 4000 + (20000 if method == "iida" else 0)})
        frame = frame.assign(benchmark=benchmark, agent=agent, method=method, seed=run, status="ok")
        frames.append(frame.assign(metric="episode_return", value=low + (high - low) * share))
        frames.append(frame.assign(metric="loss", value=1.0))
    return pd.concat(frames, ignore_index=True)[[column.name for column in schema("learning").columns]]


def _encodings(draw: np.random.Generator, scores: pd.DataFrame, contexts: pd.DataFrame) -> pd.DataFrame:
    """Two dimensions a feature, linear in it but for noise, and shifted from run to run."""
    multiplier = contexts.assign(multiplier=contexts["value"] / contexts["default"])
    place = ["benchmark", "split", "context_id"]
    wide = multiplier.pivot(index=place, columns="feature", values="multiplier")
    cold = scores["information"] == "cold"
    rows = scores.loc[scores["method"].isin(INFERRING) & cold, [*_RUN, *_PLACE]]
    frames = []
    for i, feature in enumerate(wide):
        values = rows.merge(wide[feature].dropna().rename("value").reset_index(), on=place)
        for d in range(2):
            code = (d + 1) * values["value"] + values["seed"] + draw.normal(0, 0.1, len(values))
            frames.append(values.assign(dimension=2 * i + d, value=code))
    return pd.concat(frames, ignore_index=True)[[*_RUN, *_PLACE, "dimension", "value"]]


def _predictions(scores: pd.DataFrame) -> pd.DataFrame:
    rows = scores[(scores["method"] == "iida") & (scores["split"] != "train")]
    runs = rows[["benchmark", "agent", "method", "seed", "split"]].drop_duplicates()
    errors = (("encoder", 20, 0.2), ("encoder", 128, 0.1), ("none", 0, 0.9), ("true_context", 0, 0.05))
    frames = [runs.assign(predictor=name, window=k, error=error) for name, k, error in errors]
    return pd.concat(frames, ignore_index=True)


def _references(contexts: pd.DataFrame, returns: tuple[float, float]) -> pd.DataFrame:
    low, high = returns
    places = contexts[["benchmark", "split", "context_id"]].drop_duplicates()
    members = {"random": 1 / 240, "lqr_lookahead": 0.96, "specialist_dqn_0": 0.94}
    frames = [
        places.assign(
            member=member,
            seed=0,
            episode=episode,
            snapshot=100,
            episode_return=low + (high - low) * share,
            env_steps=0,
        )
        for member, share in members.items()
        for episode in range(2)
    ]
    return pd.concat(frames, ignore_index=True)


def empty(table: str) -> pd.DataFrame:
    """As in a study that has nothing of the kind."""
    return pd.DataFrame(columns=[column.name for column in schema(table).columns])


def schema(table: str) -> Table:
    return importlib.import_module(f"meta_rl.tables.{table}").TABLE


def write(made: dict[str, pd.DataFrame], folder: Path) -> list[Path]:
    """Each table as a file, as the step that aggregates leaves it."""
    paths = [folder / f"{name}.parquet" for name in made]
    for path in paths:
        io.write(made[path.stem], schema(path.stem), path, {})
    return paths
