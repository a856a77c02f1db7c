"""What the registry's module of an environment offers, and environments over functions of columns."""

import copy
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from meta_rl.contexts import Feature
from meta_rl.spaces import Environments, Spaces, Step

if TYPE_CHECKING:  # only plain environments need it, and it takes its time to import
    import gymnasium


class Environment(Protocol):
    """What the registry's module of an environment offers."""

    features: tuple[Feature, ...]
    spaces: Spaces
    noise: int  # random numbers U that start an episode
    horizon: int  # steps after which an episode is truncated
    success: float  # episode return from which a context counts as solved
    # The least and the greatest return of any episode, anywhere; infinite where none is known.
    returns: tuple[float, float]
    # What the default context is in Gymnasium, where the package it is from registers it.
    gymnasium_id: str | None
    chunk: int  # rows per seed that are stepped together in evaluations: bounds the memory
    carl: str | None  # name of the environment in carl-bench, whose names, defaults and bounds count,
    deviations: dict[str, str]  # but for these features, each with the reason
    refused: dict[str, str]  # carl-bench's features that cannot vary here, each with the reason
    # Multiplier of a feature beyond which nothing can succeed while all else is at its default, and why.
    limits: dict[str, tuple[float, str]]
    controllers: tuple[str, ...]  # registered ones that know this environment

    def build(self, varied: tuple[str, ...], rows: tuple[int, int], render: bool = False) -> Environments:
        """Rows that vary the named features; contexts come in this order.

        Their `horizon` is the environment's, and may be set to another number of steps, or to infinity.
        """

    def plain(self, context: dict[str, float], render_mode: str | None = None) -> "gymnasium.Env":
        """One Gymnasium environment in a context {feature: value} of all features, without a time limit.

        Where there is a reference that is not ours, it is that one. It runs nothing that the rows run: such a
        reference shows nothing.
        """


class PhysicsRows:
    """Environments over a physics module: pure functions over columns, here columns of shape [S, N].

    Beside what an environment offers, a physics module has the functions `initial(noise, context)`,
    `step(state, action, context)` and `observation(state)`; state and context are tuples of columns. Features
    that the benchmark does not vary stay plain numbers. Its plain environment draws what is in its `state`.
    """

    restores = True

    def __init__(self, physics: Any, varied: tuple[str, ...], rows: tuple[int, int]) -> None:
        self.physics, self.rows = physics, rows
        self.spaces, self.noise, self.horizon = physics.spaces, physics.noise, physics.horizon
        names = [feature.name for feature in physics.features]
        self._columns = [names.index(name) for name in varied]
        self.context: list[Any] = [feature.default for feature in physics.features]
        for column in self._columns:
            self.context[column] = np.full(rows, self.context[column], dtype=np.float64)
        self._age = np.zeros(rows, dtype=np.int64)
        centre = np.full((self.noise, *rows), 0.5)
        self.state: tuple[np.ndarray, ...] = tuple(physics.initial(centre, self.context))
        self._renderers: dict[int, Any] = {}  # of each row that was drawn, and its context

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
        return Step(self.observation, reward, terminated, self._age >= self.horizon)

    def adopt(self, rows: np.ndarray, others: Any) -> None:
        varied = [(self.context[column], others.context[column]) for column in self._columns]
        pairs = [*varied, *zip(self.state, others.state, strict=True), (self._age, others._age)]
        for mine, theirs in pairs:
            np.copyto(mine, theirs, where=rows)

    def share(self, leader: int) -> None:
        def shared(column: np.ndarray) -> np.ndarray:
            return np.repeat(column[:, leader : leader + 1], self.rows[1], axis=1)

        self.state, self._age = tuple(map(shared, self.state)), shared(self._age)

    def believing(self, context: dict[str, float]) -> "PhysicsRows":
        other = copy.copy(self)
        names = [feature.name for feature in self.physics.features]
        other.context = [context.get(name, value) for name, value in zip(names, self.context, strict=True)]
        return other

    def render(self, row: int = 0) -> np.ndarray:
        columns = (np.broadcast_to(value, self.rows).ravel() for value in self.context)
        names = [feature.name for feature in self.physics.features]
        context = {name: float(column[row]) for name, column in zip(names, columns, strict=True)}
        if row not in self._renderers or self._renderers[row][0] != context:
            self._renderers[row] = context, self.physics.plain(context, "rgb_array").unwrapped
        drawn = self._renderers[row][1]
        drawn.state = np.array([column.ravel()[row] for column in self.state])
        return drawn.render()

    def close(self) -> None:
        while self._renderers:
            self._renderers.popitem()[1][1].close()

    def state_dict(self) -> dict[str, Any]:
        varied = [self.context[column] for column in self._columns]
        return {"state": np.stack(self.state), "context": np.array(varied), "age": self._age.copy()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.state = tuple(np.array(column) for column in state["state"])
        for column, values in zip(self._columns, state["context"], strict=True):
            self.context[column] = np.array(values)
        self._age = np.array(state["age"])


def columns(*values: np.ndarray) -> np.ndarray:
    """Numbers of one shape side by side, float32 [..., number of values]."""
    seen = np.empty((*np.shape(values[0]), len(values)), dtype=np.float32)
    for column, value in enumerate(values):
        seen[..., column] = value
    return seen
