"""Layers and an optimiser with a leading seed axis: S independent networks that never see each other."""

import math
import os
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from meta_rl.streams import Streams

# MKL, unless asked otherwise before its first product, may round a product by how many there are beside it.
os.environ.setdefault("MKL_CBWR", "AUTO")

_REGISTER = 16  # floats in the widest vector register of a CPU

_ACTIVATIONS = {"relu": torch.relu_, "tanh": torch.tanh_}


class MLP(nn.Module):
    """S multilayer perceptrons: [S, ..., sizes[0]] -> [S, ..., sizes[-1]].

    `activation`, between the layers: "relu" or "tanh". Weights and biases start uniform in +-1/sqrt(inputs),
    like PyTorch's own layer. With an `orthogonal` gain for the last layer, weights start orthogonal instead
    (Saxe et al. 2014), those of the other layers with a gain of sqrt(2), and biases at zero.

    A layer of all seeds is one batched matrix product. Two habits of matrix products on a CPU shape what is
    stored:

    - Products with a short contiguous side take up to five times as long: the longer side comes last.
    - With a side of 1, or inner sizes that are no multiple of 4, the last bit of a product depends on the size
      of the stack: units that stay zero pad them. They get no gradient and change nothing.
    """

    def __init__(
        self,
        streams: Streams,
        purpose: str,
        sizes: Sequence[int],
        activation: str = "relu",
        orthogonal: float | None = None,
    ) -> None:
        super().__init__()
        self._activate = _ACTIVATIONS[activation]
        widths = [max(2, sizes[0]), *(-(-size // 4) * 4 for size in sizes[1:-1]), max(2, sizes[-1])]
        self._padding, self._outputs = widths[0] - sizes[0], sizes[-1]
        self._layers: list[tuple[nn.Parameter, nn.Parameter, bool]] = []
        for depth, (inputs, outputs) in enumerate(pairwise(sizes)):
            gain = orthogonal if orthogonal is None or depth == len(sizes) - 2 else math.sqrt(2)
            start = torch.from_numpy(
                _start(streams, f"init/{purpose}/{depth}", inputs, outputs, gain)
            ).float()
            weight = start.new_zeros(len(start), *widths[depth : depth + 2])
            bias = start.new_zeros(len(start), 1, widths[depth + 1])
            weight[:, :inputs, :outputs], bias[..., :outputs] = start[:, :-1], start[:, -1:]
            turned = widths[depth + 1] < widths[depth]
            stored = nn.Parameter(weight.transpose(1, 2).contiguous() if turned else weight)
            layer = stored, nn.Parameter(bias)
            self.register_parameter(f"weight{depth}", layer[0])
            self.register_parameter(f"bias{depth}", layer[1])
            self._layers.append((*layer, turned))

    def forward(self, x: Tensor) -> Tensor:
        flat = x if x.dim() == 3 else x.flatten(1, -2)
        if self._padding:
            flat = pad(flat, (0, self._padding))
        for depth, (weight, bias, turned) in enumerate(self._layers):
            if depth:
                flat = self._activate(flat)
            flat = torch.baddbmm(bias, flat, weight.transpose(1, 2) if turned else weight)
        if self._outputs == 1:
            flat = flat[..., :1]
        return flat if x.dim() == 3 else flat.unflatten(1, x.shape[1:-1])


def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + exp(-x)). PyTorch's own rounds what does not fill a vector register in another way than the rest."""
    return 0.5 + 0.5 * torch.tanh(0.5 * x)


def _start(streams: Streams, purpose: str, inputs: int, outputs: int, gain: float | None) -> np.ndarray:
    """First weights of a layer, [S, inputs + 1, outputs]; the last row are its biases."""
    if gain is None:
        return (2 * streams.uniform(purpose, inputs + 1, outputs) - 1) / math.sqrt(inputs)
    normal = streams.normal(purpose, max(inputs, outputs), min(inputs, outputs))
    basis, triangle = np.linalg.qr(normal)
    # With these signs the distribution is uniform over orthogonal matrices (Mezzadri 2007).
    basis = gain * basis * np.sign(np.diagonal(triangle, axis1=1, axis2=2))[:, None]
    weight = basis if inputs >= outputs else basis.transpose(0, 2, 1)
    return np.concatenate((weight, np.zeros_like(weight[:, :1])), axis=1)


class Adam:
    """Adam (Kingma & Ba 2015, algorithm 1): a step is one pass of PyTorch's fused kernel over all there is.

    The kernel rounds what does not fill a vector register in another way, so a seed's weights would depend on
    its place in the stack. Here the parameters are views of one array, in which each fills whole registers.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        learning_rate: float,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
    ) -> None:
        self.parameters = list(parameters)
        self.learning_rate, self.betas, self.epsilon = learning_rate, betas, epsilon
        size = sum(_padded(parameter) for parameter in self.parameters)
        arrays = self.parameters[0].new_zeros(4, size).requires_grad_(False)
        self._values, self._gradient, self._first, self._second = arrays
        self._gradients = self._views(self._gradient)
        for parameter, view in zip(self.parameters, self._views(self._values), strict=True):
            parameter.data = view.copy_(parameter.detach())
        self._steps = torch.zeros(())

    def minimise(self, loss: Tensor, max_norm: float | None = None) -> None:
        """One step down `loss` [S] (summed over seeds, so none scales another), clipped per seed."""
        torch._foreach_copy_(self._gradients, torch.autograd.grad(loss.sum(), self.parameters))
        if max_norm is not None:
            clip_per_seed(self._gradients, max_norm)
        self._steps += 1
        # What torch.optim.Adam(fused=True) calls; that one would import a compiler into every job.
        torch._fused_adam_(
            [self._values], [self._gradient], [self._first], [self._second], [], [self._steps],
            lr=self.learning_rate, beta1=self.betas[0], beta2=self.betas[1], weight_decay=0.0,
            eps=self.epsilon, amsgrad=False, maximize=False,
        )  # fmt: skip

    def state_dict(self) -> dict[str, Any]:
        return {"steps": self._steps, "first": self._first, "second": self._second}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._steps, self._first, self._second = (state[key].clone() for key in ("steps", "first", "second"))

    def _views(self, array: Tensor) -> list[Tensor]:
        """The part of each parameter in a flat array, in the parameter's shape."""
        parts = array.split([_padded(parameter) for parameter in self.parameters])
        pairs = zip(parts, self.parameters, strict=True)
        return [part[: parameter.numel()].view(parameter.shape) for part, parameter in pairs]


def _padded(parameter: Tensor) -> int:
    """How many numbers the registers hold that a parameter needs."""
    return -(-parameter.numel() // _REGISTER) * _REGISTER


def clip_per_seed(gradients: Sequence[Tensor], max_norm: float) -> None:
    """Scale each seed's gradients [S, ...] together to an L2 norm of at most `max_norm`, in place."""
    rows = torch.cat([gradient.reshape(len(gradient), -1) for gradient in gradients], 1)
    scale = (max_norm / (rows.square_().sum(1).sqrt_() + 1e-6)).clamp_(max=1.0)
    if (scale < 1).any():
        for gradient in gradients:
            gradient.mul_(scale.view(-1, *[1] * (gradient.dim() - 1)))


def copy_weights(source: nn.Module, target: nn.Module) -> None:
    """Overwrite the target's parameters with the source's (the hard update of target networks)."""
    mix_weights(source, target, 1.0)


@torch.no_grad()
def mix_weights(source: nn.Module, target: nn.Module, part: float) -> None:
    """target <- (1 - part) target + part source: the soft update of target networks (Lillicrap et al. 2016)."""
    pairs = list(zip(target.parameters(), source.parameters(), strict=True))
    if pairs:
        into, from_ = zip(*pairs, strict=True)
        torch._foreach_lerp_(list(into), list(from_), part)
