"""Every registered method: what it sees, what trains it, and what its encoding depends on."""

import numpy as np
import pytest
import torch
from torch import Tensor

from meta_rl import registry
from meta_rl.agents.protocols import CRITIC, POLICY
from meta_rl.conformance.compare import leaves
from meta_rl.conformance.methods import LINEAR, ROWS, Blind, build, encode, linear, normal, source
from meta_rl.conformance.probes import DISCRETE
from meta_rl.conformance.small import keys
from meta_rl.methods.base import Method, PerNetwork
from meta_rl.stack.rollout import Rollout, Watch
from meta_rl.stack.seen import RECENT, Seen, Window
from meta_rl.streams import Streams
from meta_rl.training.policy import tensors

WINDOWED = [name for name, entry in registry.METHODS.items() if "window" in entry.needs]
ORDERED = [name for name in WINDOWED if build(name).ordered]
UNORDERED = [name for name in WINDOWED if name not in ORDERED]
CLEARED = [name for name in WINDOWED if registry.entry("method", name).cleared]
every_network = pytest.mark.parametrize("network", [POLICY, CRITIC])
PRETRAINED = [name for name, entry in registry.METHODS.items() if entry.pretrain]


@pytest.mark.parametrize("name", registry.METHODS)
def test_sees_the_context_only_if_it_is_told(name: str) -> None:
    """Other contexts handed to the driver change nothing else: not even a digit."""
    method = build(name).requires_grad_(False)
    needs = registry.entry("method", name).needs
    found = []
    for factor in (1.0, 1000.0):
        random, other = np.random.default_rng(0), np.random.default_rng(1)
        watch = Watch(needs, method.window, None, method.embed, method.encode, method.state, method.advance)
        rollout = Rollout(Blind(ROWS), watch)
        ended = np.ones(ROWS, dtype=bool)
        for _ in range(30):
            if ended.any():
                contexts, noise = factor * random.normal(size=(*ROWS, 1)), random.random((*ROWS, 1))
                rollout.reset(ended, contexts, noise, other.normal(size=(*ROWS, 1)))
            found += leaves(rollout.seen)
            step = rollout.step(torch.from_numpy(random.integers(2, size=ROWS)))
            found += leaves((step.seen, step.next_seen))
            ended = step.terminated.numpy() | (random.random(ROWS) < 0.1)
    half = len(found) // 2
    same = all(torch.equal(a, b) for a, b in zip(found[:half], found[half:], strict=True))
    assert same == ("context" not in needs)


def seen(method: Method) -> Seen:
    window = Window(normal(*ROWS, method.window, 4), torch.ones(*ROWS, method.window))
    return Seen(normal(*ROWS, 1), normal(*ROWS, 1), window, normal(*ROWS, method.state))


@every_network
@pytest.mark.parametrize("name", registry.METHODS)
def test_networks_read_the_observation_and_z_or_z_alone(name: str, network: str) -> None:
    method = build(name)
    shown = seen(method)
    read, told = method.read(shown, network), method.told(shown, network)
    assert told.shape == (*ROWS, method.size)
    assert read.shape == (*ROWS, method.width(DISCRETE, network))
    # Features of the observation, where they are part of z, stand in its place.
    before = () if read.shape[-1] == method.size else (shown.observation,)
    assert torch.equal(read, torch.cat((*before, told), -1))


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
    own = isinstance(method, PerNetwork)
    assert method.read(seen(method), CRITIC).requires_grad == joint
    # Otherwise the critic's loss alone trains it.
    assert method.read(seen(method), POLICY).requires_grad == own
    assert all(parameter.requires_grad == joint for parameter in method.parameters())
    assert bool(list(method.parameters())) or not joint


@pytest.mark.parametrize("name", UNORDERED)
class TestWithoutOrder:
    def test_order_does_not_matter(self, name: str) -> None:
        method = build(name)
        transitions = normal(*ROWS, method.window, 4)
        mask = (torch.arange(method.window) > 1).float().expand(*ROWS, -1)
        turned = torch.randperm(method.window, generator=torch.Generator().manual_seed(0))
        assert not torch.equal(turned, torch.arange(method.window))
        torch.testing.assert_close(
            encode(method, transitions[:, :, turned], mask[:, :, turned]), encode(method, transitions, mask)
        )

    def test_what_counts_is_the_mix_of_transitions(self, name: str) -> None:
        """Seen twice each, two of them say what they say seen once, and neither says more than the other."""
        method = build(name)
        transitions = normal(*ROWS, method.window, 4)
        pair, place = transitions[:, :, :2], torch.arange(method.window)
        twice = torch.cat((pair, pair, transitions[:, :, 4:]), 2)
        once, both = (encode(method, twice, (place < count).float().expand(*ROWS, -1)) for count in (2, 4))
        torch.testing.assert_close(both, once)
        three = torch.cat((pair[:, :, :1], pair, transitions[:, :, 3:]), 2)
        assert not torch.allclose(encode(method, three, (place < 3).float().expand(*ROWS, -1)), once)


@pytest.mark.parametrize("name", [name for name in WINDOWED if registry.METHODS[name].pretrain != "vine"])
class TestWindows:
    def test_an_empty_window_gives_zero(self, name: str) -> None:
        method = build(name)
        mask = torch.zeros(*ROWS, method.window)
        assert not encode(method, normal(*ROWS, method.window, 4) * 100, mask).any()
        mask[0, 1, -1] = 1.0
        z = encode(method, normal(*ROWS, method.window, 4), mask)
        known = name not in CLEARED
        assert (z != 0).flatten(2).any(2).tolist() == [[False, known, False], [False] * 3]

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
        assert changed.tolist() == [[False, name not in CLEARED, False], [False] * 3]


@pytest.mark.parametrize("name", ORDERED)
def test_a_window_whose_order_matters_holds_the_last_transitions(name: str) -> None:
    method = build(name)
    assert method.transitions == RECENT
    transitions, mask = normal(*ROWS, method.window, 4), torch.ones(*ROWS, method.window)
    turned = encode(method, transitions.flip(2), mask)
    assert (turned != encode(method, transitions, mask)).any(-1).all() == (name not in CLEARED)


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
