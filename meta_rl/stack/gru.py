"""Gated recurrent units with a leading seed axis, one step at a time or over sequences (Cho et al. 2014)."""

from typing import Any

import torch
from torch import Tensor, nn

from meta_rl.stack.networks import MLP, sigmoid
from meta_rl.streams import Streams


class GRU(nn.Module):
    """S layers of H units each, with the reset gate behind the product, as in PyTorch's own:

    r, u = sigmoid(x W + b + h U + c);  n = tanh(x W' + b' + r (h U' + c'));  h <- (1 - u) n + u h
    """

    def __init__(self, streams: Streams, purpose: str, inputs: int, units: int) -> None:
        super().__init__()
        self._units = units
        self.entering = MLP(streams, f"{purpose}/entering", (inputs, 3 * units))
        self.staying = MLP(streams, f"{purpose}/staying", (units, 3 * units))

    def forward(self, x: Tensor, state: Tensor) -> Tensor:
        """The states [S, N, H] after inputs [S, N, I] in `state`."""
        entering, staying = self.entering(x), self.staying(state)
        gates = 2 * self._units
        reset, kept = sigmoid(entering[..., :gates] + staying[..., :gates]).chunk(2, -1)
        new = torch.tanh(entering[..., gates:] + reset * staying[..., gates:])
        return new + kept * (state - new)

    def scan(self, x: Tensor, start: Tensor, keep: Tensor) -> Tensor:
        """The states [S, Q, T, H] after each of T inputs [S, Q, T, I], from `start` [S, Q, H] on.

        `keep` [S, Q, T] is 0 where the state before an input is forgotten, else 1.
        """
        # Of one sequence there would be views with gaps, which are as wide as the stack: products round by that.
        entering = self.entering(x.transpose(1, 2).contiguous())
        kept = keep.permute(2, 0, 1).unsqueeze(-1)
        ((weight, bias),) = self.staying.layers()
        states: Tensor = _Scan.apply(entering, start, kept, weight, bias)
        return states.permute(1, 2, 0, 3).contiguous()


class _Scan(torch.autograd.Function):
    """All steps at once: PyTorch's graph of small products would take several times as long.

    Constants are taken out of the loops, as each call costs more than its numbers do: 2 sigmoid(x) - 1 = tanh(x / 2),
    and a step back is linear in the gradient of its state.
    """

    @staticmethod
    def forward(
        ctx: Any, entering: Tensor, start: Tensor, keep: Tensor, weight: Tensor, bias: Tensor
    ) -> Tensor:
        """States [T, S, Q, H] from what inputs give, [S, T, Q, 3 H], and the weights [S, H, 3 H] of the state."""
        entering = entering.transpose(0, 1)
        steps, seeds, rows, _ = entering.shape
        units = start.shape[-1]
        product, gates = entering.new_empty(entering.shape), entering.new_empty(steps, seeds, rows, 2 * units)
        before, new, states = entering.new_empty(3, steps, seeds, rows, units)
        inner, (for_reset, for_kept) = product[..., 2 * units :], gates.chunk(2, -1)
        parts = (
            0.5 * entering[..., : 2 * units], entering[..., 2 * units :], keep, before, product,
            product[..., : 2 * units], inner, gates, for_reset, for_kept, new, states,
        )  # fmt: skip
        half_weight, half_bias, half, state = 0.5 * weight, 0.5 * bias, torch.full_like(start, 0.5), start
        for opens, enters, lives, was, of_all, of_gates, of_new, gate, resets, keeps, candidate, after in zip(
            *(part.unbind() for part in parts), strict=True
        ):
            torch.mul(state, lives, out=was)
            torch.baddbmm(half_bias, was, half_weight, out=of_all)
            torch.add(opens, of_gates, out=gate).tanh_()
            torch.add(enters, of_new, out=candidate).addcmul_(resets, of_new).tanh_()
            state = torch.lerp(candidate, was, torch.add(half, keeps, alpha=0.5), out=after)
        if any(ctx.needs_input_grad):
            ctx.save_for_backward(before, gates, inner, new, keep, weight)
        return states

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        before, gates, inner, new, keep, weight = ctx.saved_tensors
        reset, kept = (0.5 + 0.5 * gates).chunk(2, -1)
        # What a gradient of the state is worth before each of the functions: of n, r and u, and of h U' + c'.
        to_new = (1 - kept) * (1 - new.square())
        to_reset = to_new * 2 * inner * reset * (1 - reset)
        to_kept = (before - new) * kept * (1 - kept)
        worth = torch.stack((to_reset, to_kept, to_new * reset), -2)
        back = weight.transpose(1, 2)
        states, staying = torch.empty_like(new), torch.empty_like(worth)
        parts = (gradient, worth, kept, keep, states, staying, staying.flatten(-2))
        later = torch.zeros_like(gradient[0])
        for arrives, worthy, keeps, lives, here, apart, product in reversed(
            list(zip(*(part.unbind() for part in parts), strict=True))
        ):
            torch.add(later, arrives, out=here)
            torch.mul(here.unsqueeze(-2), worthy, out=apart)
            later = torch.baddbmm(here * keeps, product, back) * lives
        flat, was = (
            part.transpose(0, 1).contiguous().flatten(1, 2) for part in (staying.flatten(-2), before)
        )
        of_weight = torch.bmm(was.transpose(1, 2), flat)
        entering = torch.cat((staying[..., :2, :].flatten(-2), states * to_new), -1)
        return entering.transpose(0, 1).contiguous(), later, None, of_weight, flat.sum(1, keepdim=True)
