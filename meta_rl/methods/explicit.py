"""The true context beside the observation (Benjamins et al. 2023, "concat").

Each feature is scaled so that the train range becomes [-1, 1]: fed raw, it loses to `none` for reasons of
scale alone. Values outside the train range go outside [-1, 1] and are not clipped.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from meta_rl.agents.protocols import Task
from meta_rl.methods.base import Method
from meta_rl.stack.seen import Seen
from meta_rl.streams import Streams


@dataclass(frozen=True)
class Config:
    """Nothing to set."""


class Explicit(Method):
    """z = the context, scaled by the train range."""

    centre: Tensor
    scale: Tensor

    def __init__(self, task: Task) -> None:
        super().__init__()
        low, high = task.contexts.bounds()
        self.size = len(low)
        self.register_buffer("centre", torch.from_numpy((low + high) / 2).float(), persistent=False)
        self.register_buffer("scale", torch.from_numpy((high - low) / 2).float(), persistent=False)

    def forward(self, seen: Seen) -> Tensor:
        assert seen.context is not None
        return self.scaled(seen.context)

    def scaled(self, context: Tensor) -> Tensor:
        """Contexts [S, N, F] with the train range as [-1, 1]."""
        return (context - self.centre) / self.scale


def build(config: Config, task: Task, streams: Streams) -> Method:
    return Explicit(task)
