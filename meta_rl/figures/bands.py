"""Lines with a band over runs, and how a footer names the interval."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from meta_rl.figures.style import BAND, Look
from meta_rl.metrics.intervals import FEWEST, interval


def draw(ax: Axes, method: str, look: Look, x: Any, runs: pd.DataFrame, markers: Any) -> None:
    """Mean over runs (rows) at each x (column), with their spread as a band; none for one run."""
    values = runs.to_numpy()
    ax.plot(x, values.mean(axis=0), markevery=markers, label=method, zorder=3, **look.line)
    ax.fill_between(x, *spread(values), color=look.colour, alpha=BAND, linewidth=0)


def spread(values: np.ndarray) -> np.ndarray:
    """Low and high [2, X] over runs (rows) of each column: the interval of the mean, or the range of 2 runs.

    The t interval of 2 runs is 13 times as wide as their range, and would be all that is seen.
    """
    return np.sort(values, axis=0) if len(values) == 2 else interval(values, "mean")


def describe_spread(runs: Iterable[int]) -> str:
    """The `spread` over these numbers of runs, in words."""
    if max(runs := list(runs)) == 2:
        return f"range of {count(runs)}"
    return describe(runs) + (", of 2 their range" if 2 in runs else "")


def describe(runs: Iterable[int]) -> str:
    """The interval over these numbers of runs, in words: `95 % t interval over 5 runs`."""
    fewest, most = min(runs := list(runs)), max(runs)
    if most == 1:
        return "none, as there is 1 run per method"
    kind = "t" if most < FEWEST else "bootstrap" if fewest >= FEWEST else "t or bootstrap"
    return f"95 % {kind} interval over {count(runs)}"


def count(runs: Iterable[int]) -> str:
    """These numbers of runs, in words: `5 runs per method`."""
    fewest, most = min(runs := list(runs)), max(runs)
    span = str(most) if fewest == most else f"{fewest} to {most}"
    return f"{span} run{'' if most == 1 else 's'} per method"


def runs_per_method(table: pd.DataFrame) -> np.ndarray:
    """How many runs each method of each benchmark and agent has."""
    return table.groupby(["benchmark", "agent", "method"])["seed"].nunique().to_numpy()
