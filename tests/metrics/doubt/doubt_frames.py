"""Small tables of doubt with known answers."""

from collections.abc import Callable

import numpy as np
import pandas as pd

WHO = {"benchmark": "cart", "agent": "dqn", "method": "none", "information": "cold"}
SPLITS = ("interpolation", "extrapolation")
SUCCESS, REFERENCE, RANDOM = 60.0, 100.0, 20.0

Doubt = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def mean_returns(contexts: int) -> np.ndarray:
    """Of all contexts: the first half is interpolation, the second extrapolation; both hold good and bad ones."""
    return np.linspace(0.0, 99.0, contexts)[np.random.default_rng(7).permutation(contexts)]


def scores(contexts: int, solvable: str = "true") -> pd.DataFrame:
    """What of the table `scores` is read; context i of a region, half of them in each."""
    half = contexts // 2
    return pd.DataFrame(
        {
            **WHO,
            "seed": 0,
            "split": np.repeat(SPLITS, half),
            "context_id": np.tile(np.arange(half), 2),
            "reference": REFERENCE,
            "random": RANDOM,
            "solvable": solvable,
            "success": SUCCESS,
        }
    )


def evaluation(
    seeds: int, contexts: int, noise: float = 0.0, episodes: int = 4, spread: float = 1.0
) -> pd.DataFrame:
    """Returns of `mean_returns`, scaled around 50, with normal noise per episode."""
    places = scores(contexts)[["split", "context_id"]]
    random, parts = np.random.default_rng(3), []
    for seed in range(seeds):
        for episode in range(episodes):
            means = 50 + spread * (mean_returns(contexts) - 50)
            values = means + noise * random.standard_normal(contexts)
            parts.append(
                places.assign(**WHO, seed=seed, episode=episode, snapshot=100, episode_return=values)
            )
    return pd.concat(parts, ignore_index=True)


def uncertainty(
    seeds: int, contexts: int, said: dict[str, Doubt], budgets: tuple[str, ...] = ("0",)
) -> pd.DataFrame:
    """`said`: estimator -> doubt from the mean returns and a generator."""
    places, random, parts = scores(contexts)[["split", "context_id"]], np.random.default_rng(5), []
    for seed in range(seeds):
        for estimator, doubt in said.items():
            for budget in budgets:
                values = doubt(mean_returns(contexts), random)
                part = places.assign(**WHO, seed=seed, estimator=estimator, budget=budget, doubt=values)
                parts.append(part.assign(reason=None, lower=np.nan, upper=np.nan))
    return pd.concat(parts, ignore_index=True).astype({"reason": "str"})


SAID: dict[str, Doubt] = {
    "constant": lambda returns, random: np.ones(len(returns)),
    "random": lambda returns, random: random.random(len(returns)),
    "shortfall": lambda returns, random: REFERENCE - returns,
    "opposite": lambda returns, random: returns,
    "range_distance": lambda returns, random: np.repeat([0.0, 1.0], len(returns) // 2),
}


def one(table: pd.DataFrame, metric: str, estimator: str | None = None, **others: str) -> pd.Series:
    """The one row of a metric in all regions together, unless `others` say which."""
    where = {"region": "held_out", "compared_with": None, "estimator": estimator} | others
    if estimator is not None:
        where = {"budget": "0"} | where
    rows = table["metric"] == metric
    for column, value in where.items():
        rows &= table[column].isna() if value is None else table[column].eq(value).fillna(False)
    assert rows.sum() == 1, (metric, where, int(rows.sum()))
    return table[rows].iloc[0]
