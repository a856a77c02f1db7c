"""Controllers: policies that were written, not learned. They know physics, full state and context."""

from typing import Protocol

import numpy as np

from meta_rl.envs.base import Environments


class Controller(Protocol):
    """Acts in environments whose rows were reset together."""

    def __call__(self, environments: Environments, chance: np.ndarray) -> np.ndarray:
        """Actions of all rows [S, N] (int64 where discrete); `chance` is a fresh U[0, 1) per row."""
