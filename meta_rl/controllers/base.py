"""Controllers: policies that were written, not learned. They know physics, full state and context."""

from typing import Protocol

import numpy as np

from meta_rl.spaces import Environments


class Controller(Protocol):
    """Acts in environments whose rows were reset together.

    A module may say in `READS` by which features it acts (unless said, by all), and in `STARTS` in how many starts
    that can be seen (in 30, unless said).
    """

    def __call__(self, environments: Environments, chance: np.ndarray) -> np.ndarray:
        """Actions of all rows: int64 [S, N] where discrete, else float32 [S, N, A].

        `chance` is fresh U[0, 1): one number a row where actions are discrete, [S, N, 1], else [S, N, A].
        """
