"""One network, which does not say how certain it is; and what agents ask of every kind of critic."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn.functional import mse_loss, smooth_l1_loss

from meta_rl.stack.networks import MLP
from meta_rl.streams import Streams

_ERRORS = {"squared": mse_loss, "huber": smooth_l1_loss}


class Plain:
    """What predictions of values are, what acts of them, what their loss is, and how uncertain they are.

    A prediction is [..., S, B, O]. The axes in front are the kind's own, and here there are none: so rewards, and all
    else that is [S, B], go with every kind, and an agent says its targets once for all of them. `config` is the
    agent's; it may have a `loss`, the name of an error, which else is squared.
    """

    axes: tuple[int, ...] = ()  # those in front

    def __init__(self, config: Any, streams: Streams) -> None:
        self.config, self.streams = config, streams

    def network(
        self, purpose: str, sizes: Sequence[int], activation: str = "relu", orthogonal: float | None = None
    ) -> nn.Module:
        """A new network, [S, B, I] to a prediction; the arguments are those of `MLP`."""
        return MLP(self.streams, purpose, sizes, activation, orthogonal)

    def learning(self, network: nn.Module, inputs: Tensor) -> Tensor:
        """What a network predicts where it is to learn from the loss."""
        return network(inputs)

    def votes(self, network: nn.Module, inputs: Tensor) -> Tensor:
        """What a network predicts where the agent is asked how uncertain it is."""
        return network(inputs)

    def expected(self, prediction: Tensor) -> Tensor:
        """The expectations of all who have targets of their own, [..., S, B, O]: here there is one."""
        return prediction

    def mean(self, prediction: Tensor) -> Tensor:
        """What the agent acts by, without axes in front."""
        return prediction

    def errors(self, prediction: Tensor, target: Tensor) -> Tensor:
        """How far off values [..., S, B] are from targets of the same shape."""
        return _ERRORS[getattr(self.config, "loss", "squared")](prediction, target, reduction="none")

    def loss(self, prediction: Tensor, target: Tensor, place: Tensor | None) -> Tensor:
        """The mean error [S] of what is `learning`; `place`, int64 [S, B], is where the transitions are remembered."""
        return self.errors(prediction, target).mean(-1)

    def doubt(self, votes: Tensor) -> dict[str, Tensor]:
        """How uncertain values [..., S, B] are, each [S, B] by the name of the signal, in the unit of the values."""
        return {}
