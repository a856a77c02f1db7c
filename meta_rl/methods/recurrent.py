"""A recurrent network that remembers the episode, and so can find out about its context (RL2: Duan et al. 2016).

At every step a gated recurrent unit (Cho et al. 2014) gets the observation, the action and the reward of the step
before, and whether there was one. Its state is what a network of the agent is told beside the observation. Each
network has a unit of its own, trained through time by that network's loss, as Ni et al. (2022, "Recurrent model-free
RL can be a strong baseline for many POMDPs") advise.

PPO learns from sequences of the rollout. The off-policy agents learn from sequences of the replay: they begin with the
state as it was stored, and with a burn-in, which brings it up to date with the present weights and gets no gradient
(R2D2: Kapturowski et al. 2019). Target networks make states of their own. Sequences may hold several episodes; the
state is forgotten in between. An update has as many transitions as without memory.

Deviations from the papers: RL2 keeps its state over the episodes of a trial; here it lives for one episode, the unit of
evaluation, so that the flag says that an episode has begun instead of that one has ended. Large rewards are squashed,
sign(r) log(1 + |r|), as environments differ in their scale.
"""

from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Annotated

import torch
from torch import Tensor

from meta_rl.agents.protocols import Task
from meta_rl.methods.base import Method, PerNetwork
from meta_rl.stack.gru import GRU
from meta_rl.stack.seen import Past, Seen
from meta_rl.streams import Streams


@dataclass(frozen=True)
class Config:
    """Sequences are shorter than the papers' (80 in R2D2, 64 in Ni et al.): what a step costs grows with them."""

    size: Annotated[int, (2, 1000), "units of the recurrent network"] = 64
    sequence: Annotated[
        int,
        (2, 1000),
        "most steps that a loss goes back through; PPO takes the longest that divides n_steps and minibatch",
    ] = 16
    burn_in: Annotated[int, (0, 1000), "steps of a replayed sequence before those, without gradient"] = 8


# Settings of a small one, for conformance tests.
SMALL = {"size": 16, "sequence": 8, "burn_in": 4}


class Recurrent(Method):
    """z = the state of a GRU after the steps before and what is seen now.

    What is kept of a row is the state before what is seen now, the last action and reward, and whether there were
    any. Where `cleared`, that state is always zero.
    """

    def __init__(self, config: Config, task: Task, cleared: bool, streams: Streams) -> None:
        super().__init__()
        self.size, self.sequence, self.burn_in = config.size, config.sequence, config.burn_in
        self._observed, self._acted = task.spaces.observation, task.spaces.action
        self._last = self._acted + 2  # width of the last action and reward, and of the flag
        self.state = config.size + self._last
        self._kept = 0.0 if cleared else 1.0
        self.unit = GRU(streams, "recurrent", self._observed + self._last, config.size)

    def forward(self, seen: Seen) -> Tensor:
        if seen.past is not None:
            return self._recalled(seen.past, seen.observation)
        assert seen.state is not None
        return self._after(seen.observation, *seen.state.split((self.size, self._last), -1))

    def advance(self, state: Tensor, step: Tensor) -> Tensor:
        observation, action, _, reward = step.split((self._observed, self._acted, self._observed, 1), -1)
        kept = self._after(observation, *state.split((self.size, self._last), -1))
        return torch.cat((kept, _last(action, reward)), -1)

    def _after(self, observation: Tensor, kept: Tensor, last: Tensor) -> Tensor:
        return self.unit(torch.cat((observation, last), -1), kept * self._kept)

    def _recalled(self, past: Past, observation: Tensor) -> Tensor:
        """z [S, B, Z] of a batch that was taken from sequences."""
        kept, last = past.start.split((self.size, self._last), -1)
        done = _last(past.action, past.reward.unsqueeze(-1))
        lives = (~past.fresh).float()
        before = torch.cat((last.unsqueeze(2), done[:, :, :-1]), 2) * lives.unsqueeze(-1)
        x, lives = torch.cat((past.observation, before), -1), lives * self._kept
        burnt = x.shape[2] - past.learnt
        if burnt:
            with torch.no_grad():
                kept = self.unit.scan(x[:, :, :burnt], kept, lives[:, :, :burnt])[:, :, -1]
        states = self.unit.scan(x[:, :, burnt:], kept, lives[:, :, burnt:])
        batch = observation.shape[1]
        z = states.flatten(1, 2)[:, :batch]
        return self._after(observation, z, done[:, :, burnt:].flatten(1, 2)[:, :batch]) if past.over else z


def _last(action: Tensor, reward: Tensor) -> Tensor:
    """The last action [..., A] and reward [..., 1] as the unit gets them, and that there were any."""
    return torch.cat((action, reward.sign() * reward.abs().log1p(), torch.ones_like(reward)), -1)


def build(config: Config, task: Task, streams: Streams, cleared: bool = False) -> Method:
    return PerNetwork(partial(Recurrent, config, task, cleared), streams)


# The control `recurrent_cleared`.
Cleared = SimpleNamespace(Config=Config, build=partial(build, cleared=True))
