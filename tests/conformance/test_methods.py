"""Every registered method: what it sees, what trains it, and what its encoding depends on."""

from typing import Any

import numpy as np
import pytest
import torch
from probes import DISCRETE, Probe, task
from small import METHODS, keys
from torch import Tensor

from meta_rl import registry
from meta_rl.contexts import ContextSpace, Feature
from meta_rl.methods.base import Method, Source, Task, Trajectories, masked_mean
from meta_rl.policy import tensors
from meta_rl.rollout import Rollout, Seen, Window
from meta_rl.streams import Streams

ROWS = (2, 3)
WINDOWED = [name for name, entry in registry.METHODS.items() if "window" in entry.needs]
# EPI reads the steps of its probe in their order.
UNORDERED = [name for name in WINDOWED if name != "epi"]
PRETRAINED = [name for name, entry in registry.METHODS.items() if entry.pretrain]


def build(name: str, into: Task | None = None, seeds: tuple[int, ...] = (0, 1), **settings: Any) -> Any:
    module = registry.load("method", name)
    chosen = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in METHODS.get(name, {}).items()
    }
    method = module.build(module.Config(**{**chosen, **settings}), into or task(), Streams(keys(*seeds)))
    return method.requires_grad_(registry.entry("method", name).joint)


def normal(*shape: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(0).normal(size=shape)).float()


def encode(method: Method, transitions: Tensor, mask: Tensor) -> Tensor:
    return method.inputs(Seen(torch.zeros(*ROWS, 1), None, Window(transitions, mask)))[..., 1:]


class Blind(Probe):
    """Its observations are noise that the context does not touch."""

    def see(self) -> Any:
        return self.cue * (1 + self.time) / 3

    def outcome(self, sign: np.ndarray) -> Any:
        self.cue = self.cue + 0.1 * sign
        return 0.0, self.time == 6, False


@pytest.mark.parametrize("name", registry.METHODS)
def test_sees_the_context_only_if_it_is_told(name: str) -> None:
    """Other contexts handed to the driver change nothing else: not even a digit."""
    method = build(name).requires_grad_(False)
    needs = registry.entry("method", name).needs
    found = []
    for factor in (1.0, 1000.0):
        random, other = np.random.default_rng(0), np.random.default_rng(1)
        rollout = Rollout(Blind(ROWS), needs, method.window, method.inputs, method.embed)
        ended = np.ones(ROWS, dtype=bool)
        for _ in range(30):
            if ended.any():
                contexts, noise = factor * random.normal(size=(*ROWS, 1)), random.random((*ROWS, 1))
                rollout.reset(ended, contexts, noise, other.normal(size=(*ROWS, 1)))
            found.append(rollout.inputs)
            step = rollout.step(torch.from_numpy(random.integers(2, size=ROWS)))
            found += [step.inputs, step.next_inputs]
            ended = step.terminated.numpy() | (random.random(ROWS) < 0.1)
    half = len(found) // 2
    same = all(torch.equal(a, b) for a, b in zip(found[:half], found[half:], strict=True))
    assert same == ("context" not in needs)


@pytest.mark.parametrize("name", registry.METHODS)
def test_inputs_are_the_observation_and_z(name: str) -> None:
    method = build(name)
    observation = normal(*ROWS, 1)
    window = Window(normal(*ROWS, method.window, 4), torch.ones(*ROWS, method.window))
    inputs = method.inputs(Seen(observation, normal(*ROWS, 1), window))
    assert inputs.shape == (*ROWS, method.observed + method.size)
    assert inputs.shape[-1] == method.width(DISCRETE)
    assert torch.equal(inputs[..., :1], observation) == method.observed


@pytest.mark.parametrize("name", registry.METHODS)
def test_pretrains_only_if_the_registry_says_so(name: str) -> None:
    if name in PRETRAINED:
        assert type(build(name)).pretrain is not Method.pretrain
    else:
        with pytest.raises(TypeError, match="not pretrained"):
            build(name).pretrain(None, None)


