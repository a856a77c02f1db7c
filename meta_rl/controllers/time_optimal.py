"""The shortest way to the goal of the mountain car: value iteration over position and velocity."""

from collections.abc import Sequence

import numpy as np

from meta_rl.controllers.base import Controller
from meta_rl.controllers.value_iteration import Grid, ValueIteration
from meta_rl.envs import mountaincar

POINTS = (201, 151)


def grid(context: Sequence[float]) -> Grid:
    *_, max_speed, _, min_position = context
    low, high = (min_position, -max_speed), (mountaincar.MAX_POSITION, max_speed)
    return Grid(low, high, np.arange(mountaincar.spaces.action))


def build() -> Controller:
    return ValueIteration(grid, POINTS)
