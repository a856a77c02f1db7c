"""Small tables with known answers."""

import itertools

import numpy as np
import pandas as pd

from meta_rl.metrics.scores import scores
from meta_rl.tables import contexts as contexts_table

LEVELS = {"none": 40.0, "explicit": 60.0, "iida": 55.0}
SPLITS = {"train": 4, "interpolation": 5, "extrapolation": 6}  # contexts each; train: per seed


def contexts(seeds: range, benchmark: str = "cart") -> pd.DataFrame:
    """Context `i` of a split has length i + 1; train context ids are seed * 4 + i."""
    rows: list[tuple[str, int | None, int, float]] = [
        ("train", seed, seed * SPLITS["train"] + i, i + 1.0)
        for seed, i in itertools.product(seeds, range(SPLITS["train"]))
    ]
    for split in ("interpolation", "extrapolation"):
        rows += [(split, None, i, i + 1.0) for i in range(SPLITS[split])]
    frame = pd.DataFrame(rows, columns=["split", "seed", "context_id", "value"]).astype({"seed": "Int64"})
    frame = frame.assign(
        benchmark=benchmark,
        feature="length",
        unit="m",
        default=1.0,
        train_low=1.0,
        train_high=5.0,
        train_between=True,
    )
    return frame[[column.name for column in contexts_table.TABLE.columns]]


def references(contexts: pd.DataFrame, episodes: int = 4, benchmark: str = "cart") -> pd.DataFrame:
    """Random returns 20, specialist a 100, specialist b 60, in every episode."""
    places = contexts[["split", "context_id"]].drop_duplicates().itertuples(index=False)
    returns = {"random": 20.0, "specialist_dqn_0": 100.0, "specialist_dqn_1": 60.0}
    rows = [
        (benchmark, *place, member, 0, episode, 100, value, 0)
        for place, (member, value), episode in itertools.product(places, returns.items(), range(episodes))
    ]
    names = [
        "benchmark",
        "split",
        "context_id",
        "member",
        "seed",
        "episode",
        "snapshot",
        "episode_return",
        "env_steps",
    ]
    return pd.DataFrame(rows, columns=names)


def evaluation(contexts: pd.DataFrame, seeds: range, levels: dict[str, float]) -> pd.DataFrame:
    """Two episodes per run and context around levels[method] + seed - context number."""
    rows = []
    for method, level in levels.items():
        for seed in seeds:
            mine = contexts[contexts["seed"].isna() | (contexts["seed"] == seed).fillna(False)]
            for row in mine.itertuples():
                for episode, noise in enumerate((-1.0, 1.0)):
                    value = level + seed - row.value + noise
                    place = ("cart", "dqn", method, seed, "cold", row.split, row.context_id, episode)
                    rows.append((*place, 100, value, 10, value, 0.0, "ok"))
    names = ["benchmark", "agent", "method", "seed", "information", "split", "context_id", "episode"]
    names += ["snapshot", "episode_return", "episode_length", "discounted_return", "initial_value", "status"]
    return pd.DataFrame(rows, columns=names)


def encodings(contexts: pd.DataFrame, seeds: range, method: str = "iida") -> pd.DataFrame:
    """Two dimensions: a linear code of the length, and noise."""
    random = np.random.default_rng(0)
    rows = []
    for seed in seeds:
        mine = contexts[contexts["seed"].isna() | (contexts["seed"] == seed).fillna(False)]
        for row in mine.itertuples():
            for dimension, value in enumerate((3 - 2 * row.value, random.normal())):
                place = ("cart", "dqn", method, seed, "cold", row.split, row.context_id)
                rows.append((*place, dimension, value))
    names = [
        "benchmark",
        "agent",
        "method",
        "seed",
        "information",
        "split",
        "context_id",
        "dimension",
        "value",
    ]
    return pd.DataFrame(rows, columns=names)


def study(n: int) -> tuple[pd.DataFrame, ...]:
    """scores, references, encodings, contexts of n seeds"""
    seeds = range(n)
    places = contexts(seeds)
    known = references(places)
    measured = scores(evaluation(places, seeds, LEVELS), known, places, success=100)
    return measured, known, encodings(places, seeds), places


def row(table: pd.DataFrame, metric: str, method: str, split: str, other: str | None = None) -> pd.Series:
    compared = table["compared_with"].isna() if other is None else table["compared_with"].eq(other)
    found = table[
        table["metric"].eq(metric) & table["method"].eq(method) & table["split"].eq(split) & compared
    ]
    assert len(found) == 1
    return found.iloc[0]
