"""An encoding of the last transitions, which the agent's loss trains: the mean over them of a small network.

This paragraph and the first one become the page of the method. Say here which paper it is from, and what differs.
"""

from dataclasses import dataclass
from typing import Annotated

from torch import Tensor

from meta_rl.agents.protocols import Task
from meta_rl.methods.base import Method, masked_mean
from meta_rl.stack.networks import MLP
from meta_rl.stack.seen import Seen
from meta_rl.streams import Streams

# Read and not run, so keep them literals. What may stand here: meta_rl/entries.py. The control has the same code, but
# nothing trains it: what the method gains beyond it, it gains by what it learns.
METHODS = {
    "mine": {"needs": {"window"}, "joint": True, "control": "mine_untrained"},
    "mine_untrained": {"needs": {"window"}},
}


@dataclass(frozen=True)
class Config:
    """Settings, each with type, range or choices, meaning and default. They are read and not run, too."""

    window: Annotated[int, (1, 1000), "transitions that the encoder sees"] = 10
    hidden: Annotated[tuple[int, ...], (1, 4096), "units per hidden layer of the encoder"] = (16,)
    size: Annotated[int, (1, 1000), "dimensions of the encoding"] = 4


# Settings of a small one, for conformance tests.
SMALL = {"window": 5, "hidden": (8,), "size": 3}


class Encoder(Method):
    """z = mean over the window of an MLP of (s, a, s', r); zero for an empty window."""

    anew = True  # also where nothing trains it, z is computed from what is remembered

    def __init__(self, config: Config, task: Task, streams: Streams) -> None:
        super().__init__()
        self.window, self.size = config.window, config.size
        # Networks have a seed axis and take their weights from streams, under purposes of the method's own.
        self.encoder = MLP(streams, "mine/encoder", (task.spaces.transition, *config.hidden, config.size))

    def embed(self, transitions: Tensor) -> Tensor:
        """[S, N, K, T] -> [S, N, K, Z]"""
        return self.encoder(transitions).tanh()

    def forward(self, seen: Seen) -> Tensor:
        """z [S, N, Z] of embedded transitions; of what METHODS does not say that it needs, `seen` has nothing."""
        assert seen.window is not None
        return masked_mean(seen.window.transitions, seen.window.mask)


def build(config: Config, task: Task, streams: Streams) -> Method:
    return Encoder(config, task, streams)
