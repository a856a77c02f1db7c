"""The optimiser of a stack takes PyTorch's steps, clips per seed, and goes on exactly once loaded."""

import io

import pytest
import torch
from seeded_networks import data, network
from torch import Tensor, nn

from meta_rl.stack.networks import MLP, Adam
from meta_rl.streams import Streams


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
    """The large epsilon makes Adam plain descent, so that a first step is the clipped gradient."""
    gradient = data([0, 1, 2], 40)
    gradient[0] *= 1000
    gradient[2] *= 0.001
    parameters = [nn.Parameter(torch.zeros(3, count)) for count in (13, 27)]
    parts = [part.contiguous() for part in gradient.split([13, 27], 1)]
    Adam(parameters, 1.0, epsilon=1e6).step(parts, 0.7)
    moved = -1e6 * torch.cat([parameter.detach() for parameter in parameters], 1)
    for seed in range(3):
        parameter = nn.Parameter(torch.zeros(40))
        parameter.grad = gradient[seed].clone()
        nn.utils.clip_grad_norm_([parameter], 0.7)
        torch.testing.assert_close(moved[seed], parameter.grad, rtol=1e-5, atol=1e-7)


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
