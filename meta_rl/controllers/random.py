"""Uniformly random actions: the zero of every score."""

import numpy as np

from meta_rl.controllers.base import Controller
from meta_rl.spaces import Environments

READS: frozenset[str] = frozenset()  # no feature makes it act otherwise


def act(environments: Environments, chance: np.ndarray) -> np.ndarray:
    spaces = environments.spaces
    if spaces.discrete:
        return (chance[..., 0] * spaces.action).astype(np.int64)
    return ((2 * chance - 1) * spaces.limit).astype(np.float32)


def build() -> Controller:
    return act