@pytest.mark.parametrize("name", registry.METHODS)
def test_only_a_joint_method_asks_for_the_agents_gradient(name: str) -> None:
    method = build(name)
    joint = registry.entry("method", name).joint
    window = Window(normal(*ROWS, method.window, 4), torch.ones(*ROWS, method.window))
    assert method.inputs(Seen(normal(*ROWS, 1), normal(*ROWS, 1), window)).requires_grad == joint
    assert all(parameter.requires_grad == joint for parameter in method.parameters())
    assert bool(list(method.parameters())) or not joint


def test_the_joint_encoder_gets_gradient_through_z_of_its_own_seed() -> None:
    method = build("jrpl")
    z = encode(method, normal(*ROWS, method.window, 4), torch.ones(*ROWS, method.window))
    for gradient in torch.autograd.grad(z[0].square().sum(), list(method.parameters())):
        assert gradient[0].abs().max() > 0
        assert not gradient[1].any()


@pytest.mark.parametrize(("low", "high"), [(-1.0, 1.0), (0.2, 2.2), (-3.0, -1.0)])
def test_explicit_scales_the_train_range_to_one(low: float, high: float) -> None:
    method = build("explicit", task(low, high))

    def z(context: float) -> Tensor:
        return method.inputs(Seen(torch.zeros(2, 1, 1), torch.full((2, 1, 1), context), None))[..., 1:]

    for context, expected in ((low, -1.0), (high, 1.0), ((low + high) / 2, 0.0), (2 * high - low, 3.0)):
        torch.testing.assert_close(z(context), torch.full((2, 1, 1), expected), rtol=0, atol=1e-5)
    for context in (1e6, -1e6, 0.0):
        assert z(context).isfinite().all()


