"""95 % intervals over runs, and a simulation of what they are worth at a given number of runs.

A run is trained once and scored in all contexts, so runs are what is resampled, whole. Below 5 runs there is none:
points are shown alone. From 5 on it follows the number of runs n and the statistic:

    mean    n < 10: t. From 10 on: percentile bootstrap, whose tails are widened to the t quantile and by
            n / (n - 1) in variance (Hesterberg 2015); the plain percentile interval is too narrow there.
    iqm     n < 10: the t interval of the mean, moved to the IQM. The textbook's choice, t with winsorised
            variance (Tukey & McLaughlin 1963), leaves two or three degrees of freedom and does not see runs
            that fail: it is wider and covers less. From 10 on: percentile bootstrap, which needs no widening
            for trimmed means (Wilcox 2012).
    median  order statistics, exact for any continuous distribution; none exists below 6 runs.

Where it is known what values are possible, an interval ends there (`within`).

`coverage` measures all this. Where some runs fail altogether, every interval over few runs covers less than
95 %, and that of the IQM least where half of them do. That is why the page prints all three populations.
"""

from collections.abc import Callable

import numpy as np
from arch.bootstrap import IIDBootstrap
from scipy import stats

from meta_rl.metrics.returns import AGGREGATES, iqm, mean

LEVEL = 0.95
FEWEST = 10  # runs for a bootstrap
FEWEST_OF_T = 5  # runs for any interval
RESAMPLES = 2000
_TAIL = (1 - LEVEL) / 2


def interval(runs: np.ndarray, statistic: str, seed: int = 0) -> np.ndarray:
    """Low and high end for an aggregate ("iqm", "mean", "median") over runs: [R] -> [2], [R, K] -> [2, K].

    NaN where no interval is defensible: below 5 runs, for a median of less than 6, or with a run without value.
    """
    n = len(runs)
    if n < FEWEST_OF_T:
        bounds = np.full((2, *runs.shape[1:]), np.nan)
    elif statistic == "median":
        bounds = _order_statistics(runs)
    elif n < FEWEST:
        bounds = _t(runs, iqm if statistic == "iqm" else mean)
    else:
        bounds = bootstrap(AGGREGATES[statistic], runs, seed, _widened(n) if statistic == "mean" else _TAIL)
    return np.where(np.isnan(runs).any(axis=0), np.nan, bounds)


def within(ends: np.ndarray, possible: np.ndarray) -> np.ndarray:
    """The ends [2, ...] of intervals, cut where `possible` [2, ...], the ends of what values can be, begins or ends."""
    return np.clip(ends, *possible)


def bootstrap(
    function: Callable[[np.ndarray], np.ndarray | float], runs: np.ndarray, seed: int = 0, tail: float = _TAIL
) -> np.ndarray:
    """Percentile interval of `function` over resampled rows, [2] or [2, K].

    A row is all that belongs to one run or seed; for a comparison that is the runs of both methods, so that
    they stay paired.
    """
    resampled = IIDBootstrap(runs, seed=seed).apply(function, RESAMPLES)
    ends = np.quantile(resampled, [tail, 1 - tail], axis=0)
    return ends.reshape(2, *np.shape(function(runs)))


_POPULATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "normal": stats.norm.ppf,
    "failing": lambda u: np.where(u < 0.3, u, 4 + u),  # three runs in ten fail
    "halved": lambda u: np.where(u < 0.5, u, 4 + u),  # half of the runs fail
}


def coverage(n: int, statistic: str, population: str, repetitions: int = 2000, seed: int = 0) -> float:
    """Simulated share of intervals over n runs that contain the population's own value; `LEVEL` is ideal.

    `population` is "normal", or "failing" or "halved": three runs in ten, or half of them, end far below the
    others. NaN where there is no interval.
    """
    quantile = _POPULATIONS[population]
    truth = AGGREGATES[statistic](quantile((np.arange(100_000) + 0.5) / 100_000))
    runs = quantile(np.random.default_rng(seed).random((n, repetitions)))
    low, high = interval(runs, statistic, seed)  # a column is a study
    return float(np.mean(np.where(np.isnan(low), np.nan, (low <= truth) & (truth <= high))))


def _t(runs: np.ndarray, centre: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """The t interval of a mean, around `centre`."""
    n = len(runs)
    half = stats.t.ppf(1 - _TAIL, n - 1) * runs.std(axis=0, ddof=1) / np.sqrt(n)
    return np.stack([centre(runs) - half, centre(runs) + half])


def _order_statistics(runs: np.ndarray) -> np.ndarray:
    """From the k-th smallest run to the k-th largest: each side misses the median with P(Bin(n, 1/2) < k)."""
    k = int(stats.binom.ppf(_TAIL, len(runs), 0.5))
    if k == 0:
        return np.full((2, *runs.shape[1:]), np.nan)
    ordered = np.sort(runs, axis=0)
    return np.stack([ordered[k - 1], ordered[-k]])


def _widened(n: int) -> float:
    """The tail probability at which a percentile interval of a mean is as wide as the t interval."""
    return float(stats.norm.cdf(np.sqrt(n / (n - 1)) * stats.t.ppf(_TAIL, n - 1)))
