"""Paired comparisons of methods with `none`, `explicit` and their own control: no others, so that few tests share
the error.

Runs of one seed have the same train contexts and are paired by it. What is compared is the mean difference of
run-level means: estimate, interval and test then speak of the same quantity.
"""

from collections.abc import Iterable, Mapping

import numpy as np

BASELINES = ("none", "explicit")
ALPHA = 0.05
_EXACT = 12  # pairs up to which all sign flips are listed
_DRAWS = 9999


def family(methods: Iterable[str], controls: Mapping[str, str]) -> list[tuple[str, str]]:
    """The (method, baseline) pairs among these methods; `explicit` with `none` stands once.

    `controls` maps a method to its control: `method` - `control` is what it gains by what it is for, and not by its
    size or its pretraining.
    """
    present = sorted(set(methods))
    return [
        (method, baseline)
        for method in present
        for baseline in dict.fromkeys((*BASELINES, controls.get(method)))
        if baseline in present
        and method != baseline
        and (method, baseline) != BASELINES
        and controls.get(baseline) != method  # they are compared the other way round
    ]


def sign_flip(differences: np.ndarray, seed: int = 0) -> float:
    """Two-sided p of the paired permutation test of a mean difference of 0; differences [R], one a seed.

    Exact up to 12 pairs; beyond, Monte Carlo that counts the observed signs in, so that p is never 0.
    """
    n = len(differences)
    if np.isnan(differences).any():
        return np.nan
    if n <= _EXACT:
        signs = 1 - 2 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)
    else:
        drawn = np.random.default_rng(seed).choice([-1, 1], size=(_DRAWS, n))
        signs = np.vstack([np.ones(n, dtype=int), drawn])
    flipped = np.abs(signs @ differences)
    rounding = 1e-9 * np.abs(differences).sum()  # equal sums may differ in their last bits
    return float(np.mean(flipped >= np.abs(differences.sum()) - rounding))


def smallest_p(n: int) -> float:
    """The least p that `sign_flip` can give for n pairs, when all differences have one sign."""
    return max(2.0 ** (1 - n), 1 / (_DRAWS + 1) if n > _EXACT else 0.0)


def holm(p_values: np.ndarray) -> np.ndarray:
    """Adjusted p-values of a family (Holm 1979), in the order given; at most 1."""
    order = np.argsort(p_values)
    steps = np.arange(len(p_values), 0, -1) * np.asarray(p_values)[order]
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def verdict(p_holm: float, low: float, high: float) -> str:
    """ "better", "worse", or "inconclusive": p after Holm above 0.05, 0 inside the interval, or no interval.

    Too few runs always end inconclusive, as then even the smallest p exceeds 0.05 after Holm.
    """
    if p_holm <= ALPHA and low > 0:
        return "better"
    if p_holm <= ALPHA and high < 0:
        return "worse"
    return "inconclusive"