def test_explicit_scales_features_of_negative_default_and_each_by_its_own() -> None:
    features = (Feature("a", -10.0, -100.0, 0.0, ""), Feature("b", 2.0, 0.0, 100.0, ""))
    ranges = {"b": {"train": [0.5, 1.5]}, "a": {"train": [0.2, 2.0]}}
    method = build("explicit", Task(DISCRETE, ContextSpace.of(features, ranges)))
    contexts = torch.tensor([[[1.0, -20.0], [3.0, -2.0]]])
    z = method.inputs(Seen(torch.zeros(1, 2, 1), contexts, None))[..., 1:]
    torch.testing.assert_close(z, torch.tensor([[[-1.0, -1.0], [1.0, 1.0]]]), rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", UNORDERED)
class TestWindows:
    def test_order_does_not_matter(self, name: str) -> None:
        method = build(name)
        transitions = normal(*ROWS, method.window, 4)
        mask = (torch.arange(method.window) > 1).float().expand(*ROWS, -1)
        turned = torch.randperm(method.window, generator=torch.Generator().manual_seed(0))
        assert not torch.equal(turned, torch.arange(method.window))
        torch.testing.assert_close(
            encode(method, transitions[:, :, turned], mask[:, :, turned]), encode(method, transitions, mask)
        )

    def test_every_transition_counts_the_same(self, name: str) -> None:
        method = build(name)
        transitions = normal(*ROWS, method.window, 4)
        every = torch.ones(*ROWS, method.window)
        single = [
            encode(method, transitions, every * (torch.arange(method.window) == k))
            for k in range(method.window)
        ]
        torch.testing.assert_close(encode(method, transitions, every), torch.stack(single).mean(0))

    def test_an_empty_window_gives_zero(self, name: str) -> None:
        method = build(name)
        mask = torch.zeros(*ROWS, method.window)
        assert not encode(method, normal(*ROWS, method.window, 4) * 100, mask).any()
        mask[0, 1, -1] = 1.0
        z = encode(method, normal(*ROWS, method.window, 4), mask)
        assert (z != 0).flatten(2).any(2).tolist() == [[False, True, False], [False] * 3]

    def test_what_is_masked_does_not_matter(self, name: str) -> None:
        method = build(name)
        transitions = normal(*ROWS, method.window, 4)
        mask = (torch.arange(method.window) > 1).float().expand(*ROWS, -1)
        junk = torch.where(mask.unsqueeze(-1) > 0, transitions, 1e4)
        torch.testing.assert_close(
            encode(method, junk, mask), encode(method, transitions, mask), rtol=0, atol=0
        )

    def test_rows_do_not_mix(self, name: str) -> None:
        method = build(name)
        transitions, mask = normal(*ROWS, method.window, 4), torch.ones(*ROWS, method.window)
        before = encode(method, transitions, mask)
        transitions = transitions.clone()
        transitions[0, 1] += 1
        changed = (encode(method, transitions, mask) != before).any(-1)
        assert changed.tolist() == [[False, True, False], [False] * 3]


def test_masked_means() -> None:
    values = torch.tensor([[[[1.0], [3.0], [8.0]]] * 3])
    mask = torch.tensor([[[1.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]])
    assert masked_mean(values, mask).flatten().tolist() == [2.0, 8.0, 0.0]


# --- methods that are trained on trajectories, on x' = x + c a with an unseen c ---

SPACE = ContextSpace.of((Feature("c", 1.0, -9, 9, ""),), {"c": {"train": [-1, 1]}})
LINEAR, REWARDED = (Task(DISCRETE._replace(rewarded=rewarded), SPACE) for rewarded in (False, True))


def linear(
    seeds: tuple[int, ...], contexts: int, count: int, purpose: str, rewarded: bool = False
) -> Trajectories:
    """Where `rewarded`, c acts on the reward c a instead of on the state."""
    streams = Streams(keys(*seeds))
    c = streams.uniform(f"{purpose}/c", contexts)[..., None] * 2 - 1
    sign = 2 * streams.integers(f"{purpose}/action", 2, contexts, count) - 1
    x = streams.normal(f"{purpose}/x", contexts, count)
    action = np.stack((sign < 0, sign > 0), -1)
    effect = (c * sign)[..., None]
    x = x[..., None]
    parts = (x, action, x, effect) if rewarded else (x, action, x + effect, x[..., :0])
    return Trajectories(*(torch.from_numpy(value).float() for value in parts))


def source(told: Trajectories) -> Source:
    """With environments for those who probe: the context is the speed of a clock that actions wind."""
    contexts = np.random.default_rng(0).random((1, *told.observation.shape[1:2], 1))
    return Source(told, np.repeat(contexts, len(told.observation), 0), lambda rows: Blind(rows))


def pretrained(seeds: tuple[int, ...], into: Task = LINEAR, **settings: Any) -> Any:
    sizes = {
        "window": 8,
        "size": 2,
        "encoder": (32,),
        "predictor": (32, 32),
        "batch": 64,
        "learning_rate": 3e-3,
    }
    method = build("iida", into, seeds, **{**sizes, "updates": 600, **settings})
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


@pytest.mark.parametrize("name", PRETRAINED)
def test_a_run_is_pretrained_the_same_alone_and_in_a_stack(name: str) -> None:
    def train(seeds: tuple[int, ...]) -> tuple[dict[str, Tensor], dict[str, np.ndarray]]:
        method = build(name, LINEAR, seeds)
        figures = method.pretrain(source(linear(seeds, 5, 20, "train")), Streams(keys(*seeds)))
        return tensors(method), figures

    alone, figures = train((1,))
    for seeds in ((0, 1, 2), (1, 0)):
        stack, stacked = train(seeds)
        at = seeds.index(1)
        for key, value in alone.items():
            assert torch.equal(stack[key][at], value[0]), key
        for key, figure in figures.items():
            assert figure[0] == stacked[key][at]


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
