"""Bang-bang for the mountain car: always accelerate the way it moves, so that each swing goes further.

The work of the force is then never negative, which is how an underpowered car gains the height of the
goal (Moore 1990). It needs no constants; `time_optimal` is faster, for it stops swinging in time.
"""

import numpy as np

from meta_rl.controllers.base import Controller
from meta_rl.envs.base import PhysicsRows
from meta_rl.spaces import Environments

READS: frozenset[str] = frozenset()  # no feature makes it act otherwise
LEFT, RIGHT = 0, 2


def act(environments: Environments, chance: np.ndarray) -> np.ndarray:
    """At rest, to the right: so at the left end, too, where the car is stopped."""
    assert isinstance(environments, PhysicsRows)
    _, velocity = environments.state
    return np.where(velocity >= 0, RIGHT, LEFT)


def build() -> Controller:
    return act
