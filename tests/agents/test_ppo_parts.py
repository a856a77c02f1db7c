"""Advantages, memory, distributions and normalisers of PPO against plain references."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.distributions import Categorical as Choice
from torch.distributions import Independent, Normal

from meta_rl.agents.distributions import Categorical, Gaussian
from meta_rl.agents.normaliser import CLIP, Moments, Observations, Rewards
from meta_rl.agents.on_policy import Memory, advantages
from meta_rl.conformance.small import keys
from meta_rl.methods.base import Method
from meta_rl.spaces import Spaces
from meta_rl.stack.seen import Seen, Transition, Window
from meta_rl.streams import Streams

S, T, N = 2, 9, 3
GAMMA, DECAY = 0.9, 0.7


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape)).float()


def ends(seed: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).random((S, T, N)) < 0.25)


@pytest.mark.parametrize("decay", [0.0, DECAY, 1.0])
def test_advantages_are_weighted_sums_of_errors(decay: float) -> None:
    """The sum of the definition, term by term, up to the end of the episode or of the rollout."""
    reward, value, after = (normal(S, T, N, seed=seed) for seed in range(3))
    terminated, truncated = ends(3), ends(4)
    assert (terminated & truncated).any()
    found = advantages(reward, value, after, terminated, truncated, GAMMA, decay).numpy()
    for s, t, n in np.ndindex(S, T, N):
        expected, weight = 0.0, 1.0
        for k in range(t, T):
            following = 0.0 if terminated[s, k, n] else float(after[s, k, n])
            expected += weight * float(reward[s, k, n] + GAMMA * following - value[s, k, n])
            weight *= GAMMA * decay
            if terminated[s, k, n] or truncated[s, k, n]:
                break
        assert found[s, t, n] == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_advantages_by_hand() -> None:
    """Three steps, the second truncated: deltas 1 + .9 * 2 - 1 = 1.8, 2 + .9 * 5 - 2 = 4.5, 3 + .9 * 4 - 3 = 3.6."""
    reward, value = torch.tensor([1.0, 2.0, 3.0]).view(1, 3, 1), torch.tensor([1.0, 2.0, 3.0]).view(1, 3, 1)
    after = torch.tensor([2.0, 5.0, 4.0]).view(1, 3, 1)
    no, second = torch.zeros(1, 3, 1, dtype=torch.bool), torch.tensor([False, True, False]).view(1, 3, 1)
    found = advantages(reward, value, after, no, second, 0.9, 0.5)
    torch.testing.assert_close(found.flatten(), torch.tensor([1.8 + 0.45 * 4.5, 4.5, 3.6]))
    found = advantages(reward, value, after, second, no, 0.9, 0.5)  # terminated: nothing comes after
    torch.testing.assert_close(found.flatten(), torch.tensor([1.8, 0.0, 3.6]))


class Sum(Method):
    """Says the sum of everything that it is shown."""

    size = 1

    def forward(self, seen: Seen) -> Tensor:
        z = torch.zeros(*seen.observation.shape[:2], 1)
        if seen.context is not None:
            z = z + seen.context.sum(-1, keepdim=True)
        if seen.state is not None:
            z = z + seen.state.sum(-1, keepdim=True)
        if seen.window is None:
            return z
        held = seen.window.transitions * seen.window.mask.unsqueeze(-1)
        return z + held.sum((-1, -2)).unsqueeze(-1)


def transition(t: int, needs: str, joint: bool) -> Transition:
    window = Window(normal(S, N, 4, 5, seed=30 + t), (normal(S, N, 4, seed=40 + t) > 0).float())
    seen = Seen(
        normal(S, N, 2, seed=10 + t),
        normal(S, N, 3, seed=20 + t) if "context" in needs else None,
        window if "window" in needs else None,
        normal(S, N, 6, seed=25 + t) if "history" in needs else None,
    )
    if not joint:
        seen = seen._replace(encoding=Sum()(seen))
    flags = normal(2, S, N, seed=60 + t) > 0
    return Transition(
        seen, torch.zeros(S, N, dtype=torch.int64), normal(S, N, seed=50 + t),
        seen, flags[0], flags[1], torch.zeros(S, N, dtype=torch.int64),
    )  # fmt: skip


@pytest.mark.parametrize("joint", [False, True])
@pytest.mark.parametrize(
    "needs", ["window", "context", "context window", "history", "context window history"]
)
def test_a_memory_gives_back_what_it_got(joint: bool, needs: str) -> None:
    """Two rollouts, one after the other, and one that is saved and loaded amid."""
    memory = Memory(T, joint)
    for rollout in range(2):
        steps = [transition(t + 100 * rollout, needs, joint) for t in range(T)]
        raw, ahead = normal(S, T, N, 2, seed=rollout), normal(S, T, N, seed=90 + rollout)
        for t, step in enumerate(steps):
            assert memory.size == t
            memory.add(step, step.seen, raw[:, t], ahead[:, t])
            if t == 4:
                other = Memory(T, joint)
                other.load_state_dict(memory.state_dict())
                memory = other
        for name, values in (
            ("next_value", list(ahead.unbind(1))),
            ("reward", [step.reward for step in steps]),
            ("terminated", [step.terminated.float() for step in steps]),
            ("truncated", [step.truncated.float() for step in steps]),
        ):
            assert torch.equal(memory.field(name), torch.stack(values, 1))
        inputs = torch.stack(
            [Sum().inputs(step.seen) if joint else step.seen.inputs for step in steps], 1
        ).flatten(1, 2)
        whole = memory.seen()
        torch.testing.assert_close(Sum().inputs(whole) if joint else whole.observation, inputs)
        figures = [normal(S, T, N, seed=70 + i) for i in range(3)]
        memory.finish(*figures)
        index = torch.stack(
            [torch.randperm(T * N, generator=torch.Generator().manual_seed(s)) for s in range(S)]
        )
        samples = memory.sample(index)
        known = Sum().inputs(samples.seen) if joint else samples.seen.observation
        for seed in range(S):
            order = index[seed]
            torch.testing.assert_close(known[seed], inputs[seed, order])
            assert torch.equal(samples.raw[seed], raw.flatten(1, 2)[seed, order])
            for found, figure in zip(samples[2:5], figures, strict=True):
                assert torch.equal(found[seed], figure.flatten(1, 2)[seed, order])


def test_categorical_is_pytorchs() -> None:
    distribution = Categorical(Spaces(1, 4, True), 2)
    logits = normal(2, 5000, 4, seed=1)
    logits[:] = logits[:, :1]
    raw = distribution.sample(logits, Streams(keys(0, 1)), "draw")
    action, reference = distribution.action(raw), Choice(logits=logits)
    assert action.dtype == torch.int64
    torch.testing.assert_close(distribution.log_density(logits, raw), reference.log_prob(action))
    torch.testing.assert_close(distribution.entropy(logits), reference.entropy())
    shares = torch.nn.functional.one_hot(action, 4).float().mean(1)
    torch.testing.assert_close(shares, reference.probs[:, 0], rtol=0, atol=0.03)
    assert torch.equal(distribution.mode(logits), logits.argmax(-1))


def test_gaussian_is_pytorchs_and_clips_what_it_sends() -> None:
    distribution = Gaussian(Spaces(1, 2, False, limit=1.5), 2)
    distribution.log_std.data = normal(2, 1, 2, seed=2)
    mean = normal(2, 1, 2, seed=1).expand(2, 5000, 2)
    raw = distribution.sample(mean, Streams(keys(0, 1)), "draw")
    reference = Independent(Normal(mean, distribution.log_std.exp()), 1)
    torch.testing.assert_close(distribution.log_density(mean, raw), reference.log_prob(raw))
    torch.testing.assert_close(distribution.entropy(mean), reference.entropy())
    torch.testing.assert_close(raw.mean(1), mean[:, 0], rtol=0, atol=0.1)
    torch.testing.assert_close(raw.std(1), distribution.log_std.exp()[:, 0], rtol=0.05, atol=0)
    assert raw.abs().max() > 1.5
    assert torch.equal(distribution.action(raw), raw.clamp(-1.5, 1.5))
    assert torch.equal(distribution.mode(2 * mean), (2 * mean).clamp(-1.5, 1.5))


def test_moments_are_those_of_all_values() -> None:
    moments = Moments(S, 2)
    assert moments.scale.tolist() == [[[1.0, 1.0]]] * S
    values = 1000 + 3 * normal(S, 60, 2)
    for first, last in ((0, 1), (1, 5), (5, 60)):
        moments.add(values[:, first:last])
    exact = values.double()
    torch.testing.assert_close(moments.mean, exact.mean(1, keepdim=True))
    torch.testing.assert_close(moments.variance, exact.var(1, keepdim=True, correction=0))
    other = Moments(S, 2)
    other.load_state_dict(moments.state_dict())
    for one in (moments, other):
        one.add(values[:, :7])
    assert torch.equal(other.variance, moments.variance)


@pytest.mark.parametrize("rest", [0, 1])
def test_observations_are_normalised_and_nothing_else_of_a_step(rest: int) -> None:
    observations = Observations(S, 2)
    seen = 50 + 3 * normal(S, 400, 2)
    observations.add(seen)
    found = observations(seen)
    torch.testing.assert_close(found.mean(1), torch.zeros(S, 2), rtol=0, atol=1e-4)
    torch.testing.assert_close(found.std(1), torch.ones(S, 2), rtol=0, atol=0.01)
    assert observations(seen * 1e6).abs().max() == CLIP
    # Steps (s, a, s') or (s, a, s', r), in rows or in windows of four.
    following, other = seen.roll(1, 1), 100 * normal(S, 400, 3 + rest)
    packed = torch.cat((seen, other[..., :3], following, other[..., 3:]), -1)
    expected = torch.cat((found, other[..., :3], found.roll(1, 1), other[..., 3:]), -1)
    assert torch.equal(observations.step(packed, 3), expected)
    windows = observations.step(packed.unflatten(1, (100, 4)), 3)
    assert torch.equal(windows, expected.unflatten(1, (100, 4)))


def test_rewards_are_divided_by_the_deviation_of_the_returns_so_far() -> None:
    """Over two rollouts: what is running at the end of one goes on in the next."""
    rewards = Rewards(S, GAMMA)
    reward, ended = 5 * normal(S, 2 * T, N), torch.cat((ends(1), ends(2)), 1)
    returns = np.zeros((S, 2 * T, N))
    running = np.zeros((S, N))
    for t in range(2 * T):
        running = returns[:, t] = GAMMA * running + reward[:, t].numpy()
        running = np.where(ended[:, t], 0.0, running)
    state: Any = None
    for half in (slice(0, T), slice(T, 2 * T)):
        if state is not None:
            rewards = Rewards(S, GAMMA)
            rewards.load_state_dict(state)
        rewards.add_rollout(reward[:, half], ended[:, half])
        state = rewards.state_dict()
    deviation = returns.reshape(S, -1).std(1)
    np.testing.assert_allclose(rewards.scale.flatten(), 1 / deviation, rtol=1e-5)
    np.testing.assert_allclose(rewards(reward), reward.numpy() / deviation[:, None, None], rtol=1e-4)
    assert rewards(reward * 1e6).abs().max() == CLIP
