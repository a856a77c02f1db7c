"""MountainCar-v0 of Gymnasium, with the constants of its dynamics and the goal as context features.

Moore 1990. Names, defaults and bounds of the features are carl-bench's, as far as `deviations` does not say
otherwise. Time is counted in steps.
"""

import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from meta_rl.contexts import Feature
from meta_rl.envs.base import PhysicsRows, columns
from meta_rl.spaces import Spaces

START = (-0.6, -0.4)
MAX_POSITION = 0.6
GOAL_VELOCITY = 0.0

features = (
    Feature("gravity", 0.0025, 0.0, math.inf, "m/step^2"),
    Feature("force", 0.001, 0.0, math.inf, "m/step^2"),
    Feature("max_speed", 0.07, 0.0, math.inf, "m/step"),
    Feature("goal_position", 0.5, START[1], MAX_POSITION, "m"),
    Feature("min_position", -1.2, -math.inf, START[0], "m"),
)
spaces = Spaces(observation=2, action=3, discrete=True)
noise = 1
horizon = 200
returns = (-float(horizon), -1.0)  # -1 per step
# The return of a missed goal is -200, whatever was done: above it, the goal is reached from some starts at
# least. Gymnasium's own threshold, -110, is out of reach where gravity is strong: the way there takes longer.
success = -199.0
chunk = 512
gymnasium_id = "MountainCar-v0"
carl = "CARLMountainCar"
deviations = {
    "force": "a negative force, which carl-bench allows, would only swap the two actions",
    "goal_position": "the default is Gymnasium's 0.5, not 0.45; above the starts and before the right end",
    "min_position": "no start may lie beyond the left end",
}
refused = {
    "max_position": "it lies beyond the goal, where episodes end",
    "goal_velocity": "its default is 0, and ranges are multipliers of the default",
    "min_position_start": "episodes start as Gymnasium's do",
    "max_position_start": "episodes start as Gymnasium's do",
    "min_velocity_start": "episodes start as Gymnasium's do",
    "max_velocity_start": "episodes start as Gymnasium's do",
}
limits = {"gravity": (2.08, "the largest speed and full throttle do not carry the car up to the goal")}
controllers = ("bang_bang", "time_optimal")


def initial(noise: np.ndarray, context: Sequence[Any]) -> tuple[np.ndarray, ...]:
    """position [m], velocity [m/step] from one U[0, 1) column."""
    (position,) = noise
    low, high = START
    return low + (high - low) * position, np.zeros_like(position)


def step(state: Sequence[Any], action: Any, context: Sequence[Any]) -> tuple[tuple[Any, ...], Any, Any]:
    """One step -> state, reward (-1 per step), terminated.

    The order of operations is Gymnasium's, so that results agree to the last bit (where NumPy's cosine is C's,
    which Gymnasium takes here: with AVX-512, the two may round differently).
    """
    position, velocity = state
    gravity, force, max_speed, goal_position, min_position = context
    velocity = velocity + ((action - 1) * force + np.cos(3 * position) * -gravity)
    velocity = np.minimum(np.maximum(velocity, -max_speed), max_speed)
    position = np.minimum(np.maximum(position + velocity, min_position), MAX_POSITION)
    velocity = np.where((position == min_position) & (velocity < 0), 0.0, velocity)
    terminated = (position >= goal_position) & (velocity >= GOAL_VELOCITY)
    return (position, velocity), np.full_like(position, -1.0), terminated


def observation(state: Sequence[Any]) -> np.ndarray:
    """float32 [..., 2]."""
    return columns(*state)


def build(varied: tuple[str, ...], rows: tuple[int, int], render: bool = False) -> PhysicsRows:
    return PhysicsRows(sys.modules[__name__], varied, rows)


def plain(context: dict[str, float], render_mode: str | None = None) -> Any:
    """Gymnasium's MountainCar-v0 with the context's constants, and with the space that follows from them."""
    import gymnasium

    environment = gymnasium.make(gymnasium_id, render_mode=render_mode).unwrapped
    for name, value in context.items():
        setattr(environment, name, value)
    environment.low = np.array([environment.min_position, -environment.max_speed], dtype=np.float32)
    environment.high = np.array([environment.max_position, environment.max_speed], dtype=np.float32)
    environment.observation_space = gymnasium.spaces.Box(environment.low, environment.high)
    return environment
