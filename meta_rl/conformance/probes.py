"""Environments whose values are known: each fails for one kind of mistake in an agent or a method.

All are rows [S, N] with one context feature, and with two actions or with one in [-2, 2]. A probe says what is
seen (`see`) and what a step gives (`outcome`); episodes start with a cue of -1 or 1, drawn from the noise.
"""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from meta_rl.agents.protocols import Task
from meta_rl.contexts import ContextSpace, Feature
from meta_rl.spaces import Spaces, Step

DISCRETE = Spaces(observation=1, action=2, discrete=True)
CONTINUOUS = Spaces(observation=1, action=1, discrete=False, limit=2.0)

Outcome = tuple[Any, Any, Any]  # reward, terminated, truncated: each a number or [S, N]


class Probe(ABC):
    noise = 1

    def __init__(self, rows: tuple[int, int], spaces: Spaces = DISCRETE) -> None:
        self.rows, self.spaces = rows, spaces
        self.time = np.zeros(rows, dtype=np.int64)  # steps of this episode before the next one
        self.cue = np.ones(rows)
        self.context = np.ones(rows)
        self.observation = self._seen()

    def see(self) -> Any:
        return 1.0

    @abstractmethod
    def outcome(self, sign: np.ndarray) -> Outcome:
        """`sign` is -1 for action 0 and 1 for action 1, or what part of the limit a continuous action is.

        `time` is that of before the step.
        """

    def reset(self, rows: np.ndarray, contexts: np.ndarray, noise: np.ndarray) -> None:
        self.time = np.where(rows, 0, self.time)
        self.cue = np.where(rows, np.where(noise[..., 0] < 0.5, -1.0, 1.0), self.cue)
        self.context = np.where(rows, contexts[..., 0], self.context)
        self.observation = self._seen()

    def adopt(self, rows: np.ndarray, others: "Probe") -> None:
        for name in ("time", "cue", "context"):
            setattr(self, name, np.where(rows, getattr(others, name), getattr(self, name)))
        self.observation = self._seen()

    def step(self, action: np.ndarray) -> Step:
        sign = 2 * action - 1 if self.spaces.discrete else action[..., 0] / self.spaces.limit
        reward, terminated, truncated = (np.broadcast_to(part, self.rows) for part in self.outcome(sign))
        self.time = self.time + 1
        self.observation = self._seen()
        return Step(
            self.observation, reward.astype(np.float64), terminated.astype(bool), truncated.astype(bool)
        )

    def state_dict(self) -> dict[str, Any]:
        return {"time": self.time.copy(), "cue": self.cue.copy(), "context": self.context.copy()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.time, self.cue, self.context = state["time"], state["cue"], state["context"]
        self.observation = self._seen()

    def _seen(self) -> np.ndarray:
        return np.broadcast_to(self.see(), self.rows).astype(np.float32)[..., None]


class Constant(Probe):
    """One step, reward 1: the value is 1."""

    def outcome(self, sign: np.ndarray) -> Outcome:
        return 1.0, True, False


class Delayed(Probe):
    """Two steps, reward 1 for the second: the values are gamma and 1."""

    def see(self) -> Any:
        return self.time

    def outcome(self, sign: np.ndarray) -> Outcome:
        return self.time == 1, self.time == 1, False


class Aim(Probe):
    """One step, continuous: the reward falls with the square of the distance of the action from 0.5."""

    def outcome(self, sign: np.ndarray) -> Outcome:
        return -np.square(sign * self.spaces.limit - 0.5), True, False


class Cue(Probe):
    """One step, reward 1 for the action that the observed cue tells, else -1."""

    def see(self) -> Any:
        return self.cue

    def outcome(self, sign: np.ndarray) -> Outcome:
        return self.cue * sign, True, False


class Hidden(Probe):
    """One step, the reward is the context, which is not observed."""

    def outcome(self, sign: np.ndarray) -> Outcome:
        return self.context, True, False


class Adapt(Probe):
    """One step, reward 1 for the action that the unseen context tells, else -1."""

    def outcome(self, sign: np.ndarray) -> Outcome:
        return self.context * sign, True, False


class Recall(Probe):
    """Three steps; the context is observed in the second only, and it is the reward of the third."""

    def see(self) -> Any:
        return np.select([self.time == 1, self.time == 2], [self.context, 2.0], 0.0)

    def outcome(self, sign: np.ndarray) -> Outcome:
        last = self.time == 2
        return np.where(last, self.context, 0.0), last, False


class Remember(Probe):
    """Five steps; the cue is observed in the first only, and the last asks for the action that it told, for 1 or -1.

    Who cannot remember earns nothing there. Before, action 1 is worth 0.25 and action 0 costs as much, so that it does
    not pay to pass the cue on in one's actions.
    """

    def see(self) -> Any:
        return np.select([self.time == 0, self.time == 4], [self.cue, 2.0], 0.0)

    def outcome(self, sign: np.ndarray) -> Outcome:
        last = self.time == 4
        return np.where(last, self.cue, 0.25) * sign, last, False


class Endless(Probe):
    """Reward 1 for ever, cut off after one step: the value is 1 / (1 - gamma)."""

    def outcome(self, sign: np.ndarray) -> Outcome:
        return 1.0, False, True


class Ended(Probe):
    """As `Endless`, but what cuts it off is also its end: the value is 1."""

    def outcome(self, sign: np.ndarray) -> Outcome:
        return 1.0, True, True


class Lasting(Probe):
    """Episodes of as many steps as the context says; the reward is the number of the step, from 1."""

    def see(self) -> Any:
        return self.time

    def outcome(self, sign: np.ndarray) -> Outcome:
        return self.time + 1, False, self.time + 1 >= self.context


def task(low: float = -1.0, high: float = 1.0, spaces: Spaces = DISCRETE) -> Task:
    """What agents and methods for probes are built for; the train range is [low, high]."""
    feature = Feature("hidden", 1.0, -np.inf, np.inf, "")
    return Task(spaces, ContextSpace.of((feature,), {"hidden": {"train": [low, high]}}))
