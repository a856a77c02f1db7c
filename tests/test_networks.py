import copy
import io
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import torch
from threads import threads
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from meta_rl.networks import MLP, Adam, clip_per_seed, copy_weights, mix_weights, sigmoid
from meta_rl.streams import Streams

# Among them sides of 1 and inner sizes that are no multiple of 4, for which plain products differ in the last bit.
SIZES = [(4, 120, 84, 2), (12, 120, 84, 2), (10, 16, 16, 2), (10, 256, 8), (3, 12, 5)]
SIZES += [(4, 64, 64, 1), (1, 16, 3), (5, 17, 30, 1), (6, 2, 9, 1), (2, 5, 2), (3, 50, 7)]
STACKS = [[3, 0], [0, 3], [7, 3, 1], [0, 1, 2, 3, 4], list(range(16))]


def network(seeds: list[int], sizes: tuple[int, ...], *how: Any) -> MLP:
    return MLP(Streams([f"run {seed}" for seed in seeds]), "test", sizes, *how)


def data(seeds: list[int], *shape: int, purpose: str = "data") -> Tensor:
    return torch.from_numpy(Streams([f"run {seed}" for seed in seeds]).normal(purpose, *shape)).float()


def used(mlp: MLP, weight: Tensor, depth: int, sizes: tuple[int, ...]) -> Tensor:
    """The part [outputs, inputs] of a stored weight (or its gradient) that is not padding."""
    turned = mlp._layers[depth][2]
    return (weight if turned else weight.T)[: sizes[depth + 1], : sizes[depth]]


def sequential(mlp: MLP, seed: int, sizes: tuple[int, ...], activation: type[nn.Module]) -> nn.Sequential:
    """The same network as PyTorch's own layers."""
    own = dict(mlp.named_parameters())
    layers: list[nn.Module] = []
    for depth, (inputs, outputs) in enumerate(pairwise(sizes)):
        layer = nn.Linear(inputs, outputs)
        layer.weight.data.copy_(used(mlp, own[f"weight{depth}"][seed].detach(), depth, sizes))
        layer.bias.data.copy_(own[f"bias{depth}"][seed].detach().flatten()[:outputs])
        layers += [layer, activation()]
    return nn.Sequential(*layers[:-1])


