"""Rank correlations: of doubt with shortfall, and between two rankings of estimators."""

import numpy as np
from scipy import stats

_FEWEST = 3  # estimators that make a ranking


def spearman(doubt: np.ndarray, shortfall: np.ndarray) -> np.ndarray:
    """Spearman's correlation of each row of doubt [K, C] with shortfall [C]: [K].

    Ties have their mean rank. That of a constant doubt is 0, its mean over the orders of the tie; all are NaN if
    shortfalls are equal.
    """
    middle = (len(shortfall) + 1) / 2
    x, y = stats.rankdata(doubt, axis=1) - middle, stats.rankdata(shortfall) - middle
    spread = np.sqrt((x**2).sum(axis=1) * (y**2).sum())
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = (x @ y) / spread
    return np.where((x == 0).all(axis=1) & (y != 0).any(), 0.0, correlation)


def agreement(first: np.ndarray, second: np.ndarray) -> float:
    """Kendall's tau (b) between two metrics of the same estimators, [N] each.

    NaN with fewer than three that have both.
    """
    both = ~np.isnan(first) & ~np.isnan(second)
    if both.sum() < _FEWEST:
        return np.nan
    return float(stats.kendalltau(first[both], second[both]).statistic)
