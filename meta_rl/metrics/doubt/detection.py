"""Doubt as a detector: of contexts in which the policy fails, or that lie outside the train region.

The direction is fixed: more doubt says yes. Equal doubt counts by expectation over its orders: a constant has AUROC
.5, FPR95 .95, and the share of positives as its average precision. All are NaN without positives or without negatives.
"""

from collections.abc import Callable

import numpy as np
from scipy import stats

RECALL = 0.95


def auroc(doubt: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """P(doubt of a positive > that of a negative) + half of P(equal); doubt [K, C], positive bool [C]: [K]."""
    yes, no = int(positive.sum()), int((~positive).sum())
    if not yes or not no:
        return np.full(len(doubt), np.nan)
    ranks = stats.rankdata(doubt, axis=1)[:, positive].sum(axis=1)
    return (ranks - yes * (yes + 1) / 2) / (yes * no)


def aupr(doubt: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """Average precision, where contexts of equal doubt are one threshold; doubt [K, C], positive bool [C]: [K]."""
    return _over_thresholds(_average_precision, doubt, positive)


def fpr95(doubt: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """False alarms among negatives where 95 % of the positives are found; doubt [K, C], positive bool [C]: [K].

    Between two thresholds the curve is a line, as it is for contexts of equal doubt in random order.
    """
    return _over_thresholds(_false_alarms, doubt, positive)


def _over_thresholds(
    function: Callable[[np.ndarray, np.ndarray], float], doubt: np.ndarray, positive: np.ndarray
) -> np.ndarray:
    """`function` of how many positives and negatives have at least so much doubt, from none [T + 1] each, per row."""
    if positive.all() or not positive.any():
        return np.full(len(doubt), np.nan)
    values = []
    for row in doubt:
        levels, level = np.unique(-row, return_inverse=True)
        counts = (np.bincount(level[kind], minlength=len(levels)).cumsum() for kind in (positive, ~positive))
        values.append(function(*(np.append(0, count) for count in counts)))
    return np.array(values)


def _average_precision(found: np.ndarray, alarms: np.ndarray) -> float:
    gained = np.diff(found) / found[-1]
    return float(gained @ (found[1:] / (found[1:] + alarms[1:])))


def _false_alarms(found: np.ndarray, alarms: np.ndarray) -> float:
    recall, rate = found / found[-1], alarms / alarms[-1]
    after = int(np.argmax(recall >= RECALL))
    part = (RECALL - recall[after - 1]) / (recall[after] - recall[after - 1])
    return float(rate[after - 1] + part * (rate[after] - rate[after - 1]))
