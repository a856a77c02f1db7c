"""Context gating (Benjamins et al. 2023, "Contextualize Me", section 6: cGate).

Two networks look at the observation and at the true context; their features are multiplied, element by element, and the
product is all that a network of the agent gets. Policy and critic have two such networks each, trained by their own
loss alone. Three ReLU layers look at the observation; one ReLU and one sigmoid layer make the gate. That is how the
authors' agents have it (github.com/automl/CARL, branch `train`, experiments/context_gating/networks: sac.py and c51.py;
their DDPG and TD3 have one layer for the observation). Observations are normalised as for every method.

Deviations from the paper and the authors' code: its agents are C51, DDPG, TD3 and SAC with layers of 32 units, here any
agent may use it, with 64. Their critics' first network looks at observation and action, so that the action is gated,
too; here the action joins what is gated. What follows the gate is one layer there, and here the agent's own network.
Their contexts are as they are, here scaled by the train range.
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
    """Layers are the authors', and wider: as wide as the agents' own here."""

    size: Annotated[int, (1, 1000), "features of the observation, as many as of the context"] = 64
    state: Annotated[
        tuple[int, ...], (1, 4096), "units per layer of the network of the observation, before that of `size`"
    ] = (64, 64)
    hidden: Annotated[tuple[int, ...], (1, 4096), "units per hidden layer of the network of the context"] = (
        64,
    )


# Settings of a small one, for conformance tests.
SMALL = {"size": 8, "state": (8,), "hidden": (8,)}


class Gate(Method):
    """z = relu(phi(observation)) * sigmoid(g(context)), with the context scaled as `explicit` does it."""

    def __init__(self, config: Config, task: Task, streams: Streams) -> None:
        super().__init__()
        self.size = config.size
        self.explicit = Explicit(task)
        self.features = MLP(streams, "cgate/state", (task.spaces.observation, *config.state, config.size))
        self.gate = MLP(streams, "cgate/gate", (self.explicit.size, *config.hidden, config.size))

    def inputs(self, seen: Seen) -> Tensor:
        return self.encode(seen)

    def forward(self, seen: Seen) -> Tensor:
        return self.features(seen.observation).relu() * sigmoid(self.gate(self.explicit(seen)))

    def width(self, spaces: Spaces, network: str) -> int:
        return self.size


def build(config: Config, task: Task, streams: Streams) -> Method:
    return PerNetwork(partial(Gate, config, task), streams)
