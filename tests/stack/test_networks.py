"""A stack of networks is separate networks of PyTorch's, which start, are copied and are mixed as they should."""

import copy
from itertools import pairwise

import pytest
import torch
from seeded_networks import data, network
from torch import nn

from meta_rl.stack.networks import MLP, Adam, copy_weights, mix_weights, sigmoid


def sequential(mlp: MLP, seed: int, sizes: tuple[int, ...], activation: type[nn.Module]) -> nn.Sequential:
    """The same network as PyTorch's own layers."""
    layers: list[nn.Module] = []
    for (weight, bias), (inputs, outputs) in zip(mlp.layers(), pairwise(sizes), strict=True):
        layer = nn.Linear(inputs, outputs)
        layer.weight.data.copy_(weight[seed].detach().T)
        layer.bias.data.copy_(bias[seed, 0].detach())
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
        gradient = mlp.theta.grad
        for (weight, bias), *expected in zip(mlp.layers_of(gradient), theirs[::2], theirs[1::2], strict=True):
            torch.testing.assert_close(weight[seed].T, expected[0].grad, rtol=1e-4, atol=1e-5)
            torch.testing.assert_close(bias[seed, 0], expected[1].grad, rtol=1e-4, atol=1e-5)
        assert (gradient[seed] != 0).sum() <= sum(one.numel() for one in theirs)  # padding gets no gradient
    torch.testing.assert_close(x.detach(), given, rtol=0, atol=0)  # the input is left as it was


def test_starts_like_pytorchs_own_layer() -> None:
    ((weight, bias),) = network([0, 1], (100, 300)).layers()
    for values in (weight, bias):
        assert values.abs().max() <= 0.1
        assert values.abs().max() > 0.095
        assert values.mean().abs() < 0.01
    assert not torch.equal(weight[0], weight[1])


@pytest.mark.parametrize("gain", [0.01, 2.0])
@pytest.mark.parametrize("sizes", [(4, 64, 64, 2), (17, 5, 9, 1), (3, 3)])
def test_starts_orthogonal_when_asked(sizes: tuple[int, ...], gain: float) -> None:
    mlp = network([0, 1], sizes, "tanh", gain)
    for depth, (weight, bias) in enumerate(mlp.layers()):
        last = depth == len(sizes) - 2
        first, second = weight.detach().transpose(1, 2)
        assert not torch.equal(first, second)
        assert not bias.any()
        smaller = first @ first.T if len(first) <= len(first.T) else first.T @ first
        expected = torch.eye(len(smaller)) * (gain**2 if last else 2.0)
        torch.testing.assert_close(smaller, expected, rtol=1e-5, atol=1e-5)
        # Both signs come up everywhere, also on the diagonal.
        many = network(list(range(40)), sizes, "tanh", gain).layers()[depth][0]
        assert 5 < (many[:, 0, 0] > 0).sum() < 35


def test_the_sigmoid_is_one() -> None:
    x = torch.linspace(-100, 100, 1001)
    assert torch.allclose(sigmoid(x), torch.sigmoid(x), atol=1e-7)


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
