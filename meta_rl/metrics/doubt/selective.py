"""Selective risk: how much shortfall is left where the contexts of most doubt are put aside.

Contexts are sorted from least to most doubt. With r_(i) the shortfall of the i-th of n:

    AURC  = mean over k of (1/k) sum of r_(i) up to k    (Geifman, Uziel & El-Yaniv, ICLR 2019, arXiv 1805.08206)
    AUGRC = mean over k of (1/n) sum of r_(i) up to k    (Traub et al., NeurIPS 2024, arXiv 2407.01032)

AURC asks how well those do that are kept, at each number kept, so that its first few contexts weigh much; AUGRC
asks how much shortfall is met in all. Both stand in the tables with equal rank. Both are linear in r, so contexts of
equal doubt get the mean of theirs: that is the expectation over all orders of a tie.

Normalised, 0 is the order of the shortfalls themselves and 1 what a constant gives; a bad order gives more than 1.
Normalised AUGRC is 1 - cov(rank of doubt, r) / cov(rank of r, r), 1 less a Gini correlation.
"""

from collections.abc import Callable

import numpy as np

Area = Callable[[np.ndarray, np.ndarray], float]


def in_order(doubt: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The values from least to most doubt, [C] -> [C], each of a tied group by the group's mean.

    The result is the same to the last bit for any order of the contexts.
    """
    order = np.lexsort((values, doubt))
    doubt, values = doubt[order], values[order]
    starts = np.flatnonzero(np.append(True, doubt[1:] != doubt[:-1]))
    sizes = np.diff(np.append(starts, len(doubt)))
    return np.repeat(np.add.reduceat(values, starts) / sizes, sizes)


def aurc(doubt: np.ndarray, shortfall: np.ndarray) -> float:
    """Area under the risk-coverage curve, in units of the shortfall; both [C]."""
    return float(np.mean(np.cumsum(in_order(doubt, shortfall)) / np.arange(1, len(doubt) + 1)))


def augrc(doubt: np.ndarray, shortfall: np.ndarray) -> float:
    """Area under the generalised risk-coverage curve, in units of the shortfall; both [C]."""
    return float(np.mean(np.cumsum(in_order(doubt, shortfall)) / len(doubt)))


def normalised(area: Area, doubt: np.ndarray, shortfall: np.ndarray) -> float:
    """`area` on the scale from 0, the order of the shortfalls, to 1, a constant; NaN if all shortfalls are equal."""
    least, constant = area(shortfall, shortfall), area(np.zeros(len(doubt)), shortfall)
    return (area(doubt, shortfall) - least) / (constant - least) if constant > least else np.nan


def naurc(doubt: np.ndarray, shortfall: np.ndarray) -> float:
    """Normalised AURC, both [C]."""
    return normalised(aurc, doubt, shortfall)


def naugrc(doubt: np.ndarray, shortfall: np.ndarray) -> float:
    """Normalised AUGRC, both [C]."""
    return normalised(augrc, doubt, shortfall)
