"""Intervals and forecasts of the return of one episode: how often they hold it, and at what width.

`lower` and `upper` are [C], returns [C, E] with NaN where a context has fewer episodes. Every context counts the same.
"""

import numpy as np

LEVEL = 0.9


def _mean(values: np.ndarray) -> float:
    return float(np.nanmean(values, axis=1).mean())


def coverage(lower: np.ndarray, upper: np.ndarray, returns: np.ndarray) -> float:
    """Share of episodes whose return lies inside, ends included; `LEVEL` is ideal."""
    inside = (lower[:, None] <= returns) & (returns <= upper[:, None])
    return _mean(np.where(np.isnan(returns), np.nan, inside))


def width(lower: np.ndarray, upper: np.ndarray) -> float:
    """Mean width, in units of the return."""
    return float(np.mean(upper - lower))


def interval_score(lower: np.ndarray, upper: np.ndarray, returns: np.ndarray) -> float:
    """Width, and 2 / (1 - LEVEL) times how far a return lies outside; lower is better.

    Gneiting & Raftery 2007 (JASA 102, section 6.2).
    """
    low, high = lower[:, None], upper[:, None]
    outside = np.maximum(low - returns, 0.0) + np.maximum(returns - high, 0.0)
    return _mean(high - low + 2 / (1 - LEVEL) * outside)


def crps(forecast: np.ndarray, returns: np.ndarray) -> np.ndarray:
    """Continuous ranked probability score of forecasts drawn for a context, [M], against returns [E]: [E].

    The fair estimator, E|X - y| - E|X - X'| / 2 over pairs of different draws (Ferro 2014, QJRMS 140), whose
    expectation does not depend on M. NaN with less than two draws.
    """
    draws, n = np.sort(forecast.astype(np.float64)), len(forecast)
    if n < 2:
        return np.full(len(returns), np.nan)
    pairs = float((2 * np.arange(1, n + 1) - n - 1) @ draws) / (n * (n - 1))  # half the mean difference
    return np.abs(draws[:, None] - returns).mean(axis=0) - pairs


def mean_crps(forecast: np.ndarray, returns: np.ndarray) -> float:
    """Mean over the episodes that there are."""
    return float(np.mean(crps(forecast, returns[~np.isnan(returns)])))
