"""Environments over MuJoCo bodies: Gymnasium's environment a row, which starts episodes; steps are taken in a batch.

Each row has a model and a state of its own. Only `mj_step` is called row by row; what it leads to is read and
valued for all rows at once.
"""

from typing import Any

import mujoco
import numpy as np

from meta_rl.envs import mujoco_state
from meta_rl.envs.simulator import SimulatorRows
from meta_rl.spaces import Step


class MujocoRows(SimulatorRows):
    """S x N bodies. `simulator.outcome` says what is read after a step, and what follows from it."""

    def __init__(
        self, simulator: Any, varied: tuple[str, ...], rows: tuple[int, int], render: bool = False
    ) -> None:
        super().__init__(simulator, varied, rows, render)
        self.restores = True
        count = len(self.workers)
        self._age = np.zeros(count, dtype=np.int64)
        self._ended = np.ones(count, dtype=bool)  # terminated
        self._simulations = [
            (worker.model, worker.data, worker.data.ctrl, worker.frame_skip) for worker in self.workers
        ]
        # Views of what MuJoCo writes, and what they held after the last step: what is read of a running simulation is
        # not always what its state says, for MuJoCo moves the state last.
        self._views = {
            name: [getattr(worker.data, name) for worker in self.workers] for name in simulator.outcome.read
        }
        self._shapes = {name: (count, *views[0].shape) for name, views in self._views.items()}
        self._forces = "cfrc_ext" in self._views
        self._read = self._look()

    def step(self, action: np.ndarray) -> Step:
        # Sums over numbers that lie apart are rounded otherwise.
        actions = np.ascontiguousarray(action, dtype=np.float32).reshape(len(self.workers), -1)
        if not np.isfinite(actions).all():  # a diverged run must not stop the others of its stack
            actions = np.nan_to_num(actions)
        running = ~(self._ended | (self._age >= self.horizon))
        for row in running.nonzero()[0].tolist():
            model, data, control, frames = self._simulations[row]
            control[:] = actions[row]
            mujoco.mj_step(model, data, frames)
            if self._forces:
                mujoco.mj_rnePostConstraint(model, data)
        was, self._read = self._read, self._look()
        returned = self.simulator.outcome.of(self.workers[0], was, self._read, actions)
        observation, reward, terminated = returned
        if not running.all():
            observation = np.where(running[:, None], observation, self._observation)
            reward, terminated = np.where(running, reward, 0.0), np.where(running, terminated, self._ended)
        self._observation, self._ended = observation.astype(np.float32), terminated
        self._age = self._age + running
        ends = reward, terminated.copy(), self._age >= self.horizon
        return Step(self.observation, *(one.reshape(self.rows) for one in ends))

    def share(self, leader: int) -> None:
        count = self.rows[1]
        rows = np.arange(len(self.workers))
        self._follow(rows, self, rows // count * count + leader)

    def adopt(self, rows: np.ndarray, others: "MujocoRows") -> None:
        """Go on in `rows` (bool [S, N]) where the same rows of others like these are, in their contexts."""
        chosen = rows.ravel().nonzero()[0]
        for name, values in self.context.items():
            np.copyto(values, others.context[name], where=rows)
        for row in chosen.tolist():
            self._put(row)
        self._follow(chosen, others, chosen)

    def _follow(self, rows: np.ndarray, others: "MujocoRows", leaders: np.ndarray) -> None:
        """Put each of the rows into the state of its leader."""
        states = others._states()
        for row, leader in zip(rows.tolist(), leaders.tolist(), strict=True):
            model, data, *_ = self._simulations[row]
            mujoco_state.load(model, data, states[leader])
        pairs = [(self._read[name], others._read[name][leaders]) for name in self._read]
        for name in ("_observation", "_age", "_ended"):
            setattr(self, name, getattr(self, name).copy())
            pairs.append((getattr(self, name), getattr(others, name)[leaders]))
        for mine, theirs in pairs:
            mine[rows] = theirs

    def _states(self) -> np.ndarray:
        """What the simulations go on from, [R, size]."""
        return np.stack([mujoco_state.save(model, data) for model, data, *_ in self._simulations])

    def state_dict(self) -> dict[str, Any]:
        return {
            "context": np.stack(list(self.context.values())),
            "observation": self._observation.copy(),
            "age": self._age.copy(),
            "ended": self._ended.copy(),
            "states": self._states(),
            **{name: values.copy() for name, values in self._read.items()},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.context = dict(zip(self.context, np.array(state["context"]), strict=True))
        self._observation, self._age = np.array(state["observation"]), np.array(state["age"])
        self._ended = np.array(state["ended"])
        self._read = {name: np.array(state[name]) for name in self._read}
        for row, worker in enumerate(self.workers):
            self._put(row)
            mujoco_state.load(worker.model, worker.data, state["states"][row])

    def _begin(self, row: int, seed: int) -> None:
        self._put(row)
        self._observation[row] = self._start(self.workers[row], seed)
        for name, views in self._views.items():
            self._read[name][row] = views[row]
        self._age[row], self._ended[row] = 0, False

    def _put(self, row: int) -> None:
        """The row's context into its model."""
        context = {name: values.item(row) for name, values in self.context.items()}
        self.simulator.apply(self.workers[row], context)

    def _look(self) -> dict[str, np.ndarray]:
        return {
            name: np.concatenate(views).reshape(self._shapes[name]) for name, views in self._views.items()
        }
