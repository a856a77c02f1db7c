"""Swing-up for the pendulum: value iteration over angle and velocity, which also balances at the top."""

import math
from collections.abc import Sequence

import numpy as np

from meta_rl.controllers.base import Controller
from meta_rl.controllers.value_iteration import Grid, ValueIteration
from meta_rl.envs import pendulum

POINTS = (101, 101)
HALVINGS = 6


def grid(context: Sequence[float]) -> Grid:
    """Actions of either sign, halved again and again: swinging up takes the largest, balancing small ones.

    The largest is that which turns the pendulum from full speed to full speed in one step, if that is within
    the limit: on a light or short pendulum, most of the declared actions do the same.
    """
    _, dt, mass, length, max_speed, gear = context
    torque = 2 * max_speed * mass * length**2 / (3 * dt)
    largest = min(pendulum.spaces.limit, torque / max(abs(gear), 1e-9))
    sizes = largest * 0.5 ** np.arange(HALVINGS)
    actions = np.concatenate([-sizes, [0.0], sizes[::-1]]).astype(np.float32)[:, None]
    return Grid((-math.pi, -max_speed), (math.pi, max_speed), actions)


def build() -> Controller:
    return ValueIteration(grid, POINTS, periodic=(True, False))
