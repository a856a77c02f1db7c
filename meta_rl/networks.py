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
    """Adam (Kingma & Ba 2015, section 2, in the order of its last paragraph), from elementwise operations.

    PyTorch's fused Adam rounds elements by their place in memory, so a seed's weights would depend on the
    stack. All of a seed's parameters lie side by side here, [S, P], so that a step costs a handful of operations.
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
        self._steps = 0
        self._gradient = torch.cat([_rows(parameter.detach()) for parameter in self.parameters], 1)
        self._first, self._second = torch.zeros_like(self._gradient), torch.zeros_like(self._gradient)
        self._change = torch.empty_like(self._gradient)
        widths = [parameter[0].numel() for parameter in self.parameters]
        parts = zip(self._change.split(widths, 1), self.parameters, strict=True)
        self._changes = [part.view(parameter.shape) for part, parameter in parts]

    def minimise(self, loss: Tensor, max_norm: float | None = None) -> None:
        """One step down `loss` [S] (summed over seeds, so none scales another), clipped per seed."""
        gradients = torch.autograd.grad(loss.sum(), self.parameters)
        gradient = torch.cat([_rows(each) for each in gradients], 1, out=self._gradient)
        if max_norm is not None:
            clip_per_seed(gradient, max_norm)
        self._steps += 1
        b1, b2 = self.betas
        correction = math.sqrt(1 - b2**self._steps)
        self._first.lerp_(gradient, 1 - b1)
        self._second.mul_(b2).addcmul_(gradient, gradient, value=1 - b2)
        torch.sqrt(self._second, out=self._change).add_(self.epsilon * correction)
        torch.div(self._first, self._change, out=self._change)
        self._change.mul_(-self.learning_rate * correction / (1 - b1**self._steps))
        with torch.no_grad():
            torch._foreach_add_(self.parameters, self._changes)

    def state_dict(self) -> dict[str, Any]:
        return {"steps": self._steps, "first": self._first, "second": self._second}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._steps = state["steps"]
        self._first, self._second = state["first"].clone(), state["second"].clone()


def _rows(parameter: Tensor) -> Tensor:
    """What belongs to each seed, side by side: [S, ...] -> [S, P]."""
    return parameter.reshape(len(parameter), -1)


def clip_per_seed(gradient: Tensor, max_norm: float) -> None:
    """Scale each seed's gradient, a row of [S, P], to an L2 norm of at most `max_norm`, in place."""
    norm = gradient.square().sum(1, keepdim=True).sqrt_()
    gradient.mul_((max_norm / (norm + 1e-6)).clamp_(max=1.0))


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
