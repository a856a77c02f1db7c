"""Layers and an optimiser with a leading seed axis: S independent networks that never see each other."""

import math
import os
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from meta_rl.streams import Streams

# MKL, unless asked otherwise before its first product, may round a product by how many there are beside it.
os.environ.setdefault("MKL_CBWR", "AUTO")

_ACTIVATIONS = ("relu", "tanh")


@cache
def compiled() -> Any:
    """The kernels, loaded when the first network or optimiser is used."""
    from meta_rl.kernels import compiled as kernels

    return kernels


class Plan:
    """What the kernels know of a network of these sizes, as `meta_rl.kernels.networks` says."""

    def __init__(self, sizes: tuple[int, ...], activation: str) -> None:
        filled = [-(-size // 8) * 8 for size in sizes]
        self._constants = torch.zeros(max(filled) + 1)  # zeros, and a one
        self._constants[-1] = 1.0
        zeros = self._constants.data_ptr()
        tanh = _ACTIVATIONS.index(activation)
        self._numbers = np.array(
            [len(sizes) - 1, tanh, zeros, zeros + 4 * max(filled), *sizes], dtype=np.int64
        )
        self.address = self._numbers.ctypes.data
        self.outputs = sizes[-1]
        self.last = filled[-1]
        self.hidden = sum(filled[1:-1])  # numbers of a row between the layers
        self.widest = max(filled)
        self.panels = max((inputs + 16) * outputs for inputs, outputs in pairwise(filled))
        self.panels = max(self.panels, *((outputs + 16) * inputs for inputs, outputs in pairwise(filled)))
        # Of each layer where W and b begin, and the filled sizes of W.
        self.places: list[tuple[int, int, int, int]] = []
        self.size = 0
        for inputs, outputs in pairwise(filled):
            self.places.append((self.size, self.size + inputs * outputs, inputs, outputs))
            self.size += (inputs + 1) * outputs


plan_of = cache(Plan)


class MLP(nn.Module):
    """S multilayer perceptrons: [S, ..., sizes[0]] -> [S, ..., sizes[-1]].

    `activation`, between the layers: "relu" or "tanh". Weights and biases start uniform in +-1/sqrt(inputs),
    like PyTorch's own layer. With an `orthogonal` gain for the last layer, weights start orthogonal instead
    (Saxe et al. 2014), those of the other layers with a gain of sqrt(2), and biases at zero.

    All weights of a seed are a row of `theta`, as the kernels want them; `layers` shows them. Below `forward`
    everything is compiled (meta_rl.kernels.networks): a seed's numbers never meet those of another one.
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
        self.sizes, self._activation = tuple(sizes), activation
        plan = plan_of(self.sizes, activation)
        self.theta = nn.Parameter(torch.zeros(len(streams.keys), plan.size))
        for depth, (weight, bias) in enumerate(self.layers()):
            gain = orthogonal if orthogonal is None or depth == len(sizes) - 2 else math.sqrt(2)
            inputs, outputs = weight.shape[1:]
            start = _start(streams, f"init/{purpose}/{depth}", inputs, outputs, gain)
            with torch.no_grad():
                weight.copy_(torch.from_numpy(start[:, :-1]))
                bias.copy_(torch.from_numpy(start[:, -1:]))

    def layers(self) -> list[tuple[Tensor, Tensor]]:
        """Views of W [S, inputs, outputs] and b [S, 1, outputs] of each layer: x W + b."""
        return self.layers_of(self.theta)

    def layers_of(self, theta: Tensor) -> list[tuple[Tensor, Tensor]]:
        """The same of other weights, or of their gradient."""
        pairs = zip(self.filled(theta), pairwise(self.sizes), strict=True)
        return [
            (weight[:, :inputs, :outputs], bias[..., :outputs]) for (weight, bias), (inputs, outputs) in pairs
        ]

    def filled(self, theta: Tensor) -> list[tuple[Tensor, Tensor]]:
        """The same with the zeros that fill them up."""
        return [
            (
                theta[:, weight:bias].unflatten(1, (inputs, outputs)),
                theta[:, bias : bias + outputs].unsqueeze(1),
            )
            for weight, bias, inputs, outputs in plan_of(self.sizes, self._activation).places
        ]

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        """Weights have names and shapes of their own in a file, without what fills them up."""
        theta = self.theta if keep_vars else self.theta.detach()
        for depth, (weight, bias) in enumerate(self.layers_of(theta)):
            destination.update({f"{prefix}weight{depth}": weight, f"{prefix}bias{depth}": bias})

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        with torch.no_grad():
            for depth, (weight, bias) in enumerate(self.layers()):
                for name, part in (("weight", weight), ("bias", bias)):
                    part.copy_(state_dict[f"{prefix}{name}{depth}"])

    def forward(self, x: Tensor) -> Tensor:
        flat = self.outputs(x if x.dim() == 3 else x.flatten(1, -2), self.theta)
        return flat if x.dim() == 3 else flat.unflatten(1, x.shape[1:-1])

    def outputs(self, x: Tensor, theta: Tensor) -> Tensor:
        """Of networks with the weights `theta` [N, P], which are its own, for x [N, B, I]: [N, B, O]."""
        x, plan = x.contiguous(), plan_of(self.sizes, self._activation)
        if x.shape[0] != theta.shape[0] or x.shape[2] != self.sizes[0] or x.dtype != torch.float32:
            raise ValueError(f"{tuple(x.shape)} of {x.dtype} is no input of networks {self.sizes}")
        if torch.is_grad_enabled() and (theta.requires_grad or x.requires_grad):
            found: Tensor = _Forward.apply(x, theta, plan, id(self.theta))
            return found
        return _forward(x, theta, plan, keep=False)[0]


def _forward(x: Tensor, theta: Tensor, plan: Plan, keep: bool) -> tuple[Tensor, Tensor]:
    """Outputs [S, B, O], and what the layers gave, to `keep` for the way back."""
    seeds, rows, _ = x.shape
    hidden, out = rows * plan.hidden, torch.empty(seeds, rows, plan.outputs)
    room = _room(hidden + rows * plan.last + plan.panels)
    kept = torch.empty(seeds, hidden) if keep else room
    compiled().forward(
        seeds, rows, plan.address, x.data_ptr(), theta.data_ptr(), 4 * plan.size, kept.data_ptr(),
        4 * hidden if keep else 0, out.data_ptr(), room.data_ptr() + 4 * hidden,
    )  # fmt: skip
    return out, kept


_rooms = [torch.empty(0)]


def _room(count: int) -> Tensor:
    """Room for that many numbers during one call of a kernel: always the same, which stays in the cache."""
    if _rooms[0].numel() < count:
        _rooms[0] = torch.empty(count)
    return _rooms[0]


class _Forward(torch.autograd.Function):
    """A network as one function of its input and its weights: here torch ends and the kernels begin."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, theta: Tensor, plan: Plan, parameter: int) -> Tensor:
        """`parameter` is the id of the one that `theta` is, or is a view of."""
        out, kept = _forward(x, theta, plan, keep=True)
        ctx.save_for_backward(x, theta, kept)
        ctx.plan, ctx.parameter = plan, parameter
        return out

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        x, theta, kept = ctx.saved_tensors
        plan, (seeds, rows, _) = ctx.plan, x.shape
        gradient = gradient.contiguous()
        of_x = torch.empty_like(x) if ctx.needs_input_grad[0] else None
        wanted = ctx.needs_input_grad[1] and (not _minimised or ctx.parameter in _minimised)
        of_theta = torch.empty_like(theta) if wanted else None
        room = _room(2 * rows * plan.widest + max(plan.panels, rows * (plan.widest + 16)))
        compiled().backward(
            seeds, rows, plan.address, x.data_ptr(), theta.data_ptr(), 4 * plan.size, kept.data_ptr(),
            4 * rows * plan.hidden, gradient.data_ptr(), 0 if of_theta is None else of_theta.data_ptr(),
            0 if of_x is None else of_x.data_ptr(), room.data_ptr(),
        )  # fmt: skip
        return of_x, of_theta, None, None


# The ids of what an optimiser differentiates by at the moment: no other weights need their gradient.
_minimised: frozenset[int] = frozenset()


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
    """Adam (Kingma & Ba 2015, algorithm 1), each seed by itself: a step is one call of meta_rl.kernels.optimiser."""

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        learning_rate: float,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
    ) -> None:
        self.parameters = list(parameters)
        self.learning_rate, self.betas, self.epsilon = learning_rate, betas, epsilon
        self._seeds, self._steps = len(self.parameters[0]), 0
        self._first, self._second = ([torch.zeros_like(one) for one in self.parameters] for _ in range(2))
        counts = [(0, 0, 0, 0, one.numel() // self._seeds) for one in self.parameters]
        self._table = np.array(counts, dtype=np.int64)
        self._trained = frozenset(map(id, self.parameters))

    def minimise(self, loss: Tensor, max_norm: float | None = None) -> None:
        """One step down `loss` [S] (summed over seeds, so none scales another), clipped per seed."""
        global _minimised
        before, _minimised = _minimised, self._trained
        try:
            gradients = torch.autograd.grad(loss, self.parameters, torch.ones_like(loss))
        finally:
            _minimised = before
        self.step([gradient.contiguous() for gradient in gradients], max_norm)

    def step(self, gradients: Sequence[Tensor], max_norm: float | None = None) -> None:
        """One step with gradients [S, ...], which are clipped together to an L2 norm of at most `max_norm`."""
        self._steps += 1
        columns = zip(self.parameters, gradients, self._first, self._second, strict=True)
        self._table[:, :4] = [[one.data_ptr() for one in line] for line in columns]
        compiled().adam(
            self._seeds, len(self._table), self._table.ctypes.data, self._steps, self.learning_rate, *self.betas,
            self.epsilon, math.inf if max_norm is None else max_norm,
        )  # fmt: skip

    def state_dict(self) -> dict[str, Any]:
        return {"steps": self._steps, "first": self._first, "second": self._second}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._steps = state["steps"]
        self._first, self._second = ([one.clone() for one in state[key]] for key in ("first", "second"))


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
