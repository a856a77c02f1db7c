"""The training loop: S runs as one stack, each on its own contexts, with its own random numbers."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from meta_rl.agents.base import Agent
from meta_rl.checkpoints import Checkpoint
from meta_rl.envs.base import Environments
from meta_rl.job import Progress
from meta_rl.registry import Entry
from meta_rl.rollout import Rollout
from meta_rl.streams import Streams

POINTS = 50  # of a learning curve

Point = dict[str, Any]  # {"env_steps": int, "figures": {name: (mean [S], count [S])}}


class Training:
    """Steps an agent through `contexts` [S, C, F]; each episode takes one of its run's C contexts at random.

    `entry` is the registry's line of the agent's method: what it may see, and whether the agent trains it.
    `state_dict()` holds all of it: a loaded training goes on as if it had never stopped.
    """

    def __init__(
        self, agent: Agent, environments: Environments, entry: Entry, contexts: np.ndarray, streams: Streams
    ) -> None:
        self.agent, self.environments, self.streams = agent, environments, streams
        self.contexts = contexts
        embed = None if entry.joint else agent.embed
        self.rollout = Rollout(environments, entry.needs, agent.method.window, agent.encode, embed)
        self.env_steps = 0
        self._returns = np.zeros(environments.rows)  # of the running episodes
        self._log = Log(environments.rows[0])
        self._reset(np.ones(environments.rows, dtype=bool))

    def run(self, env_steps: int, label: str = "train", checkpoint: Checkpoint | None = None) -> list[Point]:
        """Go on until every run has taken `env_steps` steps; the points of the learning curves.

        A point is over the steps since the last. With a `checkpoint`, go on from there, and keep it up to date.
        """
        points = checkpoint.resume(self) if checkpoint else []
        progress = Progress(label, env_steps, "env_steps", self.env_steps)
        rows = self.environments.rows[1]
        every = max(1, env_steps // POINTS)
        while self.env_steps < env_steps:
            before = self.env_steps
            self.env_steps += rows
            self._step()
            if self.env_steps // every > before // every or self.env_steps >= env_steps:
                points.append({"env_steps": self.env_steps, "figures": self._log.take()})
                progress.update(self.env_steps)
            if checkpoint:
                checkpoint.offer(self, points)
        return points

    def _step(self) -> None:
        step = self.rollout.step(self.agent.act(self.rollout.inputs, explore=True))
        figures = self.agent.learn(step)
        if figures:
            self._log.add({name: figure.numpy() for name, figure in figures.items()}, 1)
        self._returns += step.reward.numpy()
        ended = (step.terminated | step.truncated).numpy()
        if ended.any():
            self._log.add({"episode_return": (self._returns * ended).sum(1)}, ended.sum(1))
            self._returns[ended] = 0.0
        self._reset(ended)

    def _reset(self, rows: np.ndarray) -> None:
        # Drawn at every step, wanted or not: a run's draws must not depend on when other runs' episodes end.
        seeds, count = self.environments.rows
        chosen = self.streams.integers("context", self.contexts.shape[1], count)
        noise = self.streams.uniform("reset", count, self.environments.noise)
        if rows.any():
            self.rollout.reset(rows, self.contexts[np.arange(seeds)[:, None], chosen], noise)

    def state_dict(self) -> dict[str, Any]:
        return {
            "agent": self.agent.state_dict(),
            "rollout": self.rollout.state_dict(),
            "streams": self.streams.state_dict(),
            "env_steps": self.env_steps,
            "returns": torch.from_numpy(self._returns.copy()),
            "log": self._log.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.agent.load_state_dict(state["agent"])
        self.rollout.load_state_dict(state["rollout"])
        self.streams.load_state_dict(state["streams"])
        self.env_steps = state["env_steps"]
        self._returns = state["returns"].numpy().copy()
        self._log.load_state_dict(state["log"])


class Log:
    """Means of figures per seed since they were last asked for."""

    def __init__(self, seeds: int) -> None:
        self._zeros = np.zeros(seeds)
        self._sums: dict[str, np.ndarray] = {}
        self._counts: dict[str, np.ndarray] = {}

    def add(self, sums: Mapping[str, np.ndarray], counts: np.ndarray | int) -> None:
        """Sums [S] over `counts` values [S] of each figure."""
        for name, value in sums.items():
            self._sums[name] = self._sums.get(name, self._zeros) + value
            self._counts[name] = self._counts.get(name, self._zeros) + counts

    def take(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Mean and count [S] of each figure, and start anew."""
        means = {
            name: (total / np.maximum(self._counts[name], 1), self._counts[name])
            for name, total in self._sums.items()
        }
        self._sums, self._counts = {}, {}
        return means

    def state_dict(self) -> dict[str, Any]:
        return {
            "sums": {name: torch.from_numpy(value) for name, value in self._sums.items()},
            "counts": {name: torch.from_numpy(value) for name, value in self._counts.items()},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._sums = {name: value.numpy() for name, value in state["sums"].items()}
        self._counts = {name: value.numpy() for name, value in state["counts"].items()}
