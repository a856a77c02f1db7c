"""Lines with a band over runs, and how a footer names the interval."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from meta_rl.figures.style import BAND, Look
from meta_rl.metrics.intervals import FEWEST, FEWEST_OF_T, interval, within

ANY = (-np.inf, np.inf)  # what is possible, where nothing is known


def draw(
    ax: Axes,
    method: str,
    look: Look,
    x: Any,
    runs: pd.DataFrame,
    markers: Any,
    possible: tuple[float, float] = ANY,
) -> None:
    """Mean over runs (rows) at each x (column), with their spread as a band; none for one run."""
    values = runs.to_numpy()
    ax.plot(x, values.mean(axis=0), markevery=markers, label=method, zorder=3, **look.line)
    ax.fill_between(x, *spread(values, possible), color=look.colour, alpha=BAND, linewidth=0)


def spread(values: np.ndarray, possible: tuple[float, float] = ANY) -> np.ndarray:
    """Low and high [2, X] over runs (rows) of each column: the interval of the mean, within what is `possible`.

    Of so few runs that they have no interval it is their range.
    """
    if len(values) < FEWEST_OF_T:
        return np.stack([values.min(axis=0), values.max(axis=0)])
    return within(interval(values, "mean"), np.array(possible))


def possible(scores: pd.DataFrame) -> tuple[float, float]:
    """What an episode of one benchmark can return, from its rows of the table `scores`."""
    low, high = scores[["lowest", "highest"]].iloc[0]
    return -np.inf if np.isnan(low) else low, np.inf if np.isnan(high) else high


def describe_spread(runs: Iterable[int]) -> str:
    """The `spread` over these numbers of runs, in words."""
    few = max(runs := list(runs)) < FEWEST_OF_T
    return f"range of {count(runs)}" if few and max(runs) > 1 else _described(runs, "their range")


def describe(runs: Iterable[int]) -> str:
    """The interval over these numbers of runs, in words: `95 % t interval over 5 runs`."""
    return _described(list(runs), "none")


def _described(runs: list[int], of_few: str) -> str:
    most = max(runs)
    if most < FEWEST_OF_T:
        there = "there is 1 run" if most == 1 else f"there are {count(runs).removesuffix(' per method')}"
        return f"none, as {there} per method"
    fewest = min(n for n in runs if n >= FEWEST_OF_T)
    kind = "t" if most < FEWEST else "bootstrap" if fewest >= FEWEST else "t or bootstrap"
    few = f", of fewer than {FEWEST_OF_T} {of_few}" if min(runs) < FEWEST_OF_T else ""
    return f"95 % {kind} interval over {count(runs)}{few}"


def count(runs: Iterable[int]) -> str:
    """These numbers of runs, in words: `5 runs per method`."""
    fewest, most = min(runs := list(runs)), max(runs)
    span = str(most) if fewest == most else f"{fewest} to {most}"
    return f"{span} run{'' if most == 1 else 's'} per method"


def runs_per_method(table: pd.DataFrame) -> np.ndarray:
    """How many runs each method of each benchmark and agent has."""
    return table.groupby(["benchmark", "agent", "method"])["seed"].nunique().to_numpy()
