"""The policy that probes environments for EPI (Zhou, Pinto & Gupta, ICLR 2019): how it acts, and what it learns from.

It is a PPO whose rollouts are single probes. What a probe was worth is known when it is over, so that it learns then:
each of its steps is rewarded with

    1.0 x the task's reward + 0.5 x the probe's score      (the authors' EPI/interaction_policy/trpo.py)

and with the task's reward alone where the episode ended early. The score is how much the probe helps to predict
(`meta_rl.methods.epi`), once for all of its steps.
"""

from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from scipy.special import ndtri
from torch import Tensor

from meta_rl.agents import ppo
from meta_rl.agents.protocols import POLICY, Task
from meta_rl.methods.base import Method
from meta_rl.stack.rollout import Rollout
from meta_rl.stack.seen import Seen, Transition, Window
from meta_rl.streams import Streams

_TASK, _SCORE = 1.0, 0.5  # weights of the two parts of the reward


class Probe(NamedTuple):
    """A probe in each of the rows [S, C], as the policy remembers it."""

    steps: list[Transition]  # rewards are 0 once the episode has ended
    acted: list[Any]  # of each step: what the policy saw, normalised, and its raw action
    shown: Window  # the transitions up to the end of the episode
    over: Tensor  # bool [S, C]: whether it ended


class Probing(ppo.PPO):
    """Probes `contexts` rows of a seed side by side, in `steps` steps each; none of them is ever greedy."""

    def __init__(
        self, steps: int, hidden: tuple[int, ...], contexts: int, task: Task, streams: Streams
    ) -> None:
        config = ppo.Config(
            n_envs=contexts,
            n_steps=steps,
            hidden=hidden,
            minibatch=steps * contexts,
            rewards="normalised",
        )
        own = Streams([f"{key}/probe" for key in streams.keys])  # the agent may be a PPO, too
        super().__init__(config, task, Method(), False, own)

    def drawn(self, observation: Tensor, chance: np.ndarray) -> Tensor:
        """Actions of the frozen policy, drawn by given random numbers U[0, 1) [S, N, C]."""
        outputs = self.policy(self.read(self.normalised(Seen(observation)), POLICY))
        return self.distribution.action(self.distribution.sample(outputs, _Drawn(chance), "probe"))

    def try_out(self, rollout: Rollout) -> Probe:
        """Probe every row of a rollout that has just been reset."""
        running = torch.ones(rollout.environments.rows, dtype=torch.bool)
        shown = rollout.seen.window
        steps, acted = [], []
        for _ in range(self.config.n_steps):
            step = rollout.step(self.act(rollout.seen, explore=True))
            assert shown is not None
            assert rollout.seen.window is not None
            shown = rollout.seen.window.where(running, shown)
            steps.append(step._replace(reward=step.reward * running))
            acted.append(self._acted)
            running = running & ~(step.terminated | step.truncated)
        assert shown is not None
        return Probe(steps, acted, shown, ~running)

    def learn_from(self, probe: Probe, score: Tensor) -> None:
        """Learn from a probe that was worth `score` [S, C]."""
        bonus = _SCORE * score.masked_fill(probe.over, 0.0)
        never = torch.zeros_like(probe.over)
        for left, step, acted in zip(
            range(self.config.n_steps - 1, -1, -1), probe.steps, probe.acted, strict=True
        ):
            self._acted = acted
            reward = _TASK * step.reward + bonus
            self.learn(step._replace(reward=reward, terminated=never if left else ~never, truncated=never))


class _Drawn(Streams):
    """Random numbers of one draw that were made before, uniform ones."""

    def __init__(self, chance: np.ndarray) -> None:
        super().__init__(())
        self._chance = chance

    def _draw(
        self, kind: Literal["random", "standard_normal"], purpose: str, shape: tuple[int, ...]
    ) -> np.ndarray:
        found: np.ndarray = self._chance if kind == "random" else ndtri(self._chance)
        return found
