from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from meta_rl.agents.on_policy import Memory, Samples
from meta_rl.agents.protocols import POLICY
from meta_rl.conformance.learners import at, build, close, fixed, learnt, start, transition
from meta_rl.conformance.probes import CONTINUOUS, Cue, Delayed, Recall
from meta_rl.stack.seen import Seen, Transition


class Cut(Recall):
    """Three steps or four, by the context, and then a cut, after which something else is seen."""

    def see(self) -> Any:
        cut = self.time >= 3 + (self.context > 0)
        return np.where(cut, 5.0 * self.context, self.time)

    def outcome(self, sign: np.ndarray) -> Any:
        return self.context * self.time, False, self.time + 1 >= 3 + (self.context > 0)


def single(kind: str = "discrete", **settings: Any) -> Any:
    return build("ppo", kind, seeds=1, **settings)


def samples(raw: list[float], log_density: Any, advantage: list[float], target: list[float]) -> Samples:
    columns = [torch.tensor(column).float().view(1, -1) for column in (raw, log_density, advantage, target)]
    return Samples(Seen(torch.ones(1, len(raw), 1)), columns[0].unsqueeze(-1), *columns[1:])


def test_loss_by_hand() -> None:
    """Ratios 1.5 and 0.5, each with a good and with a bad action: clipped where it would gain."""
    agent = single(entropy_weight=0.3, value_weight=0.7)
    fixed(agent.policy, [0.0, np.log(3.0)])  # probabilities 1/4 and 3/4
    fixed(agent.critic, [2.0])
    ratio, advantage = np.array([1.5, 1.5, 0.5, 0.5]), np.array([4.0, -2.0, 1.0, -3.0])
    probability = np.array([0.25, 0.75, 0.75, 0.25])
    target = np.array([1.0, 2.5, 2.0, 4.0])
    loss = agent.loss(samples([0, 1, 1, 0], np.log(probability / ratio), advantage.tolist(), target.tolist()))
    scaled = (advantage - advantage.mean()) / advantage.std(ddof=1)
    assert (scaled > 0).tolist() == [True, False, True, False]
    gain = np.array([1.2, 1.5, 0.5, 0.8]) * scaled
    entropy = -(0.25 * np.log(0.25) + 0.75 * np.log(0.75))
    expected = -gain.mean() + 0.7 * np.square(2.0 - target).mean() - 0.3 * entropy
    np.testing.assert_allclose(loss.detach(), [expected], rtol=1e-5)


@pytest.mark.parametrize(
    ("ratio", "sign", "moves"),
    [(1.5, 1, False), (1.5, -1, True), (0.5, 1, True), (0.5, -1, False), (1.1, 1, True), (0.9, -1, True)],
)
def test_what_is_clipped_moves_nothing(ratio: float, sign: int, moves: bool) -> None:
    """Beside it another action, of ratio 1, whose scaled advantage is the opposite one."""
    agent = single(value_weight=0.0)
    fixed(agent.policy, [0.0, 0.0])
    loss = agent.loss(samples([1, 0], np.log([0.5 / ratio, 0.5]), [sign, -sign], [0.0, 0.0]))
    *_, (_, bias) = agent.policy.layers_of(*torch.autograd.grad(loss.sum(), [agent.policy.theta]))
    advantage = sign * np.sqrt(0.5)
    # d log pi(1) / d logit(1) = 1/2 and d log pi(0) / d logit(1) = -1/2; the loss is minus a mean of two
    expected = -(moves * ratio * advantage / 2 + advantage / 2) / 2
    np.testing.assert_allclose(bias[0, 0, 1], expected, rtol=1e-5)


