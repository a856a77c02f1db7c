"""What an environment is: S x N rows in one object, one context each, stepped together."""

from types import ModuleType
from typing import Any, NamedTuple, Protocol

import numpy as np


class Spaces(NamedTuple):
    """Sizes of observations and actions; a discrete action is an index below `action`."""

    observation: int
    action: int
    discrete: bool


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

    @property
    def observation(self) -> np.ndarray:
        """float32 [S, N, O], of the current states."""

    def reset(self, rows: np.ndarray, contexts: np.ndarray, noise: np.ndarray) -> None:
        """New episodes where `rows` (bool [S, N]): contexts float64 [S, N, F], noise U[0, 1) [S, N, U]."""

    def step(self, action: np.ndarray) -> Step:
        """Act in every row: int64 [S, N] where discrete, else float32 [S, N, A]."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any]) -> None: ...


class PhysicsRows:
    """Environments over a physics module: pure functions over columns, here columns of shape [S, N].

    A physics module has `features`, `spaces`, `noise`, `horizon` and the functions `initial(noise, context)`,
    `step(state, action, context)` and `observation(state)`; state and context are tuples of columns. Features
    that the benchmark does not vary stay plain numbers.
    """

    def __init__(self, physics: ModuleType, varied: tuple[str, ...], rows: tuple[int, int]) -> None:
        self.physics, self.rows = physics, rows
        self.spaces, self.noise = physics.spaces, physics.noise
        names = [feature.name for feature in physics.features]
        self._columns = [names.index(name) for name in varied]
        self.context: list[Any] = [feature.default for feature in physics.features]
        for column in self._columns:
            self.context[column] = np.full(rows, self.context[column], dtype=np.float64)
        self._age = np.zeros(rows, dtype=np.int64)
        centre = np.full((self.noise, *rows), 0.5)
        self.state: tuple[np.ndarray, ...] = tuple(physics.initial(centre, self.context))

    @property
    def observation(self) -> np.ndarray:
        return self.physics.observation(self.state)

    def reset(self, rows: np.ndarray, contexts: np.ndarray, noise: np.ndarray) -> None:
        index = rows.ravel().nonzero()[0]
        context = list(self.context)
        for feature, column in enumerate(self._columns):
            context[column] = contexts[..., feature].ravel()[index]
            self.context[column].ravel()[index] = context[column]
        drawn = noise.reshape(-1, self.noise).take(index, axis=0).T
        for state, fresh in zip(self.state, self.physics.initial(drawn, context), strict=True):
            state.ravel()[index] = fresh
        self._age.ravel()[index] = 0

    def step(self, action: np.ndarray) -> Step:
        self.state, reward, terminated = self.physics.step(self.state, action, self.context)
        self._age += 1
        return Step(self.observation, reward, terminated, self._age >= self.physics.horizon)

    def state_dict(self) -> dict[str, Any]:
        varied = [self.context[column] for column in self._columns]
        return {"state": np.stack(self.state), "context": np.array(varied), "age": self._age.copy()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.state = tuple(np.array(column) for column in state["state"])
        for column, values in zip(self._columns, state["context"], strict=True):
            self.context[column] = np.array(values)
        self._age = np.array(state["age"])
