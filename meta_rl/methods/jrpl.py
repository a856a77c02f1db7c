"""Joint representation and policy learning (Ndir, Biedenkapp & Awad 2024, arXiv 2404.09521).

An encoder of the last K transitions is trained by the agent's loss and by nothing else. Each transition goes
through a ReLU network; their masked mean is the encoding, so their order does not matter.

With DQN and DDQN the loss is that of the Q-network, with DDPG and SAC the critic's, with PPO the value loss; policies
of their own get the encoding without its gradient. Where an agent normalises observations, those in the transitions
are normalised alike. Target networks hold their own copy of the encoder.

Deviations from the paper: it draws a context's transitions from the whole buffer; here the window of a step holds the
transitions before it in the same episode, in training as at test, so that short and empty windows are in
distribution. It uses SAC, here any agent may.
"""

from dataclasses import dataclass
from typing import Annotated

from torch import Tensor

from meta_rl.agents.protocols import Task
from meta_rl.methods.base import Method, masked_mean
from meta_rl.stack.networks import MLP
from meta_rl.stack.seen import Seen
from meta_rl.streams import Streams


@dataclass(frozen=True)
class Config:
    """Defaults are the paper's."""

    window: Annotated[int, (1, 1000), "transitions K that the encoder sees"] = 20
    hidden: Annotated[tuple[int, ...], (1, 4096), "units per hidden layer of the encoder"] = (16, 16)
    size: Annotated[int, (1, 1000), "dimensions of the encoding z"] = 2


class JRPL(Method):
    """z = masked mean over the window of an encoder of single transitions; zero for an empty window.

    The encoder's last layer is linear, so it is applied once to the mean instead of to every transition.
    """

    def __init__(self, config: Config, task: Task, streams: Streams) -> None:
        super().__init__()
        self.window, self.size = config.window, config.size
        sizes = (task.spaces.transition, *config.hidden)
        self.encoder = MLP(streams, "jrpl/encoder", sizes)
        self.head = MLP(streams, "jrpl/head", (sizes[-1], config.size))

    def embed(self, transitions: Tensor) -> Tensor:
        return self.encoder(transitions).relu()

    def forward(self, seen: Seen) -> Tensor:
        window = seen.window
        assert window is not None
        known = window.mask.amax(-1, keepdim=True)
        return self.head(masked_mean(window.transitions, window.mask)) * known


def build(config: Config, task: Task, streams: Streams) -> Method:
    return JRPL(config, task, streams)
