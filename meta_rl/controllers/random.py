"""Uniformly random actions: the zero of every score."""

import numpy as np

from meta_rl.controllers.base import Controller
from meta_rl.envs.base import Environments


def act(environments: Environments, chance: np.ndarray) -> np.ndarray:
    return (chance * environments.spaces.action).astype(np.int64)


def build() -> Controller:
    return act
