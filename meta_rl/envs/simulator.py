"""Environments over simulators: one Gymnasium environment a row, in one process and on one core.

A simulator offers, beside what every environment does, `make(render_mode)`, a new Gymnasium environment
without a time limit, and `apply(environment, context)`, which puts a context {feature: value} of all features
into it, to be in force from the next reset. `start(environment, seed)` may replace Gymnasium's seeded reset
where a simulator is seeded in another way. An episode must follow from context, seed and actions alone.

One that can be put into a state has `snapshot(environment)`, all that the rest of an episode follows from beside
context and actions, and `restore(environment, snapshot)`, also in another context. Box2D cannot: what its solver
keeps of contacts and joints is not to be had from Python.
"""

import copy
import importlib.util
import itertools
from types import ModuleType
from typing import Any

import numpy as np

from meta_rl.spaces import Step

noise = 1  # an episode's start follows from one number: the seed of the simulator's own generator
_SHARED = -2  # stands for the seed of a row that another one's state was put into


def private_copy(module: str) -> ModuleType:
    """A copy that `import` does not know: what is set in its globals acts on its own classes alone."""
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.loader is not None
    copy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copy)
    return copy


class SimulatorRows:
    """S x N simulators. A row stands still, with reward 0, from the end of an episode until it is reset.

    Not every simulator can restore a state, but each is deterministic: the saved state is how the episode
    started and what was done since, and loading it does that again.
    """

    def __init__(
        self, simulator: Any, varied: tuple[str, ...], rows: tuple[int, int], render: bool = False
    ) -> None:
        self.simulator, self.rows = simulator, rows
        self.spaces, self.noise, self.horizon = simulator.spaces, noise, simulator.horizon
        self.restores = hasattr(simulator, "snapshot")
        count = rows[0] * rows[1]
        self.workers = [simulator.make("rgb_array" if render else None) for _ in range(count)]
        self._start = getattr(simulator, "start", start)
        self._varied = varied
        # Values of all features, varied or not, float64 [S, N] each: what controllers may know.
        self.context = {one.name: np.full(rows, one.default, dtype=np.float64) for one in simulator.features}
        # Lists with one entry a row: beside a step of a simulator, operations on small arrays take their time.
        self._seeds = [-1] * count  # never started, so it stands still as if it had ended
        self._terminated, self._truncated = [True] * count, [False] * count
        self._actions: list[list[Any]] = [[] for _ in range(count)]  # of the current episodes
        self._observation = np.zeros((count, self.spaces.observation), dtype=np.float32)

    @property
    def observation(self) -> np.ndarray:
        return self._observation.reshape(*self.rows, -1)

    def reset(self, rows: np.ndarray, contexts: np.ndarray, noise: np.ndarray) -> None:
        for column, name in enumerate(self._varied):
            self.context[name][rows] = contexts[rows, column]
        self._observation = self._observation.copy()
        for row in rows.ravel().nonzero()[0].tolist():
            self._begin(row, seed(noise[..., 0].item(row)))

    def step(self, action: np.ndarray) -> Step:
        rows = len(self.workers)
        # What is no number becomes 0: a diverged run must not stop the others of its stack.
        each = action.ravel().tolist() if self.spaces.discrete else np.nan_to_num(action.reshape(rows, -1))
        reward = [0.0] * rows
        observation = self._observation = self._observation.copy()
        terminated, truncated = self._terminated, self._truncated
        for row, worker in enumerate(self.workers):
            if terminated[row] or truncated[row]:
                continue
            observation[row], reward[row], terminated[row], _, _ = worker.step(each[row])
            taken = self._actions[row]
            taken.append(each[row])
            truncated[row] = len(taken) >= self.horizon
        kinds = ((reward, float), (terminated, bool), (truncated, bool))
        return Step(self.observation, *(np.array(one, dtype=kind).reshape(self.rows) for one, kind in kinds))

    def adopt(self, rows: np.ndarray, others: Any) -> None:
        for name, values in self.context.items():
            np.copyto(values, others.context[name], where=rows)
        self._observation = self._observation.copy()
        for row in rows.ravel().nonzero()[0].tolist():
            self._again(row, others._seeds[row], others._actions[row])

    def share(self, leader: int) -> None:
        """What a row has done before is then unknown, until it is reset."""
        if not self.restores:
            raise TypeError(f"{self.simulator}: cannot be put into a state")
        self._observation = self._observation.copy()
        count = self.rows[1]
        for first in range(0, len(self.workers), count):
            source = first + leader
            state = self.simulator.snapshot(self.workers[source])
            for row in range(first, first + count):
                if row != source:
                    self.simulator.restore(self.workers[row], state)
                self._observation[row], self._seeds[row] = self._observation[source], _SHARED
                self._actions[row] = list(self._actions[source])
                self._terminated[row], self._truncated[row] = (
                    self._terminated[source],
                    self._truncated[source],
                )

    def believing(self, context: dict[str, float]) -> "SimulatorRows":
        other = copy.copy(self)
        told = {name: np.full(self.rows, value) for name, value in context.items()}
        other.context = self.context | told
        return other

    def render(self, row: int = 0) -> np.ndarray:
        return self.workers[row].render()

    def close(self) -> None:
        for worker in self.workers:
            worker.close()

    def state_dict(self) -> dict[str, Any]:
        """The actions are those of all rows, one row's after the other's; `age` tells how many each has.

        Raises TypeError after `share`.
        """
        if _SHARED in self._seeds:
            raise TypeError(f"{self.simulator}: rows that share a state do not know how they came into it")
        width = () if self.spaces.discrete else (self.spaces.action,)
        kind = np.int64 if self.spaces.discrete else np.float32
        taken = [action for actions in self._actions for action in actions]
        return {
            "context": np.stack(list(self.context.values())),
            "seeds": np.array(self._seeds),
            "age": np.array([len(actions) for actions in self._actions]),
            "actions": np.array(taken, dtype=kind).reshape(-1, *width),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.context = dict(zip(self.context, np.array(state["context"]), strict=True))
        taken = iter(state["actions"].tolist() if self.spaces.discrete else np.array(state["actions"]))
        self._observation = np.zeros_like(self._observation)
        for row, (seed, age) in enumerate(zip(state["seeds"].tolist(), state["age"].tolist(), strict=True)):
            self._again(row, seed, list(itertools.islice(taken, age)))

    def _begin(self, row: int, seed: int) -> None:
        worker = self.workers[row]
        self.simulator.apply(worker, {name: values.item(row) for name, values in self.context.items()})
        self._observation[row] = self._start(worker, seed)
        self._seeds[row], self._actions[row] = seed, []
        self._terminated[row] = self._truncated[row] = False

    def _again(self, row: int, seed: int, actions: list[Any]) -> None:
        """Do in a row what was done since it began from the seed; -1: it never did, and stands still."""
        self._seeds[row], self._terminated[row] = -1, True
        if seed >= 0:
            self._begin(row, seed)
        self._actions[row] = list(actions)
        for action in actions:
            self._observation[row], _, self._terminated[row], _, _ = self.workers[row].step(action)
        self._truncated[row] = len(actions) >= self.horizon


def start(environment: Any, seed: int) -> np.ndarray:
    """A new episode that follows from the seed; its first observation."""
    return environment.reset(seed=seed)[0]


def seed(noise: float) -> int:
    """The seed that an episode's number U[0, 1) stands for."""
    return int(noise * 2**31)