@pytest.mark.parametrize("sizes", [(4, 120, 84, 2), (3, 5), (6, 2, 9, 1)])
@pytest.mark.parametrize("shape", [(7,), (5, 3)])
@pytest.mark.parametrize(("name", "activation"), [("relu", nn.ReLU), ("tanh", nn.Tanh)])
def test_is_a_stack_of_separate_networks(
    sizes: tuple[int, ...], shape: tuple[int, ...], name: str, activation: type[nn.Module]
) -> None:
    mlp = network([0, 1, 2], sizes, name)
    x = data([0, 1, 2], *shape, sizes[0]).requires_grad_()
    given = x.detach().clone()
    out = mlp(x)
    assert out.shape == (3, *shape, sizes[-1])
    (out * out.detach().cos()).sum().backward()
    for seed in range(3):
        reference = sequential(mlp, seed, sizes, activation)
        one = given[seed].clone().requires_grad_()
        expected = reference(one)
        (expected * expected.detach().cos()).sum().backward()
        torch.testing.assert_close(out[seed], expected, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(x.grad[seed], one.grad, rtol=1e-4, atol=1e-6)
        theirs = list(reference.parameters())
        for depth in range(len(sizes) - 1):
            weight = mlp.get_parameter(f"weight{depth}").grad[seed]
            expected_weight = theirs[2 * depth].grad
            torch.testing.assert_close(used(mlp, weight, depth, sizes), expected_weight, rtol=1e-4, atol=1e-5)
            assert (weight != 0).sum() <= expected_weight.numel()  # padding gets no gradient
            bias = mlp.get_parameter(f"bias{depth}").grad[seed].flatten()[: sizes[depth + 1]]
            torch.testing.assert_close(bias, theirs[2 * depth + 1].grad, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(x.detach(), given, rtol=0, atol=0)  # the input is left as it was


def test_starts_like_pytorchs_own_layer() -> None:
    weight, bias = network([0, 1], (100, 300)).parameters()
    for values in (weight, bias):
        assert values.abs().max() <= 0.1
        assert values.abs().max() > 0.095
        assert values.mean().abs() < 0.01
    assert not torch.equal(weight[0], weight[1])


@pytest.mark.parametrize("gain", [0.01, 2.0])
@pytest.mark.parametrize("sizes", [(4, 64, 64, 2), (17, 5, 9, 1), (3, 3)])
def test_starts_orthogonal_when_asked(sizes: tuple[int, ...], gain: float) -> None:
    mlp = network([0, 1], sizes, "tanh", gain)
    own = dict(mlp.named_parameters())
    for depth in range(len(sizes) - 1):
        last = depth == len(sizes) - 2
        first, second = (used(mlp, own[f"weight{depth}"][seed].detach(), depth, sizes) for seed in range(2))
        assert not torch.equal(first, second)
        assert not own[f"bias{depth}"].any()
        smaller = first @ first.T if len(first) <= len(first.T) else first.T @ first
        expected = torch.eye(len(smaller)) * (gain**2 if last else 2.0)
        torch.testing.assert_close(smaller, expected, rtol=1e-5, atol=1e-5)
        # Both signs come up everywhere, also on the diagonal.
        many = network(list(range(40)), sizes, "tanh", gain).get_parameter(f"weight{depth}")
        assert 5 < (many[:, 0, 0] > 0).sum() < 35


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
    """For these MKL would round by the size of the stack if it were not asked to be reproducible."""
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


def test_the_sigmoid_is_one() -> None:
    x = torch.linspace(-100, 100, 1001)
    assert torch.allclose(sigmoid(x), torch.sigmoid(x), atol=1e-7)


def check_stacks(sizes: tuple[int, ...], shape: tuple[int, ...], count: int, *how: Any) -> None:
    """Alone on one thread, and in stacks on one and two. (MKL splits a product that is alone on two.)"""

    def compute(seeds: list[int]) -> list[Tensor]:
        mlp = network(seeds, sizes, *how)
        x = data(seeds, *shape, sizes[0]).requires_grad_()
        out = mlp(x)
        loss = (out - 1).square().flatten(1).mean(1)
        found = [out, loss, *torch.autograd.grad(loss.sum(), [x, *mlp.parameters()])]
        return [value[seeds.index(3)].detach() for value in found]

    alone = compute([3])
    with threads(count):
        for seeds in STACKS:
            for ours, one in zip(compute(seeds), alone, strict=True):
                assert torch.equal(ours, one), f"differs in the stack {seeds}"


@pytest.mark.parametrize("scale", [1.0, 1e-4])
def test_adam_is_pytorchs(scale: float) -> None:
    start = [data([0, 1], 3, 5), data([0, 1], 1, 7, purpose="other")]
    ours = [nn.Parameter(value.clone()) for value in start]
    theirs = [nn.Parameter(value.clone()) for value in start]
    adam = Adam(ours, 1e-2)
    reference = torch.optim.Adam(theirs, 1e-2, foreach=False, fused=False)
    streams = Streams(["run 0", "run 1"])
    for _ in range(50):
        targets = [torch.from_numpy(streams.normal(f"{p.shape}", *p.shape[1:])).float() for p in ours]

        def loss(parameters: list[nn.Parameter], targets: list[Tensor] = targets) -> Tensor:
            return sum(
                scale * (p - target).square().flatten(1).sum(1)
                for p, target in zip(parameters, targets, strict=True)
            )

        adam.minimise(loss(ours))
        reference.zero_grad()
        loss(theirs).sum().backward()
        reference.step()
        for a, b in zip(ours, theirs, strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=1e-6)
    assert (ours[0] - start[0]).abs().min() > 1e-3


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

    alone = steps([3])
    with threads(count):
        for seeds in STACKS:
            for ours, one in zip(steps(seeds), alone, strict=True):
                assert torch.equal(ours, one), f"differs in the stack {seeds}"


def test_losses_are_summed_over_seeds() -> None:
    """Adam hides a factor, so this looks at one step of a large epsilon, where it is plain descent."""
    moved = []
    for seeds in ([0, 1], [0, 1, 2, 3]):
        parameter = nn.Parameter(torch.zeros(len(seeds), 3))
        Adam([parameter], 1.0, epsilon=1e6).minimise((parameter - 5.0).square().mean(1))
        moved.append(parameter.detach()[:2])
    assert torch.equal(*moved)
    assert (moved[0] > 0).all()


def test_clipping_is_per_seed() -> None:
    gradient = data([0, 1, 2], 40)
    gradient[0] *= 1000
    gradient[2] *= 0.001
    given = gradient.clone()
    clip_per_seed([gradient[:, :13], gradient[:, 13:]], 0.7)
    for seed in range(3):
        parameter = nn.Parameter(torch.zeros(40))
        parameter.grad = given[seed].clone()
        nn.utils.clip_grad_norm_([parameter], 0.7)
        torch.testing.assert_close(gradient[seed], parameter.grad, rtol=1e-5, atol=1e-7)
    assert torch.equal(gradient[2], given[2])  # below the limit: not touched


def test_a_clipped_step_is_pytorchs() -> None:
    """Over all of a seed's parameters together. The large epsilon makes Adam plain descent, which shows a factor."""
    start = [data([0, 1], 3, 5), data([0, 1], 1, 4, purpose="other"), data([0, 1], purpose="single")]
    ours = [nn.Parameter(value.clone()) for value in start]

    def loss(parameters: list[nn.Parameter], weight: float) -> Tensor:
        return weight * torch.stack([parameter.square().flatten().sum() for parameter in parameters]).sum()

    both = [loss([parameter[seed] for parameter in ours], 1 + 9 * seed) for seed in range(2)]
    Adam(ours, 1.0, epsilon=1e3).minimise(torch.stack(both), 0.5)
    for seed in range(2):
        theirs = [nn.Parameter(value[seed].clone()) for value in start]
        reference = torch.optim.Adam(theirs, 1.0, eps=1e3, foreach=False, fused=False)
        loss(theirs, 1 + 9 * seed).backward()
        nn.utils.clip_grad_norm_(theirs, 0.5)
        reference.step()
        for parameter, expected in zip(ours, theirs, strict=True):
            torch.testing.assert_close(parameter[seed], expected, rtol=1e-6, atol=1e-7)


def test_copied_weights_are_the_same_and_apart() -> None:
    source, target = network([0, 1], (3, 5, 2)), network([4, 5], (3, 5, 2))
    Adam(source.parameters(), 1e-3)
    copy_weights(source, target)
    x = data([0, 1], 6, 3)
    before = target(x)
    assert torch.equal(before, source(x))
    with torch.no_grad():
        for parameter in source.parameters():
            parameter += 1.0
    assert torch.equal(target(x), before)
    assert not torch.equal(source(x), before)
    copy_weights(nn.Module(), nn.Module())


def test_mixed_weights_are_a_part_of_the_way() -> None:
    source, target = network([0, 1], (3, 5, 2)), network([4, 5], (3, 5, 2))
    before = [parameter.clone() for parameter in target.parameters()]
    mix_weights(source, target, 0.25)
    for old, new, now in zip(before, source.parameters(), target.parameters(), strict=True):
        torch.testing.assert_close(now, 0.75 * old + 0.25 * new)
    assert torch.equal(next(source.parameters()), next(network([0, 1], (3, 5, 2)).parameters()))
    mix_weights(nn.Module(), nn.Module(), 0.5)


def test_a_copy_computes_with_its_own_weights() -> None:
    mlp = network([0, 1], (3, 5, 2))
    x = data([0, 1], 6, 3)
    other, before = copy.deepcopy(mlp), mlp(x)
    with torch.no_grad():
        for parameter in mlp.parameters():
            parameter += 1.0
    assert torch.equal(other(x), before)


def test_a_loaded_optimiser_goes_on_exactly() -> None:
    def steps(mlp: MLP, adam: Adam, count: int) -> None:
        for _ in range(count):
            adam.minimise((mlp(x) - 1).square().flatten(1).mean(1))

    x = data([0, 1], 6, 3)
    mlp = network([0, 1], (3, 5, 2))
    adam = Adam(mlp.parameters(), 1e-2)
    steps(mlp, adam, 5)
    file = io.BytesIO()
    torch.save({"weights": mlp.state_dict(), "adam": adam.state_dict()}, file)
    steps(mlp, adam, 5)
    file.seek(0)
    state = torch.load(file, weights_only=True)
    other = network([8, 9], (3, 5, 2))
    optimiser = Adam(other.parameters(), 1e-2)
    other.load_state_dict(state["weights"])
    optimiser.load_state_dict(state["adam"])
    steps(other, optimiser, 5)
    for ours, theirs in zip(mlp.parameters(), other.parameters(), strict=True):
        assert torch.equal(ours, theirs)
