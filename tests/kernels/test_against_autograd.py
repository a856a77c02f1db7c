"""Kernels give what autograd gives, for the sizes that agents and methods have and for random ones."""

import numpy as np
import pytest
import torch
from torch import Tensor

from meta_rl.stack.networks import MLP
from meta_rl.streams import Streams

# Of DQN, PPO, DDPG and SAC, encoders, gates, hypernetworks and recurrent units: wide ones lie in panels.
SIZES = [
    *((4, 64, 64, 2), (4, 120, 84, 2), (3, 256, 256, 1), (5, 64, 64, 1), (12, 32, 16, 4), (9, 3)),
    *((23, 128, 8), (10, 20, 20, 640), (17, 300, 136, 6), (1, 7, 1), (2, 2)),
]


def random_sizes(number: int) -> tuple[tuple[int, ...], int, int]:
    random = np.random.default_rng(number)
    layers = random.integers(2, 6)
    return (
        tuple(random.integers(1, 150, layers).tolist()),
        int(random.integers(1, 5)),
        int(random.integers(1, 90)),
    )


def in_torch(network: MLP, x: Tensor, activation: str) -> Tensor:
    """x W + b, layer after layer."""
    first, *others = network.layers()
    x = torch.baddbmm(first[1], x, first[0])
    for weight, bias in others:
        x = torch.baddbmm(bias, getattr(torch, activation)(x), weight)
    return x


def check(sizes: tuple[int, ...], seeds: int, rows: int, activation: str) -> None:
    """Outputs and gradients, within 1e-5 of the largest entry."""
    generator = torch.Generator().manual_seed(rows)
    network = MLP(Streams([f"run {seed}" for seed in range(seeds)]), "test", sizes, activation)
    x = torch.randn(seeds, rows, sizes[0], generator=generator).requires_grad_()
    weight = torch.randn(seeds, rows, sizes[-1], generator=generator)
    found = []
    for out in (network(x), in_torch(network, x, activation)):
        found.append([out, *torch.autograd.grad((out * weight).sum(), [x, network.theta])])
    for ours, theirs in zip(*found, strict=True):
        assert (ours - theirs).abs().max() <= 1e-5 * theirs.abs().max()
    with torch.no_grad():
        assert torch.equal(network(x), found[0][0])  # what is kept for the way back changes nothing


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("sizes", SIZES)
def test_our_sizes(sizes: tuple[int, ...], activation: str) -> None:
    for seeds, rows in ((1, 1), (3, 7), (2, 64), (1, 130)):
        check(sizes, seeds, rows, activation)


@pytest.mark.parametrize("number", range(30))
def test_random_sizes(number: int) -> None:
    check(*random_sizes(number), "relu" if number % 2 else "tanh")


def test_a_network_used_twice_gets_both_gradients() -> None:
    network = MLP(Streams(["run 0", "run 1"]), "test", (3, 16, 3), "tanh")
    x = torch.linspace(-1, 1, 2 * 5 * 3).view(2, 5, 3)
    ours, theirs = network(network(x)), in_torch(network, in_torch(network, x, "tanh"), "tanh")
    found = [torch.autograd.grad(out.square().sum(), [network.theta])[0] for out in (ours, theirs)]
    assert (found[0] - found[1]).abs().max() <= 1e-5 * found[1].abs().max()


def test_tanh_is_one() -> None:
    """Within 5 steps between neighbours of float32, also where it is 1 and at the smallest numbers; NaN stays NaN."""
    x = torch.cat(
        (torch.linspace(-12, 12, 20_001), torch.logspace(-30, -3, 100), torch.tensor([0.0, torch.inf]))
    )
    network = MLP(Streams(["run 0"]), "test", (1, 1, 1), "tanh")
    with torch.no_grad():
        for weight, bias in network.layers():
            weight.fill_(1.0), bias.zero_()
        found = network(x.view(1, -1, 1)).flatten()
        torch.testing.assert_close(found, torch.tanh(x), rtol=6e-7, atol=0)
        assert network(torch.full((1, 1, 1), torch.nan)).isnan().all()


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_what_is_no_number_stays_none(activation: str) -> None:
    """A run that has diverged shows it; the rows and seeds beside are left alone."""
    network = MLP(Streams(["run 0", "run 1"]), "test", (3, 16, 16, 2), activation)
    x = torch.ones(2, 9, 3)
    good = network(x)
    x[0, 4, 1] = torch.nan
    out = network(x)
    assert out[0, 4].isnan().all()
    others = torch.ones(2, 9, dtype=torch.bool)
    others[0, 4] = False
    assert torch.equal(out[others], good[others])


@pytest.mark.parametrize("x", [torch.zeros(2, 5, 4), torch.zeros(3, 5, 3), torch.zeros(2, 5, 3).double()])
def test_other_inputs_are_refused(x: Tensor) -> None:
    """Kernels take what lies at an address for numbers."""
    with pytest.raises(ValueError, match="no input of networks"):
        MLP(Streams(["run 0", "run 1"]), "test", (3, 2))(x)
