"""The last observations and actions of the episode beside the present one (frame stacking: Mnih et al. 2015, Methods).

Nothing is learnt: the stack is a plain, ordered vector, in which what an agent makes of it must find the context. Where
an agent normalises observations, those in the stack are normalised alike, each with the statistics of its time. Where
the context acts on the reward, rewards stand beside the actions.

Deviations from the paper: it stacks four images, without actions.
"""

from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Annotated

import torch
from torch import Tensor

from meta_rl.agents.protocols import Task
from meta_rl.methods.base import Method
from meta_rl.stack.seen import Seen
from meta_rl.streams import Streams


@dataclass(frozen=True)
class Config:
    """The paper's number, but of steps before the present one."""

    window: Annotated[int, (1, 1000), "steps of which observation and action are told"] = 4


# Settings of a small one, for conformance tests.
SMALL = {"window": 3}


class Stacked(Method):
    """z = (s, a) of the last K steps, oldest first; zeros for those before the episode. Where `cleared`, for all."""

    ordered = True
    normalised = True

    def __init__(self, config: Config, task: Task, cleared: bool) -> None:
        super().__init__()
        self._known = task.spaces.observation + task.spaces.action
        self._rewarded, self._cleared = task.spaces.rewarded, cleared
        self.window, self.size = config.window, config.window * (self._known + self._rewarded)

    def embed(self, transitions: Tensor) -> Tensor:
        known = transitions[..., : self._known]
        return torch.cat((known, transitions[..., -1:]), -1) if self._rewarded else known

    def forward(self, seen: Seen) -> Tensor:
        assert seen.window is not None
        steps, mask = seen.window.transitions, seen.window.mask.unsqueeze(-1)
        return steps.masked_fill(mask == 0 if not self._cleared else mask >= 0, 0.0).flatten(2)


def build(config: Config, task: Task, streams: Streams, cleared: bool = False) -> Method:
    return Stacked(config, task, cleared)


# The control `stacked_cleared`.
Cleared = SimpleNamespace(Config=Config, build=partial(build, cleared=True))
