"""What the normalised areas of few contexts and noisy episodes are worth, by simulation.

AURC as a mean over k estimates the area of infinitely many contexts with a bias that shrinks as their number grows
(Zhou et al., ICML 2025, arXiv 2410.15361). Episode noise moves the normalised areas towards 1, for the order that
stands for 0 knows the noise of the episodes that are scored; the noise floor, from other episodes, says how far.
"""

from typing import NamedTuple

import numpy as np
from scipy import stats

from meta_rl.metrics.doubt.selective import Area, normalised

_MANY = 100_000


class Bias(NamedTuple):
    """Of a normalised area, over repetitions."""

    truth: float  # of 100,000 contexts, without noise
    bias: float  # mean - truth
    error: float  # standard error of the bias
    spread: float  # standard deviation of one repetition
    floor: float  # mean of the noise floor


def bias(
    area: Area, contexts: int, correlation: float, noise: float = 0.0, repetitions: int = 200, seed: int = 0
) -> Bias:
    """Simulate `area` for exponential shortfalls and a doubt of that normal-copula correlation with them.

    `noise`: standard deviation of the mean return over one half of the episodes, in that of the shortfalls.
    """
    random = np.random.default_rng(seed)

    def drawn(n: int) -> tuple[np.ndarray, np.ndarray]:
        first, second = random.standard_normal((2, n))
        return correlation * first + np.sqrt(1 - correlation**2) * second, stats.expon.isf(
            stats.norm.sf(first)
        )

    truth = normalised(area, *drawn(_MANY))
    found, floors = [], []
    for _ in range(repetitions):
        doubt, shortfall = drawn(contexts)
        scored, ranking = shortfall + noise * random.standard_normal((2, contexts))
        found.append(normalised(area, doubt, scored))
        floors.append(normalised(area, ranking, scored))
    spread = float(np.std(found, ddof=1))
    return Bias(
        truth, float(np.mean(found)) - truth, spread / repetitions**0.5, spread, float(np.mean(floors))
    )
