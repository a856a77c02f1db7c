"""What passes between environments and whoever steps them: S x N rows in one object, one context each."""

from typing import Any, NamedTuple, Protocol

import numpy as np


class Spaces(NamedTuple):
    """What is observed and done: a discrete action is an index below `action`, any other lies in +-`limit`.

    `rewarded`: the context acts on the reward, so that the transitions of windows carry it.
    """

    observation: int
    action: int
    discrete: bool
    limit: float = 1.0
    rewarded: bool = False

    @property
    def transition(self) -> int:
        """Width T of a transition in a window."""
        return 2 * self.observation + self.action + self.rewarded

    @property
    def chance(self) -> int:
        """How many random numbers a random action takes."""
        return 1 if self.discrete else self.action


class Step(NamedTuple):
    """What one step of every row returned; `next_observation` is the one before any reset."""

    next_observation: np.ndarray  # float32 [S, N, O]
    reward: np.ndarray  # float64 [S, N]
    terminated: np.ndarray  # bool [S, N]
    truncated: np.ndarray  # bool [S, N]


class Environments(Protocol):
    """Rows [S, N], one context each. The caller decides which rows to reset, to what, with which noise."""

    spaces: Spaces
    noise: int
    rows: tuple[int, int]
    restores: bool  # whether `share` can be called

    @property
    def observation(self) -> np.ndarray:
        """float32 [S, N, O], of the current states."""

    def reset(self, rows: np.ndarray, contexts: np.ndarray, noise: np.ndarray) -> None:
        """New episodes where `rows` (bool [S, N]): contexts float64 [S, N, F], noise U[0, 1) [S, N, U]."""

    def step(self, action: np.ndarray) -> Step:
        """Act in every row: int64 [S, N] where discrete, else float32 [S, N, A]."""

    def adopt(self, rows: np.ndarray, others: "Environments") -> None:
        """Go on in `rows` (bool [S, N]) where the same rows of others like these are, in their contexts."""

    def share(self, leader: int) -> None:
        """Put all rows of a seed into the state of its row number `leader`, to the last bit; each keeps its context."""

    def believing(self, context: dict[str, float]) -> "Environments":
        """The same rows in the eyes of a controller that takes {feature: value} for true, wherever it is."""

    def render(self, row: int = 0) -> np.ndarray:
        """An image of a row, uint8 [height, width, 3]; only where built with `render`."""

    def close(self) -> None:
        """Free what is drawn into, while it still can be."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any]) -> None: ...
