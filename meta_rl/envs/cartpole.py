"""CartPole-v1 of Gymnasium, with every physical constant a context feature.

Barto, Sutton & Anderson 1983; equations of motion after Florian 2007 without friction. Names, defaults and
bounds of the features are carl-bench's, as far as `deviations` does not say otherwise. Constants that follow from
features (total mass, pole mass times length) are computed in each step, never stored. Episodes start as in
Gymnasium, each state variable uniform in +-0.05 (carl-bench: +-0.1).
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
    Feature("gravity", 9.8, 0.1, math.inf, "m/s^2"),
    Feature("masscart", 1.0, 0.1, 10.0, "kg"),
    Feature("masspole", 0.1, 0.01, 1.0, "kg"),
    Feature("length", 0.5, 0.05, 5.0, "m"),  # half of the pole's length
    Feature("force_mag", 10.0, -100.0, 100.0, "N"),
    Feature("tau", 0.02, 0.002, 0.2, "s"),
)
spaces = Spaces(observation=4, action=2, discrete=True)
noise = 4
horizon = 500
returns = (1.0, float(horizon))  # 1 per step, and a first step is always made
success = 475.0  # episode return from which a context counts as solved: Gymnasium's reward threshold
chunk = 512
gymnasium_id = "CartPole-v1"
carl = "CARLCartPole"
deviations = {
    "force_mag": "a negative force swaps the two actions: the sign of the actuator is a context, too"
}
refused = {
    "initial_state_lower": "episodes start as Gymnasium's do",
    "initial_state_upper": "episodes start as Gymnasium's do",
}
limits: dict[str, tuple[float, str]] = {}
controllers = ("lqr_lookahead",)

X_LIMIT = 2.4
THETA_LIMIT = 12 * 2 * math.pi / 360


def initial(noise: np.ndarray, context: Sequence[Any]) -> tuple[np.ndarray, ...]:
    """x [m], x_dot [m/s], theta [rad], theta_dot [rad/s] from four U[0, 1) columns."""
    return tuple(-0.05 + 0.1 * noise)


def step(state: Sequence[Any], action: Any, context: Sequence[Any]) -> tuple[tuple[Any, ...], Any, Any]:
    """One explicit Euler step of length tau -> state, reward (1 per step), terminated.

    The order of operations is Gymnasium's, so that results agree to the last bit.
    """
    x, x_dot, theta, theta_dot = state
    gravity, masscart, masspole, length, force_mag, tau = context
    total_mass = masspole + masscart
    polemass_length = masspole * length
    force = np.where(action, force_mag, -force_mag)
    cos, sin = np.cos(theta), np.sin(theta)
    temp = (force + polemass_length * np.square(theta_dot) * sin) / total_mass
    theta_acc = (gravity * sin - cos * temp) / (length * (4.0 / 3.0 - masspole * np.square(cos) / total_mass))
    x_acc = temp - polemass_length * theta_acc * cos / total_mass
    x = x + tau * x_dot
    x_dot = x_dot + tau * x_acc
    theta = theta + tau * theta_dot
    theta_dot = theta_dot + tau * theta_acc
    terminated = (np.abs(x) > X_LIMIT) | (np.abs(theta) > THETA_LIMIT)
    return (x, x_dot, theta, theta_dot), np.ones_like(x), terminated


def observation(state: Sequence[Any]) -> np.ndarray:
    """float32 [..., 4]."""
    return columns(*state)


def build(varied: tuple[str, ...], rows: tuple[int, int], render: bool = False) -> PhysicsRows:
    return PhysicsRows(sys.modules[__name__], varied, rows)


def plain(context: dict[str, float], render_mode: str | None = None) -> Any:
    """Gymnasium's CartPole-v1 with the context's constants, and with those that follow from them."""
    import gymnasium

    environment = gymnasium.make(gymnasium_id, render_mode=render_mode).unwrapped
    for name, value in context.items():
        setattr(environment, name, value)
    environment.total_mass = context["masspole"] + context["masscart"]
    environment.polemass_length = context["masspole"] * context["length"]
    return environment
