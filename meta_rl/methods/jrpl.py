"""Joint representation and policy learning (Ndir, Biedenkapp & Awad 2024, arXiv 2404.09521).

An encoder of the last K transitions is trained by the agent's loss and by nothing else. Each transition goes
through a ReLU network; their masked mean is the encoding, so their order does not matter. The paper draws a
context's transitions from the whole buffer; here the window of a step holds the transitions before it in the
same episode, in training as at test, so that short and empty windows are in distribution.
"""

from dataclasses import dataclass
from typing import Annotated

from torch import Tensor

from meta_rl.methods.base import Method, Task, masked_mean
from meta_rl.networks import MLP
from meta_rl.rollout import Window
from meta_rl.streams import Streams


@dataclass(frozen=True)
class Config:
    """Defaults are the paper's."""

    window: Annotated[int, (1, 1000), "transitions K that the encoder sees"] = 20
    hidden: Annotated[tuple[int, ...], (1, 4096), "units per hidden layer of the encoder"] = (16, 16)
    size: Annotated[int, (1, 1000), "dimensions of the encoding z"] = 2


class JRPL(Method):
    """z = masked mean over the window of an encoder of single transitions."""

    def __init__(self, config: Config, task: Task, streams: Streams) -> None:
        super().__init__()
        self.window, self.size = config.window, config.size
        self.encoder = MLP(streams, "jrpl", (task.transition, *config.hidden, config.size))

    def embed(self, transitions: Tensor) -> Tensor:
        return self.encoder(transitions)

    def forward(self, context: Tensor | None, window: Window | None) -> Tensor:
        assert window is not None
        return masked_mean(window.transitions, window.mask)


def build(config: Config, task: Task, streams: Streams) -> Method:
    return JRPL(config, task, streams)
