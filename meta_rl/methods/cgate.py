"""Context gating (Benjamins et al. 2023, "Contextualize Me", section 6: cGate).

Two small networks look at the observation and at the true context; their features are multiplied, element by
element, and the product is all that the agent gets. They are trained by the agent's loss alone.

Deviations from the paper: it uses C51 and SAC with 256 units, here any agent may use it with 64; of actor-critic
agents and PPO the critic's loss trains the two networks, and the policy gets the product without its gradient; PPO does
not normalise the observations that go into it.
"""

from dataclasses import dataclass
from typing import Annotated

from torch import Tensor

from meta_rl.agents.protocols import Task
from meta_rl.methods.base import Method
from meta_rl.methods.explicit import Explicit
from meta_rl.stack.networks import MLP, sigmoid
from meta_rl.stack.rollout import Seen
from meta_rl.streams import Streams


@dataclass(frozen=True)
class Config:
    """One layer each, as in the paper's code, but narrower: the agents here are small, too."""

    size: Annotated[int, (1, 1000), "features of the observation, as many as of the context"] = 64
    hidden: Annotated[tuple[int, ...], (1, 4096), "units per hidden layer of the network of the context"] = (
        64,
    )


class CGate(Method):
    """inputs = relu(phi(observation)) * sigmoid(g(context)), with the context scaled as `explicit` does it."""

    observed = False

    def __init__(self, config: Config, task: Task, streams: Streams) -> None:
        super().__init__()
        self.size = config.size
        self.scaled = Explicit(task)
        self.state = MLP(streams, "cgate/state", (task.spaces.observation, config.size))
        self.gate = MLP(streams, "cgate/gate", (self.scaled.size, *config.hidden, config.size))

    def inputs(self, seen: Seen) -> Tensor:
        features = self.state(seen.observation).relu()
        return features * sigmoid(self.gate(self.scaled(seen.context, None)))


def build(config: Config, task: Task, streams: Streams) -> Method:
    return CGate(config, task, streams)
