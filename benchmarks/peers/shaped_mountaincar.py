"""MountainCar with a training reward that helps to explore, for both sides alike; returns stay the true ones.

The reward is shaped by a potential, the mechanical energy (Ng, Harada & Russell 1999), which keeps the best policy:
r + gamma Phi(s') - Phi(s), where Phi is 0 once the goal is reached and below 0 before.
"""

from types import SimpleNamespace
from typing import Any

import gymnasium
import numpy as np

from meta_rl.envs import mountaincar
from meta_rl.envs.base import PhysicsRows

GAMMA, SCALE = 0.99, 10_000.0
GRAVITY, MAX_SPEED = 0.0025, 0.07  # the default context's
MOST = MAX_SPEED**2 / 2 + GRAVITY / 3


def shaping(before: Any, after: Any, terminated: Any) -> Any:
    """What to add to the reward of a step between two states (position [m], velocity [m/step])."""
    return GAMMA * np.where(terminated, 0.0, _potential(*after)) - _potential(*before)


def _potential(position: Any, velocity: Any) -> Any:
    return SCALE * (velocity**2 / 2 + GRAVITY / 3 * np.sin(3 * position) - MOST)


def _step(state: Any, action: Any, context: Any) -> Any:
    after, reward, terminated = mountaincar.step(state, action, context)
    return after, reward + shaping(state, after, terminated), terminated


def build(varied: tuple[str, ...], rows: tuple[int, int]) -> PhysicsRows:
    """Our environments."""
    return PhysicsRows(SimpleNamespace(**vars(mountaincar) | {"step": _step}), varied, rows)


class Wrapper(gymnasium.Wrapper):
    """Gymnasium's environment with the same reward."""

    def step(self, action: Any) -> Any:
        before = self.unwrapped.state
        observation, reward, terminated, truncated, info = self.env.step(action)
        reward = float(reward) + float(shaping(before, self.unwrapped.state, terminated))
        return observation, reward, terminated, truncated, info