@pytest.mark.parametrize("kind", ["discrete", "continuous"])
def test_the_first_update_finds_the_policy_that_acted(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ratios of 1 before the first step: also where actions were clipped and observations normalised."""
    agent = build("ppo", kind, n_steps=32, minibatch=128, epochs=1, observations="normalised")
    if kind == "continuous":
        agent.distribution.log_std.data += 1.0
    found: list[Tensor] = []

    def look(samples: Samples) -> Tensor:
        outputs = agent.policy(agent.read(samples.seen, POLICY))
        found.append(agent.distribution.log_density(outputs, samples.raw) - samples.log_density)
        if kind == "continuous":
            found.append(samples.raw.abs().amax() / CONTINUOUS.limit)
        return inner(samples)

    inner = agent.loss
    monkeypatch.setattr(agent, "loss", look)
    training = start(agent, Cue, kind)
    sent = []
    step = training.environments.step
    monkeypatch.setattr(training.environments, "step", lambda action: sent.append(action) or step(action))
    training.run(128)
    torch.testing.assert_close(found[0], torch.zeros(2, 128), rtol=0, atol=1e-5)
    if kind == "continuous":
        assert found[1] > 1.5
        assert np.abs(sent).max() == CONTINUOUS.limit


def test_targets_look_ahead_to_the_next_step_or_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """With lambda 0: r + gamma V of what the next step saw, of the last state after a truncation, else of none.

    Where the probe cuts, the state after the cut looks like no other one.
    """
    agent = build("ppo", n_steps=12, gae_lambda=0.0, observations="normalised", minibatch=4)
    monkeypatch.setattr(agent, "_update", agent._finish_rollout)
    ahead: list[Tensor] = []
    learn = agent.learn

    def look(step: Transition) -> Any:
        ahead.append(agent.observations(step.next_seen.observation))
        return learn(step)

    monkeypatch.setattr(agent, "learn", look)
    for probe, truncates in ((Recall, False), (Cut, True)):
        ahead.clear()
        start(agent, probe).run(12 * 4)
        observation, reward = agent.memory.field("observation"), agent.memory.field("reward")
        over = agent.memory.field("truncated" if truncates else "terminated") > 0
        assert over.any()
        assert not over.all(-1).any() or not truncates  # some rows go on where others are cut
        last, following = (agent.critic(x).squeeze(-1).detach() for x in (torch.stack(ahead, 1), observation))
        expected = torch.where(over, last if truncates else 0.0, following.roll(-1, 1))
        expected[:, -1] = torch.where(over[:, -1] & (not truncates), 0.0, last[:, -1])
        found = agent.memory.sample(torch.arange(48).repeat(2, 1)).target.view_as(reward)
        torch.testing.assert_close(found, reward + 0.5 * expected)


def test_every_epoch_takes_every_step_once_in_another_order(monkeypatch: pytest.MonkeyPatch) -> None:
    agent = build("ppo", n_steps=8, n_envs=3, minibatch=6, epochs=3)
    indices: list[Tensor] = []
    inner = Memory.sample
    monkeypatch.setattr(Memory, "sample", lambda self, index: indices.append(index) or inner(self, index))
    start(agent, Cue).run(24)
    assert [tuple(index.shape) for index in indices] == [(2, 6)] * 12
    epochs = [torch.cat(indices[first : first + 4], 1) for first in (0, 4, 8)]
    for epoch in epochs:
        assert epoch.sort(1).values.tolist() == [list(range(24))] * 2
        assert not torch.equal(epoch[0], epoch[1])
    assert not torch.equal(epochs[0], epochs[1])


def test_learns_when_a_rollout_is_full() -> None:
    agent = build("ppo", n_steps=8, n_envs=3, minibatch=12)
    training = start(agent, Cue)
    before = [parameter.clone() for parameter in agent.policy.parameters()]
    for steps, changes in ((21, False), (24, True)):
        training.run(steps)
        pairs = zip(before, agent.policy.parameters(), strict=True)
        assert any(not torch.equal(a, b) for a, b in pairs) == changes


def test_minibatches_must_divide_a_rollout() -> None:
    with pytest.raises(ValueError, match="minibatches of 7 do not divide 24 transitions"):
        build("ppo", n_steps=8, n_envs=3, minibatch=7)


@pytest.mark.parametrize("weight", [0.0, 0.5])
def test_the_value_loss_alone_trains_a_joint_encoder(weight: float) -> None:
    agent = build("ppo", method="jrpl", value_weight=weight)
    before = [parameter.clone() for parameter in agent.method.parameters()]
    policy = [parameter.clone() for parameter in agent.policy.parameters()]
    start(agent, Recall, method="jrpl").run(64)
    changed = [not torch.equal(a, b) for a, b in zip(before, agent.method.parameters(), strict=True)]
    assert changed == [weight > 0] * len(before)
    assert any(not torch.equal(a, b) for a, b in zip(policy, agent.policy.parameters(), strict=True))


def test_starts_with_small_steps_around_nothing() -> None:
    """Gains of 0.01 for the policy and 1 for the value: nearly the same policy everywhere."""
    agent = build("ppo", "continuous", hidden=(64, 64))
    seen = at(-3.0, 0.0, 3.0)
    assert 0 < agent.act(seen, explore=False).abs().max() < 0.02
    assert agent.value(seen).abs().max() > 0.05
    assert not agent.distribution.log_std.any()


def test_values_are_in_the_units_of_the_rewards() -> None:
    agent = learnt("ppo", "discrete", Delayed, rewards="normalised")
    torch.testing.assert_close(agent.rewards.scale, torch.full((2, 1, 1), 2.0))  # returns so far are 0 and 1
    close(agent.value(at(0.0, 1.0)), 0.5, 1.0)
    figures: list[Tensor] = []
    inner = agent.learn
    agent.learn = lambda step: ((found := inner(step)) and figures.append(found["value"])) or found
    start(agent, Delayed).run(64)
    torch.testing.assert_close(figures[-1], torch.full((2,), 0.75), rtol=0, atol=0.08)


def test_each_step_is_learnt_from_once() -> None:
    agent = single(n_envs=1, n_steps=32)
    agent.act(Seen(torch.ones(1, 1, 1)), explore=True)
    agent.learn(transition(1.0, 0))
    with pytest.raises(AssertionError, match="learn without act"):
        agent.learn(transition(1.0, 0))


def test_statistics_are_of_what_was_seen_in_training() -> None:
    agent = build("ppo", observations="normalised", n_steps=64)
    training = start(agent, Cue)
    seen = [training.rollout.seen.observation]
    for steps in range(4, 200, 4):
        training.run(steps)
        seen.append(training.rollout.seen.observation)
    for _ in range(3):
        agent.act(Seen(100 * seen[0]), explore=False)
        agent.value(Seen(100 * seen[0]))
    values = torch.cat(seen[:-1], 1).double()  # the last ones wait for the next act
    torch.testing.assert_close(agent.observations.mean, values.mean(1, keepdim=True))
    torch.testing.assert_close(agent.observations.variance, values.var(1, keepdim=True, correction=0))


def test_learn_needs_an_act() -> None:
    with pytest.raises(AssertionError, match="learn without act"):
        single().learn(transition(1.0, 0))
