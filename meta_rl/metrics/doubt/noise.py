"""Do contexts differ by more than their episodes do? If not, no doubt can be ranked by its shortfall.

Values are [C, E]: C contexts, E episodes each, NaN where a context has fewer.
"""

import numpy as np
from scipy import stats

LEVEL = 0.05
NO_MORE_THAN_NOISE = "shortfalls of contexts vary no more than episodes do"
_ROUNDING = 1e-9  # of the largest value: means that differ by less are equal


def _within(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Episodes, mean and sum of squared deviations per context, each [C]."""
    count, mean = (~np.isnan(values)).sum(axis=1), np.nanmean(values, axis=1)
    return count, mean, np.nansum((values - mean[:, None]) ** 2, axis=1)


def beyond_noise(values: np.ndarray) -> bool:
    """Whether an F test (analysis of variance over contexts, 5 %) sees that contexts differ.

    Where all episodes of a context return the same, any difference of contexts counts, beyond rounding.
    """
    if len(values) < 2:
        return False
    count, mean, squares = _within(values)
    if np.ptp(mean) <= _ROUNDING * np.nanmax(np.abs(values)):
        return False
    freedom = int(count.sum()) - len(values)
    grand = float(count @ mean) / count.sum()
    between = float(count @ (mean - grand) ** 2) / (len(values) - 1)
    within = float(squares.sum()) / freedom if freedom else np.inf
    return within == 0 or bool(stats.f.sf(between / within, len(values) - 1, freedom or 1) < LEVEL)


def ceiling(values: np.ndarray, scored: float) -> float:
    """About what a perfect doubt's rank correlation can be with means over `scored` episodes.

    sqrt(1 / (1 + var_episode / (scored var_context))), the root of the means' reliability (Spearman 1904): exact for
    Pearson's correlation. NaN if no variance between contexts is left after that of the episodes.
    """
    count, mean, squares = _within(values)
    episode = float(np.mean(squares / np.maximum(count - 1, 1)))
    context = float(np.var(mean, ddof=1)) - episode * float(np.mean(1 / count))
    return float(np.sqrt(1 / (1 + episode / (scored * context)))) if context > 0 else np.nan
