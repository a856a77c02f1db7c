"""Layers and an optimiser with a leading seed axis: S independent networks that never see each other."""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from meta_rl.streams import Streams


class MLP(nn.Module):
    """S multilayer perceptrons with ReLU between the layers: [S, ..., sizes[0]] -> [S, ..., sizes[-1]].

    A layer of all seeds is one batched matrix product. Weights and biases start uniform in +-1/sqrt(inputs),
    like PyTorch's own layer. Two habits of matrix products on a CPU shape what is stored:

    - Products with a short contiguous side take up to five times as long: the longer side comes last.
    - With a side of 1, or inner sizes that are no multiple of 4, the last bit of a product depends on the size
      of the stack: units that stay zero pad them. They get no gradient and change nothing.
    """

    def __init__(self, streams: Streams, purpose: str, sizes: Sequence[int]) -> None:
        super().__init__()
        widths = [max(2, sizes[0]), *(-(-size // 4) * 4 for size in sizes[1:-1]), max(2, sizes[-1])]
        self._padding, self._outputs = widths[0] - sizes[0], sizes[-1]
        self._layers: list[tuple[nn.Parameter, nn.Parameter, bool]] = []
        for depth, (inputs, outputs) in enumerate(pairwise(sizes)):
            draw = 2 * streams.uniform(f"init/{purpose}/{depth}", inputs + 1, outputs) - 1
            start = torch.from_numpy(draw / math.sqrt(inputs)).float()
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
                flat = flat.relu_()
            flat = torch.baddbmm(bias, flat, weight.transpose(1, 2) if turned else weight)
        if self._outputs == 1:
            flat = flat[..., :1]
        return flat if x.dim() == 3 else flat.unflatten(1, x.shape[1:-1])


class Adam:
    """Adam (Kingma & Ba 2015, section 2, in the order of its last paragraph), from elementwise operations.

    PyTorch's fused Adam rounds elements by their place in memory, so a seed's weights would depend on the
    stack. The parameters move into one flat tensor, so that a step costs a handful of operations.
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
        self._flat = torch.cat([p.detach().flatten() for p in self.parameters])
        parts = self._flat.split([p.numel() for p in self.parameters])
        for parameter, part in zip(self.parameters, parts, strict=True):
            parameter.data = part.view_as(parameter)
        self._steps = 0
        self._first, self._second = torch.zeros_like(self._flat), torch.zeros_like(self._flat)

    def minimise(self, loss: Tensor, max_norm: float | None = None) -> None:
        """One step down `loss` [S] (summed over seeds, so none scales another), clipped per seed."""
        gradients = torch.autograd.grad(loss.sum(), self.parameters)
        if max_norm is not None:
            gradients = clip_per_seed(gradients, max_norm)
        gradient = torch.cat([g.flatten() for g in gradients])
        self._steps += 1
        b1, b2 = self.betas
        correction = math.sqrt(1 - b2**self._steps)
        self._first.lerp_(gradient, 1 - b1)
        self._second.mul_(b2).addcmul_(gradient, gradient, value=1 - b2)
        scale = self._second.sqrt().add_(self.epsilon * correction)
        rate = self.learning_rate * correction / (1 - b1**self._steps)
        self._flat.addcdiv_(self._first, scale, value=-rate)

    def state_dict(self) -> dict[str, Any]:
        return {"steps": self._steps, "first": self._first, "second": self._second}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._steps = state["steps"]
        self._first, self._second = state["first"].clone(), state["second"].clone()


def clip_per_seed(gradients: Sequence[Tensor], max_norm: float) -> tuple[Tensor, ...]:
    """Scale each seed's gradient to an L2 norm of at most `max_norm`, over its own parameters alone."""
    squared = sum(g.flatten(1).square().sum(1) for g in gradients)
    scale = (max_norm / (torch.as_tensor(squared).sqrt() + 1e-6)).clamp(max=1.0)
    return tuple(g * scale.view(-1, *[1] * (g.dim() - 1)) for g in gradients)


@torch.no_grad()
def copy_weights(source: nn.Module, target: nn.Module) -> None:
    """Overwrite the target's parameters with the source's (the hard update of target networks)."""
    pairs = list(zip(target.parameters(), source.parameters(), strict=True))
    if pairs:
        into, from_ = zip(*pairs, strict=True)
        torch._foreach_copy_(list(into), list(from_))
