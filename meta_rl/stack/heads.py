"""Several networks per seed and purpose: K heads that ride the stack axis, or one network behind K masks."""

from collections.abc import Sequence

from torch import Tensor

from meta_rl.stack.networks import MLP, plan_of
from meta_rl.streams import Streams


class Heads(MLP):
    """K perceptrons of each of S seeds, which never see each other: [S, B, I] -> [K, S, B, O].

    To the kernels they are a stack of S K; a seed's weights are a row of `theta`, so that they stay together.
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
        super().__init__(Streams(keys), purpose, sizes, activation, orthogonal)
        self._heads, self._size = heads, self.theta.shape[1]
        self.theta.data = self.theta.data.view(len(streams.keys), -1)

    def layers_of(self, theta: Tensor) -> list[tuple[Tensor, Tensor]]:
        """[S, K, inputs, outputs] and [S, K, 1, outputs], once a seed's heads are one row."""
        size = plan_of(self.sizes, self._activation).size
        heads, found = theta.shape[1] // size, super().layers_of(theta.view(-1, size))
        if heads == 1:
            return found
        return [(weight.unflatten(0, (-1, heads)), bias.unflatten(0, (-1, heads))) for weight, bias in found]

    def forward(self, x: Tensor) -> Tensor:
        flat = self.outputs(x.repeat_interleave(self._heads, 0), self.theta.view(-1, self._size))
        return flat.unflatten(0, (-1, self._heads)).transpose(0, 1)

    def frozen(self) -> "Heads":
        """With buffers for parameters: no optimiser takes them, and no target network follows them."""
        for name, parameter in list(self.named_parameters()):
            delattr(self, name)
            self.register_buffer(name, parameter.requires_grad_(False))
        return self
