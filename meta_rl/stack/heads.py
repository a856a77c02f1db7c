"""Several networks per seed and purpose: K heads that ride the stack axis, or one network behind K masks."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad

from meta_rl.stack.networks import MLP
from meta_rl.streams import Streams


class Heads(MLP):
    """K perceptrons of each of S seeds, which never see each other: [S, B, I] -> [K, S, B, O].

    To matrix products they are a stack of S K; their weights are kept as [S, K, ...], so that a seed's stay together.
    """

    def __init__(
        self,
        streams: Streams,
        purpose: str,
        heads: int,
        sizes: Sequence[int],
        activation: str = "relu",
        orthogonal: float | None = None,
    ) -> None:
        keys = [f"{key} head {head}" for key in streams.keys for head in range(heads)]
        *others, outputs = sizes
        # Many outputs are an inner size of a product, too, when gradients go back: see `MLP`.
        filled = outputs if outputs < 4 else -(-outputs // 4) * 4
        super().__init__(Streams(keys), purpose, (*others, filled), activation, orthogonal)
        self._heads, self._outputs = heads, outputs
        for parameter in self.parameters():
            parameter.data = parameter.data.unflatten(0, (-1, heads))

    def forward(self, x: Tensor) -> Tensor:
        flat = pad(x, (0, self._padding)).repeat_interleave(self._heads, 0)
        for depth, (weight, bias, turned) in enumerate(self._layers):
            if depth:
                flat = self._activate(flat)
            stacked = weight.flatten(0, 1)
            flat = torch.baddbmm(bias.flatten(0, 1), flat, stacked.transpose(1, 2) if turned else stacked)
        return flat[..., : self._outputs].unflatten(0, (-1, self._heads)).transpose(0, 1)

    def frozen(self) -> "Heads":
        """With buffers for parameters: no optimiser takes them, and no target network follows them."""
        for name, parameter in list(self.named_parameters()):
            delattr(self, name)
            self.register_buffer(name, parameter.requires_grad_(False))
        return self
