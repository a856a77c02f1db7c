"""A method with a history: a leaky sum of the steps of the episode, which is all that it tells the agent."""

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from meta_rl import registry
from meta_rl.agents.protocols import Task
from meta_rl.methods.base import Method, PerNetwork
from meta_rl.registry import Entry
from meta_rl.stack.seen import Seen
from meta_rl.streams import Streams

KEPT = 0.75
NEEDS = frozenset({"history"})


@dataclass(frozen=True)
class Config:
    """Nothing to set."""


class Leaky(Method):
    """z = the state; where a loss trains it, times a weight of its own for each number."""

    def __init__(self, task: Task, streams: Streams) -> None:
        super().__init__()
        spaces = task.spaces
        self.size = self.state = 2 * spaces.observation + spaces.action + 1
        draw = torch.from_numpy(streams.uniform("leaky/scale", 1, self.size)).float()
        self.scale = torch.nn.Parameter(draw + 0.5)

    def forward(self, seen: Seen) -> Tensor:
        assert seen.state is not None
        return seen.state * self.scale

    def advance(self, state: Tensor, step: Tensor) -> Tensor:
        return KEPT * state + step


def build(config: Config, task: Task, streams: Streams) -> Method:
    return Leaky(task, streams)


def build_two(config: Config, task: Task, streams: Streams) -> Method:
    """One for each network."""
    return PerNetwork(lambda own: Leaky(task, own), streams)


def leaky_sum(steps: list[Tensor], width: int) -> Tensor:
    """What the state is after packed steps [D] of one row."""
    state = torch.zeros(width)
    for step in steps:
        state = KEPT * state + step
    return state


class Two:
    """`leaky` with a network for policy and critic each."""

    Config = Config
    build = staticmethod(build_two)


ENTRIES = {
    "leaky": Entry("leaky", needs=NEEDS),
    "leaky_joint": Entry("leaky", needs=NEEDS, joint=True),
    "leaky_two": Entry("leaky:Two", needs=NEEDS, joint=True),
}


def register(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let studies name them."""
    monkeypatch.setitem(registry.KINDS, "method", {**registry.METHODS, **ENTRIES})  # type: ignore[arg-type]
