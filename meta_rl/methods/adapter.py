"""The Decision Adapter (Beukman, Jarvis, Klein, James & Rosman 2023, "Dynamics generalisation in reinforcement learning
via adaptive context-aware policies").

A hypernetwork makes the weights of a small network, the adapter, from the true context. The adapter sits between two
layers of a network of the agent, and what it makes of the features there is added to them:

    f + relu(relu(f W1(c) + b1(c)) W2(c) + b2(c))

Each network of the agent has a hypernetwork of its own, trained by its loss alone. As in the authors' code, the
hypernetwork makes all weights in chunks of the same size, each from the context and an embedding of the chunk that is
learnt, and is as wide as it may be with no more weights than it makes.

Deviations from the paper: it uses SAC, here any agent may. There the adapter sits before the last layer, and in the
actor it acts on the mean alone; here it follows a first layer of its own, before all layers of the agent, so that the
critic's action comes after it. It is half as wide: what a hypernetwork costs grows with the weights that it makes.
"""

from dataclasses import dataclass
from functools import partial
from typing import Annotated

import torch
from torch import Tensor, nn

from meta_rl.agents.protocols import Task
from meta_rl.methods.base import Method, PerNetwork
from meta_rl.methods.explicit import Explicit
from meta_rl.spaces import Spaces
from meta_rl.stack.networks import MLP
from meta_rl.stack.seen import Seen
from meta_rl.streams import Streams

# Weights of a chunk per hidden unit, and dimensions of its embedding: the authors' code's.
_CHUNK, _EMBEDDING = (10, 8)


@dataclass(frozen=True)
class Config:
    """The authors' adapters have 32 units, between layers of 256; the agents here are small, too."""

    size: Annotated[int, (2, 1000), "features that are adapted"] = 32
    adapter: Annotated[int, (2, 1000), "units of the adapter"] = 16


# Settings of a small one, for conformance tests.
SMALL = {"size": 16, "adapter": 8}


class Hypernetwork(nn.Module):
    """Weights [S, N, `count`] from contexts [S, N, F]: relu layers (context, embedding) -> U -> U -> 10 U."""

    def __init__(self, streams: Streams, features: int, count: int) -> None:
        super().__init__()
        units = _units(features, count)
        self._count = count
        chunks = -(-count // (_CHUNK * units))
        draw = torch.from_numpy(streams.normal("adapter/chunks", chunks, _EMBEDDING)).float()
        self.embedding = nn.Parameter(draw)
        self.network = MLP(streams, "adapter/weights", (features + _EMBEDDING, units, units, _CHUNK * units))

    def forward(self, context: Tensor) -> Tensor:
        rows, chunks = context.shape[1], self.embedding.shape[1]
        told = context.unsqueeze(2).expand(-1, -1, chunks, -1)
        which = self.embedding.unsqueeze(1).expand(-1, rows, -1, -1)
        return self.network(torch.cat((told, which), -1)).flatten(2)[..., : self._count]


class Adapted(Method):
    """z = the adapted features of the observation, with the context scaled as `explicit` does it."""

    def __init__(self, config: Config, task: Task, streams: Streams) -> None:
        super().__init__()
        self.size = config.size
        self.explicit = Explicit(task)
        self.features = MLP(streams, "adapter/features", (task.spaces.observation, config.size))
        self._shapes = [(config.size, config.adapter), (config.adapter, config.size)]
        count = sum((inputs + 1) * outputs for inputs, outputs in self._shapes)
        self.hypernetwork = Hypernetwork(streams, self.explicit.size, count)

    def inputs(self, seen: Seen) -> Tensor:
        return self.encode(seen)

    def forward(self, seen: Seen) -> Tensor:
        features = adapted = self.features(seen.observation).relu()
        weights = self.hypernetwork(self.explicit(seen))
        sizes = [(inputs + 1) * outputs for inputs, outputs in self._shapes]
        for part, (inputs, outputs) in zip(weights.split(sizes, -1), self._shapes, strict=True):
            layer = part.unflatten(-1, (inputs + 1, outputs))
            # Not a product of matrices: those with a side of 1 round by the size of the stack.
            product = (adapted.unsqueeze(-1) * layer[..., :-1, :]).sum(-2)
            adapted = (product + layer[..., -1, :]).relu()
        return features + adapted

    def width(self, spaces: Spaces, network: str) -> int:
        return self.size


def _units(features: int, count: int) -> int:
    """The most units U with which the hypernetwork has no more weights than the `count` that it makes; at least 1."""

    def weights(units: int) -> int:
        chunks = -(-count // (_CHUNK * units))
        layers = (features + _EMBEDDING + 1) * units + (units + 1) * units + (units + 1) * _CHUNK * units
        return layers + chunks * _EMBEDDING

    return max((units for units in range(1, count) if weights(units) <= count), default=1)


def build(config: Config, task: Task, streams: Streams) -> Method:
    return PerNetwork(partial(Adapted, config, task), streams)
