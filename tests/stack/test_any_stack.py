"""A seed computes and learns the same in any stack, to the last bit, on one thread and on two."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from seeded_networks import data, network
from threads import threads
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from meta_rl.stack.networks import MLP, Adam, sigmoid
from meta_rl.streams import Streams

# Among them sides of 1 and sizes that fill no register, for which plain products differ in the last bit.
SIZES = [(4, 120, 84, 2), (12, 120, 84, 2), (10, 16, 16, 2), (10, 256, 8), (3, 12, 5)]
SIZES += [
    (10, 8, 4),
    (7, 8, 4),
    (4, 2),
    (4, 64, 64, 1),
    (1, 16, 3),
    (5, 17, 30, 1),
    (6, 2, 9, 1),
    (2, 5, 2),
    (3, 50, 7),
]
STACKS = [[3, 0], [0, 3], [7, 3, 1], [0, 1, 2, 3, 4], list(range(16))]


def check_stacks(sizes: tuple[int, ...], shape: tuple[int, ...], count: int, *how: Any) -> None:
    """Alone on one thread, and in stacks on one and two. (MKL splits a product that is alone on two.)"""

    def compute(seeds: list[int]) -> list[Tensor]:
        mlp = network(seeds, sizes, *how)
        x = data(seeds, *shape, sizes[0]).requires_grad_()
        out = mlp(x)
        loss = (out - 1).square().flatten(1).mean(1)
        found = [out, loss, *torch.autograd.grad(loss.sum(), [x, *mlp.parameters()])]
        return [value[seeds.index(3)].detach() for value in found]

    check_alike(compute, count)


def check_alike(compute: Callable[[list[int]], list[Tensor]], count: int) -> None:
    """What is computed of seed 3 is the same alone and in every stack, there on `count` threads."""
    alone = compute([3])
    with threads(count):
        for seeds in STACKS:
            for ours, one in zip(compute(seeds), alone, strict=True):
                assert torch.equal(ours, one), f"differs in the stack {seeds}"


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("shape", [(1,), (4,), (128,), (128, 20)])
@pytest.mark.parametrize("count", [1, 2])
def test_a_seed_computes_the_same_in_any_stack(
    sizes: tuple[int, ...], shape: tuple[int, ...], count: int
) -> None:
    check_stacks(sizes, shape, count)


@pytest.mark.parametrize("sizes", [(3, 64, 64, 2), (5, 17, 30, 1), (2, 5, 2)])
@pytest.mark.parametrize("count", [1, 2])
def test_orthogonal_starts_and_tanh_are_the_same_in_any_stack(sizes: tuple[int, ...], count: int) -> None:
    check_stacks(sizes, (33,), count, "tanh", 0.01)


@pytest.mark.parametrize("sizes", [(10, 7, 5, 3), (12, 3, 6), (17, 16, 7), (30, 9, 7, 6), (4, 7)])
@pytest.mark.parametrize("rows", [7, 13, 33, 64])
def test_odd_sizes_are_the_same_in_any_stack(sizes: tuple[int, ...], rows: int) -> None:
    """For these MKL rounds by the size of the stack if it is not asked to be reproducible."""
    check_stacks(sizes, (rows,), 1)


@pytest.mark.parametrize("function", [sigmoid, torch.tanh, torch.exp, logsigmoid])
def test_functions_of_numbers_are_the_same_in_any_stack(function: Callable[[Tensor], Tensor]) -> None:
    """PyTorch's sigmoid is not: 13 rows of 3 leave a rest in the processor's vectors."""

    def compute(seeds: list[int]) -> list[Tensor]:
        x = data(seeds, 13, 3).requires_grad_()
        out = function(x)
        (gradient,) = torch.autograd.grad((out * data(seeds, 13, 3, purpose="weights")).sum(), [x])
        return [value[seeds.index(3)].detach() for value in (out, gradient)]

    alone = compute([3])
    for seeds in STACKS:
        for ours, one in zip(compute(seeds), alone, strict=True):
            assert torch.equal(ours, one), f"differs in the stack {seeds}"


def train(seeds: list[int], sizes: tuple[int, ...], max_norm: float | None, steps: int = 8) -> MLP:
    mlp = network(seeds, sizes)
    adam = Adam(mlp.parameters(), 1e-2)
    streams = Streams([f"run {seed}" for seed in seeds])
    for _ in range(steps):
        x = torch.from_numpy(streams.normal("x", 33, sizes[0])).float()
        adam.minimise((mlp(x) - x.sum(-1, keepdim=True)).square().flatten(1).mean(1), max_norm)
    return mlp


@pytest.mark.parametrize("max_norm", [None, 0.5])
@pytest.mark.parametrize("sizes", [(4, 120, 84, 2), (3, 12, 5), (10, 256, 300, 3), (1, 7, 30, 1)])
@pytest.mark.parametrize("count", [1, 2])
def test_a_seed_learns_the_same_in_any_stack(
    sizes: tuple[int, ...], max_norm: float | None, count: int
) -> None:
    """Sizes that leave rests in the processor's vectors, and more weights than one thread takes at once."""
    alone = list(train([3], sizes, max_norm).parameters())
    with threads(count):
        for seeds in STACKS:
            for ours, one in zip(train(seeds, sizes, max_norm).parameters(), alone, strict=True):
                assert torch.equal(ours[seeds.index(3)], one[0]), f"differs in the stack {seeds}"


@pytest.mark.parametrize("count", [1, 2])
def test_an_optimisers_step_does_not_depend_on_the_place_in_memory(count: int) -> None:
    """Rests in the processor's vectors, and more elements than one thread takes at once."""

    def steps(seeds: list[int]) -> list[Tensor]:
        parameters = [
            nn.Parameter(data(seeds, *shape, purpose=f"{shape}")) for shape in ((3, 5), (1, 7), (30_001,))
        ]
        adam = Adam(parameters, 1e-2)
        for step in range(5):
            losses = [(parameter - step).square().flatten(1).sum(1) for parameter in parameters]
            adam.minimise(torch.stack(losses).sum(0))
        return [parameter[seeds.index(3)].detach() for parameter in parameters]

    check_alike(steps, count)
