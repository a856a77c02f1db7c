"""Context gating (Benjamins et al. 2023, "Contextualize Me", section 6: cGate).

Two small networks look at the observation and at the true context; their features are multiplied, element by
element, and the product is all that a network of the agent gets. Policy and critic have two such networks each, trained
by their own loss alone, as in the authors' code.

Deviations from the paper: it uses C51 and SAC with 256 units and three layers for the observation, here any agent may
use it with 64 and one.
"""

from dataclasses import dataclass
from functools import partial
from typing import Annotated

from torch import Tensor

from meta_rl.agents.protocols import Task
from meta_rl.methods.base import Method, PerNetwork
from meta_rl.methods.explicit import Explicit
from meta_rl.spaces import Spaces
from meta_rl.stack.networks import MLP, sigmoid
from meta_rl.stack.seen import Seen
from meta_rl.streams import Streams


@dataclass(frozen=True)
class Config:
    """One layer each, as in the paper's code, but narrower: the agents here are small, too."""

    size: Annotated[int, (1, 1000), "features of the observation, as many as of the context"] = 64
    hidden: Annotated[tuple[int, ...], (1, 4096), "units per hidden layer of the network of the context"] = (
        64,
    )


class Gate(Method):
    """z = relu(phi(observation)) * sigmoid(g(context)), with the context scaled as `explicit` does it."""

    def __init__(self, config: Config, task: Task, streams: Streams) -> None:
        super().__init__()
        self.size = config.size
        self.explicit = Explicit(task)
        self.features = MLP(streams, "cgate/state", (task.spaces.observation, config.size))
        self.gate = MLP(streams, "cgate/gate", (self.explicit.size, *config.hidden, config.size))

    def inputs(self, seen: Seen) -> Tensor:
        return self.encode(seen)

    def forward(self, seen: Seen) -> Tensor:
        return self.features(seen.observation).relu() * sigmoid(self.gate(self.explicit(seen)))

    def width(self, spaces: Spaces, network: str) -> int:
        return self.size


def build(config: Config, task: Task, streams: Streams) -> Method:
    return PerNetwork(partial(Gate, config, task), streams)
