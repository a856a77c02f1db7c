"""Counter-swing for the acrobot: the joint is always driven against the way in which the first link moves.

So the second link whips, and the first one goes further with each swing (the idea of Spong 1995, without his model). It
needs no constants.
"""

import numpy as np

from meta_rl.controllers.base import Controller
from meta_rl.spaces import Environments

READS: frozenset[str] = frozenset()  # no feature makes it act otherwise
AHEAD, BACK = 2, 0  # torques of 1 and -1 N m
FIRST_VELOCITY = 4  # its place in what is observed


def act(environments: Environments, chance: np.ndarray) -> np.ndarray:
    return np.where(environments.observation[..., FIRST_VELOCITY] > 0, BACK, AHEAD)


def build() -> Controller:
    return act
