"""IIDA's pretraining: z helps to predict, the loss reaches the encoder through z alone, and sets hold no target."""

from typing import Any

import numpy as np
import pytest
import torch

from meta_rl.agents.protocols import Task
from meta_rl.conformance.methods import (
    LINEAR,
    REWARDED,
    build,
    linear,
    source,
)
from meta_rl.conformance.small import METHODS, keys
from meta_rl.methods.iida import BOUND
from meta_rl.stack.seen import Seen, Window
from meta_rl.streams import Streams


def pretrained(seeds: tuple[int, ...], into: Task = LINEAR, name: str = "iida", **settings: Any) -> Any:
    sizes = {
        "window": 8,
        "size": 2,
        "encoder": (32,),
        "predictor": (32, 32),
        "batch": 64,
        "learning_rate": 3e-3,
    }
    method = build(name, into, seeds, **{**sizes, "updates": 600, **settings})
    method.pretrain(source(linear(seeds, 20, 64, "train", into.spaces.rewarded)), Streams(keys(*seeds)))
    return method


@pytest.mark.parametrize("into", [LINEAR, REWARDED])
def test_iida_predicts_better_with_z(into: Task) -> None:
    """In contexts and on transitions that it has not seen; the context acts on the state or on the reward."""
    method = pretrained((0, 1), into)
    fresh = torch.cat(tuple(linear((0, 1), 50, 9, "test", into.spaces.rewarded)), -1)
    sets, targets = fresh[:, :, :8], fresh[:, :, 8]
    with torch.no_grad():
        told, blind = (
            method.loss(Window(sets, torch.full(sets.shape[:3], mask)), targets) for mask in (1.0, 0.0)
        )
        wrong = method.loss(Window(sets.roll(1, 1), torch.ones(sets.shape[:3])), targets)
    assert (told < 0.1 * blind).all()
    assert (told < 0.1 * wrong).all()
    # Without z the change c a has mean 0 and the best prediction has its whole variance. (Where the context
    # acts on the reward, the state does not change, and half of the dimensions are 0.)
    whole = 0.5 if into.spaces.rewarded else 1.0
    assert (blind > 0.5 * whole).all()
    assert (blind < 1.5 * whole).all()


def test_iida_is_frozen_after_pretraining() -> None:
    method = pretrained((0, 1), updates=2)
    assert not any(parameter.requires_grad for parameter in method.parameters())


def test_the_prediction_loss_reaches_the_encoder_through_z_alone() -> None:
    method = build("iida", LINEAR).requires_grad_(True)
    fresh = torch.cat(tuple(linear((0, 1), 10, 6, "train")), -1)
    sets, targets = fresh[:, :, :5], fresh[:, :, 5]
    for mask in (1.0, 0.0):
        loss = method.loss(Window(sets, torch.full(sets.shape[:3], mask)), targets)
        encoder = torch.autograd.grad(loss[0], list(method.encoder.parameters()), retain_graph=True)
        predictor = torch.autograd.grad(loss[0], list(method.predictor.parameters()))
        assert all(gradient[0].any() == (mask > 0) for gradient in encoder)
        assert all(gradient[0].any() for gradient in predictor)
        assert not any(gradient[1].any() for gradient in (*encoder, *predictor))


def test_pretraining_trains_encoder_and_predictor() -> None:
    start, after = (
        build("iida", LINEAR),
        pretrained((0, 1), **METHODS["iida"] | {"encoder": (8,), "predictor": (8,)}),
    )
    for (name, before), value in zip(start.named_parameters(), after.parameters(), strict=True):
        assert (before != value).flatten(1).any(1).all(), name


def test_pretraining_standardises_by_the_trajectories() -> None:
    method = pretrained((0, 1), updates=1)
    trajectories = linear((0, 1), 20, 64, "train")
    packed = torch.cat(tuple(trajectories), -1).flatten(1, 2)
    change = (trajectories.next_observation - trajectories.observation).flatten(1, 2)
    torch.testing.assert_close(method.mean[:, 0], packed.mean(1))
    torch.testing.assert_close(method.std[:, 0], packed.std(1))
    torch.testing.assert_close(method.change_mean[:, 0], change.mean(1))
    torch.testing.assert_close(method.change_std[:, 0], change.std(1))


def test_a_constant_dimension_is_no_division_by_zero() -> None:
    method = build("iida", LINEAR, updates=3)
    still = linear((0, 1), 4, 10, "train")
    still = still._replace(next_observation=still.observation)
    figures = method.pretrain(source(still), Streams(keys(0, 1)))
    assert all(np.isfinite(value).all() for value in figures.values())
    assert all(value.isfinite().all() for value in method.state_dict().values())


def test_targets_come_from_transitions_that_the_context_set_does_not_hold() -> None:
    """Every transition of a context is told apart by its state; both halves are used to the last one."""
    method = build("iida", LINEAR, window=4, batch=32)
    number = torch.arange(7.0).expand(2, 3, 7).unsqueeze(-1) + 100 * torch.arange(3).view(1, 3, 1, 1)
    packed = torch.cat((number, torch.zeros(2, 3, 7, 2), number), -1)
    streams = Streams(keys(0, 1))
    members, aims, lengths = set(), set(), set()
    for _ in range(20):
        window, target = method._sets(packed, streams)
        held = window.transitions[..., 0]
        assert torch.equal(held // 100, (target[..., :1] // 100).expand_as(held))
        members |= set((held % 100).flatten().tolist())
        aims |= set((target[..., 0] % 100).flatten().tolist())
        lengths |= set(window.mask.sum(-1).flatten().tolist())
    assert members == {0, 1, 2}
    assert aims == {3, 4, 5, 6}
    assert lengths == {0, 1, 2, 3, 4}


def test_the_agent_is_told_a_z_of_one_scale_that_is_bounded() -> None:
    """On full sets of the train contexts it is centred; however far outside, it stays within the bound."""
    method = pretrained((0, 1))
    sets = torch.cat(tuple(linear((0, 1), 20, 64, "train")), -1)[:, :, :8]
    every = torch.ones(sets.shape[:3])

    def told(transitions: torch.Tensor, mask: torch.Tensor = every) -> torch.Tensor:
        return method.encode(Seen(transitions[..., 0, :1], None, Window(transitions, mask)))

    z = told(sets)
    assert (z.mean(1).abs() < 0.4).all()
    assert ((z.std(1) > 0.6) & (z.std(1) < 1.4)).all()
    far = sets.clone()
    far[..., -1] = 50.0  # no train context moves as far
    assert (told(far).abs() <= BOUND).all()
    assert told(far).abs().max() > 0.9 * BOUND
    assert not told(far, 0 * every).any()


def test_the_control_keeps_its_encoder_and_shares_the_scales() -> None:
    start, control, method = (
        build("iida_untrained", LINEAR), pretrained((0, 1), name="iida_untrained", encoder=(8,), size=3, window=5),
        pretrained((0, 1), encoder=(8,), size=3, window=5, updates=1),
    )  # fmt: skip
    for one, other in zip(start.encoder.parameters(), control.encoder.parameters(), strict=True):
        assert torch.equal(one, other)
    for name in ("mean", "std", "change_mean", "change_std"):
        assert torch.equal(getattr(control, name), getattr(method, name))
    assert (control.code_std != 1).all()
