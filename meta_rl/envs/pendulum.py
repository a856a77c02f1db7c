"""Pendulum-v1 of Gymnasium, with the constants of its dynamics as context features.

A rod of length l and mass m on a motor; the angle is 0 at the top. Names, defaults and bounds of the features
are carl-bench's, as far as `deviations` does not say otherwise. The torque is `gear` times the action. The largest
torque is no feature: the declared actions, +-2 N m, would reach beyond it, and `m` scales what a torque does.
"""

import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from meta_rl.contexts import Feature
from meta_rl.envs.base import PhysicsRows, columns
from meta_rl.spaces import Spaces

features = (
    Feature("gravity", 10.0, 0.0, math.inf, "m/s^2"),
    Feature("dt", 0.05, 0.0, math.inf, "s"),
    Feature("m", 1.0, 1e-6, math.inf, "kg"),
    Feature("l", 1.0, 1e-6, math.inf, "m"),
    Feature("max_speed", 8.0, 0.0, math.inf, "rad/s"),
    Feature("gear", 1.0, -1.0, 1.0, "1"),
)
spaces = Spaces(observation=3, action=1, discrete=False, limit=2.0)
noise = 2
horizon = 200
returns = (-math.inf, 0.0)  # rewards are costs, in which `max_speed` counts
# The optimum's mean return is -145 at the default and -400 at a length of x2.5, the longest from which every start
# reaches the top within the horizon; means of 20 episodes scatter by 70 there. Without control it is below -1,000.
success = -500.0
chunk = 512
gymnasium_id = "Pendulum-v1"
carl = "CARLPendulum"
deviations = {
    "gravity": "carl-bench's `gravity` acts on nothing; its `g` does, whose default and bounds these are",
    "max_speed": "carl-bench has no such feature; the default is Gymnasium's",
    "gear": "carl-bench has no such feature: a weaker motor, or, below 0, one that turns the other way round",
}
refused = {
    "g": "it is called `gravity` here, as in other environments",
    "initial_angle_max": "episodes start as Gymnasium's do",
    "initial_velocity_max": "episodes start as Gymnasium's do",
}
# To the top it takes the energy m g l, of which full speed at the bottom is m l^2 max_speed^2 / 6, and the torque
# over the half turn from there adds 2 pi at most: at the defaults that is enough up to 1.695 times the gravity.
limits = {"gravity": (1.7, "full speed at the bottom and full torque do not carry the pendulum to the top")}
controllers = ("swing_up",)

TURN = 2 * math.pi
START = (math.pi, 1.0)  # the largest angle [rad] and velocity [rad/s] of a start


def initial(noise: np.ndarray, context: Sequence[Any]) -> tuple[np.ndarray, ...]:
    """theta [rad], theta_dot [rad/s] from two U[0, 1) columns."""
    return tuple(-high + 2 * high * column for high, column in zip(START, noise, strict=True))


def step(state: Sequence[Any], action: Any, context: Sequence[Any]) -> tuple[tuple[Any, ...], Any, Any]:
    """One step of length dt -> state, reward, terminated (never).

    The order of operations is Gymnasium's, and so is what it does in single precision, so that states agree
    to the last bit. Rewards agree to 1e-9: C's `pow`, by which Gymnasium squares, rounds one number in a
    thousand the other way, in single precision for the torque, and its `%` takes a tenth of a step's time.
    """
    theta, theta_dot = state
    gravity, dt, mass, length, max_speed, gear = context
    geared = np.multiply(gear, action[..., 0], dtype=np.float32)
    torque = np.minimum(np.maximum(geared, -spaces.limit), spaces.limit)
    angle = theta - TURN * np.rint(theta / TURN)
    cost = np.square(angle) + 0.1 * np.square(theta_dot) + 0.001 * np.square(torque)
    push = np.multiply(3.0 / (mass * np.square(length)), torque, dtype=np.float32)
    theta_dot = theta_dot + (3 * gravity / (2 * length) * np.sin(theta) + push) * dt
    theta_dot = np.minimum(np.maximum(theta_dot, -max_speed), max_speed)
    theta = theta + theta_dot * dt
    return (theta, theta_dot), -cost, np.zeros(np.shape(theta), dtype=bool)


def observation(state: Sequence[Any]) -> np.ndarray:
    """float32 [..., 3]: the cosine and the sine of theta, and theta_dot."""
    theta, theta_dot = state
    return columns(np.cos(theta), np.sin(theta), theta_dot)


def build(varied: tuple[str, ...], rows: tuple[int, int], render: bool = False) -> PhysicsRows:
    return PhysicsRows(sys.modules[__name__], varied, rows)


def plain(context: dict[str, float], render_mode: str | None = None) -> Any:
    """Gymnasium's Pendulum-v1 with the context's constants, and with the space that follows from them.

    Gymnasium has no gear: a wrapper multiplies the actions.
    """
    import gymnasium

    environment: Any = gymnasium.make(gymnasium_id, render_mode=render_mode).unwrapped
    # NumPy's numbers would make the torque double.
    constants = {name: float(value) for name, value in context.items()}
    gear = constants.pop("gear")
    for name, value in constants.items():
        setattr(environment, "g" if name == "gravity" else name, value)
    high = np.array([1.0, 1.0, environment.max_speed], dtype=np.float32)
    environment.observation_space = gymnasium.spaces.Box(-high, high)
    environment.last_u = None  # so that it can be drawn before its first step
    return gymnasium.wrappers.TransformAction(
        environment, lambda action: gear * action, environment.action_space
    )
