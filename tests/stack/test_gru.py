"""Gated recurrent units: PyTorch's own, sequences against single steps, and the same in any stack."""

from typing import Any

import pytest
import torch
from seeded_networks import data
from test_any_stack import check_alike
from torch import Tensor

from meta_rl.stack.gru import GRU
from meta_rl.streams import Streams


def unit(seeds: list[int], inputs: int, units: int) -> GRU:
    return GRU(Streams([f"run {seed}" for seed in seeds]), "test", inputs, units)


def some(seeds: list[int], rows: int, steps: int, inputs: int, units: int) -> tuple[Tensor, Tensor, Tensor]:
    """Inputs, states to start from, and a third of all states forgotten."""
    x = data(seeds, rows, steps, inputs).requires_grad_()
    start = data(seeds, rows, units, purpose="start").requires_grad_()
    return x, start, (data(seeds, rows, steps, purpose="keep") > -0.5).float()


def one_by_one(gru: GRU, x: Tensor, start: Tensor, keep: Tensor) -> Tensor:
    states, state = [], start
    for t in range(x.shape[2]):
        state = gru(x[:, :, t], state * keep[:, :, t, None])
        states.append(state)
    return torch.stack(states, 2)


def test_a_step_is_that_of_pytorchs_own() -> None:
    gru = unit([0, 1], 3, 5)
    x, state = data([0, 1], 4, 3), data([0, 1], 4, 5, purpose="state")
    found = gru(x, state)
    for seed in range(2):
        cell = torch.nn.GRUCell(3, 5)
        with torch.no_grad():
            for name, ours in (("ih", gru.entering), ("hh", gru.staying)):
                ((weight, bias),) = ours.layers()
                getattr(cell, f"weight_{name}").copy_(weight[seed].T)
                getattr(cell, f"bias_{name}").copy_(bias[seed, 0])
        torch.testing.assert_close(found[seed], cell(x[seed], state[seed]))


@pytest.mark.parametrize("steps", [1, 6])
def test_a_sequence_is_its_steps_and_so_are_its_gradients(steps: int) -> None:
    gru = unit([0, 1], 3, 5)
    x, start, keep = some([0, 1], 4, steps, 3, 5)
    weights = data([0, 1], 4, steps, 5, purpose="weights")
    found: list[Any] = []
    for states in (gru.scan(x, start, keep), one_by_one(gru, x, start, keep)):
        wanted = [x, start, *gru.parameters()]
        found.append((states, *torch.autograd.grad((states * weights).sum(), wanted)))
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs)
    assert all(value.any() for value in found[0])


def test_what_is_forgotten_does_not_matter() -> None:
    gru = unit([0], 3, 4)
    x, start, keep = some([0], 2, 5, 3, 4)
    keep = torch.ones_like(keep)
    keep[0, 0, 3] = 0.0
    states = gru.scan(x, start, keep)
    (of_x, of_start) = torch.autograd.grad(states[0, 0, 3:].sum(), [x, start])
    assert not of_x[0, 0, :3].any()
    assert of_x[0, 0, 3:].any()
    assert not of_start[0, 0].any()
    torch.testing.assert_close(states[:, :1, 3], gru(x[:, :1, 3], torch.zeros(1, 1, 4)))


@pytest.mark.parametrize(
    ("rows", "steps", "units"), [(1, 7, 16), (1, 3, 8), (4, 16, 64), (3, 5, 7), (13, 4, 5)]
)
@pytest.mark.parametrize("count", [1, 2])
def test_a_seed_computes_the_same_in_any_stack(rows: int, steps: int, units: int, count: int) -> None:
    """Units that leave rests in the processor's vectors among them."""

    def compute(seeds: list[int]) -> list[Tensor]:
        gru = unit(seeds, 5, units)
        x, start, keep = some(seeds, rows, steps, 5, units)
        states = gru.scan(x, start, keep)
        loss = (states - 1).square().flatten(1).mean(1)
        found = [states, *torch.autograd.grad(loss.sum(), [x, start, *gru.parameters()])]
        return [value[seeds.index(3)].detach() for value in (*found, gru(x[:, :, 0], start))]

    check_alike(compute, count)
