"""Perceptrons whose hidden units are masked, in several ways at once."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad

from meta_rl.stack.networks import MLP
from meta_rl.streams import Streams

_ACTIVATE = {"relu": torch.relu_, "tanh": torch.tanh_}


class Masked(MLP):
    """One perceptron of each of S seeds, and K masks of its hidden units; without them it is an MLP.

    `masks`: for each hidden layer [S, K, H], which are kept as they are.
    """

    def __init__(
        self,
        streams: Streams,
        purpose: str,
        sizes: Sequence[int],
        masks: Sequence[Tensor],
        activation: str = "relu",
        orthogonal: float | None = None,
    ) -> None:
        super().__init__(streams, purpose, sizes, activation, orthogonal)
        self._masks = [f"mask{depth}" for depth in range(len(masks))]
        for name, mask in zip(self._masks, masks, strict=True):
            self.register_buffer(name, mask)

    @property
    def masks(self) -> list[Tensor]:
        """[S, K, 1, H] for each hidden layer."""
        return [self.get_buffer(name).unsqueeze(2) for name in self._masks]

    def through(self, masks: Sequence[Tensor], x: Tensor) -> Tensor:
        """What it says of x [S, B, I] behind masks [S, K, B or 1, H] of each hidden layer: [K, S, B, O]."""
        rows, flat = x.shape[1], x
        # With what fills them up: at odd inner sizes PyTorch's products round by how many there are beside them.
        for depth, (weight, bias) in enumerate(self.filled(self.theta)):
            if depth:
                hidden, mask = _ACTIVATE[self._activation](flat).unflatten(1, (-1, rows)), masks[depth - 1]
                flat = (hidden * pad(mask, (0, hidden.shape[-1] - mask.shape[-1]))).flatten(1, 2)
            flat = torch.baddbmm(bias, pad(flat, (0, weight.shape[1] - flat.shape[2])), weight)
        return flat[..., : self.sizes[-1]].unflatten(1, (-1, rows)).transpose(0, 1)


class AlwaysMasked(Masked):
    """The same behind all of its masks: [S, B, I] -> [K, S, B, O]."""

    def forward(self, x: Tensor) -> Tensor:
        return self.through(self.masks, x)
