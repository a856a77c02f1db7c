"""From returns to one number: first over the contexts of each run, then over runs.

`values` is an array [R, C]: a row is a run, a column a context, and NaN stands where a run did not play the
context (train contexts belong to one seed) or where the value is not defined. A `run_` function makes it
[R]; the aggregates take that. The order matters: an IQM over pooled runs and contexts would trim away the
ends of the context range, which are what a benchmark of generalisation measures.
"""

from collections.abc import Callable

import numpy as np
from scipy.stats import trim_mean


def run_mean(values: np.ndarray) -> np.ndarray:
    """Mean over contexts, [R]; NaN for a run without any value."""
    present = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        return np.where(present, values, 0.0).sum(axis=1) / present.sum(axis=1)


def run_worst(values: np.ndarray) -> np.ndarray:
    """Mean of the worst tenth of a run's contexts, at least one (conditional value at risk), [R]."""
    tenths = np.maximum((~np.isnan(values)).sum(axis=1) // 10, 1)
    ordered = np.sort(values, axis=1)  # NaN comes last
    return np.array([row[:tenth].mean() for row, tenth in zip(ordered, tenths, strict=True)])


def run_optimality_gap(scores: np.ndarray) -> np.ndarray:
    """Mean of what scores lack of 1, where a score above 1 lacks nothing (Agarwal et al. 2021), [R]."""
    return run_mean(np.maximum(1.0 - scores, 0.0))


def run_profile(scores: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """A run's performance profile: the share of its contexts above each threshold (Agarwal et al. 2021), [R, T]."""
    above = [np.where(np.isnan(scores), np.nan, scores > threshold) for threshold in thresholds]
    return np.stack([run_mean(exceeds) for exceeds in above], axis=1)


def iqm(runs: np.ndarray) -> np.ndarray:
    """Interquartile mean over runs (first axis): a quarter of the runs, rounded down, is cut at each end."""
    return trim_mean(runs, 0.25, axis=0)


def mean(runs: np.ndarray) -> np.ndarray:
    """Mean over runs (first axis)."""
    return np.mean(runs, axis=0)


def median(runs: np.ndarray) -> np.ndarray:
    """Median over runs (first axis)."""
    return np.median(runs, axis=0)


AGGREGATES: dict[str, Callable[[np.ndarray], np.ndarray]] = {"iqm": iqm, "mean": mean, "median": median}


def wins(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Share of contexts where run i of x beats run j of y, a tie counting half, [R, R']. No NaN allowed."""
    first, second = x[:, None, :], y[None, :, :]
    return np.mean((first > second) + 0.5 * (first == second), axis=2)


def probability_of_improvement(x: np.ndarray, y: np.ndarray) -> float:
    """P(X > Y) + P(X = Y) / 2 over all pairs of runs, averaged over contexts (Agarwal et al. 2021)."""
    return float(wins(x, y).mean())
