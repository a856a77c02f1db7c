"""The agent's own estimate of its return in the first state, against what came."""

import numpy as np


def excess(initial: np.ndarray, discounted: np.ndarray, tail: np.ndarray) -> np.ndarray:
    """V(s_0) less the Monte-Carlo return, any shape.

    `tail` is gamma^T V(s_T) where the episode was truncated after T steps, and 0 where it terminated: without it a
    critic that rightly looks beyond the time limit would be called too optimistic.
    """
    return initial - (discounted + tail)


def bias(excess: np.ndarray) -> float:
    """Mean over contexts, [C, E] with NaN where a context has fewer episodes; above 0: too optimistic."""
    return float(np.nanmean(excess, axis=1).mean())


def error(excess: np.ndarray) -> float:
    """Mean over contexts of how far the mean of their episodes is off, [C, E]."""
    return float(np.abs(np.nanmean(excess, axis=1)).mean())
