"""Rows whose environments stand somewhere else: what happened there is told."""

import numpy as np

from meta_rl.spaces import Spaces, Step


class ToldRows:
    """Of `Environments`, what a `Rollout` asks for. Who steps the real ones puts what they returned here first."""

    noise = 0

    def __init__(self, spaces: Spaces, observation: np.ndarray) -> None:
        """`observation` float32 [S, N, O]"""
        self.spaces, self.observation, self.rows = spaces, observation, observation.shape[:2]
        self._reward = np.zeros(self.rows)

    def tell(self, observation: np.ndarray, reward: np.ndarray) -> None:
        """What the step returned that is taken next: float32 [S, N, O], float64 [S, N]."""
        self.observation, self._reward = observation, reward

    def reset(self, rows: np.ndarray, contexts: np.ndarray, noise: np.ndarray) -> None:
        """What was told last is where the episodes begin."""

    def step(self, action: np.ndarray) -> Step:
        going_on = np.zeros(self.rows, dtype=bool)  # who is told of an end resets
        return Step(self.observation, self._reward, going_on, going_on)
