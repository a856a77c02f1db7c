"""DDPG and SAC by hand. Without hidden layers all networks are linear: critics in (s, a), actors in s."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.distributions import Normal, TanhTransform, TransformedDistribution

from meta_rl.conformance.learners import build, remembered, start, transition
from meta_rl.conformance.probes import CONTINUOUS, Constant, Recall
from meta_rl.stack.networks import MLP
from meta_rl.stack.seen import Seen

BOTH = pytest.mark.parametrize("name", ["ddpg", "sac"])
LIMIT = CONTINUOUS.limit


def single(name: str, **settings: Any) -> Any:
    return build(
        name, "continuous", seeds=1, **{"n_envs": 1, "learning_starts": 10**6, "hidden": (), **settings}
    )


def linear(network: MLP, *rows: list[float]) -> None:
    """Make a network without hidden layers compute these outputs: per output, the weights and the bias."""
    with torch.no_grad():
        network.theta.zero_()
        ((weight, bias),) = network.layers()
        for output, (*weights, constant) in enumerate(rows):
            weight[0, : len(weights), output] = torch.tensor(weights)
            bias[0, 0, output] = constant


def remember(agent: Any) -> Any:
    """Three transitions from s = 1 to s' = 1; actions are twice as large as the critics see them."""
    agent.learn(transition(1.0, [0.5]))
    agent.learn(transition(2.0, [-1.0], terminated=True))
    agent.learn(transition(1.5, [2.0], truncated=True))
    return agent.replay.sample(torch.tensor([[0, 1, 2]]))


# Q(s, a) = 1 + 2 s + 3 a, so at s = 1 and these actions in parts of the limit:
VALUES = 3.0 + 3.0 * np.array([0.25, -0.5, 1.0])


def test_ddpg_losses_by_hand() -> None:
    agent = single("ddpg")
    linear(agent.critics[0], [2.0, 3.0, 1.0])
    linear(agent.target_critics[0], [1.0, -2.0, 0.5])
    linear(agent.actor, [0.3, 0.1])
    linear(agent.target_actor, [-0.4, 0.6])
    batch = remember(agent)
    loss, value = agent.critic_loss(batch)
    following = 1.5 - 2.0 * np.tanh(0.2)
    target = np.array([1.0, 2.0, 1.5]) + 0.5 * following * np.array([1, 0, 1])
    np.testing.assert_allclose(value.detach()[0], VALUES, rtol=1e-6)
    np.testing.assert_allclose(loss.detach(), [np.square(VALUES - target).mean()], rtol=1e-5)

    loss = agent.actor_loss(batch.seen)
    action = np.tanh(0.4)
    np.testing.assert_allclose(loss.detach(), [-(3.0 + 3.0 * action)], rtol=1e-6)
    ((weight, bias),) = agent.actor.layers_of(*torch.autograd.grad(loss.sum(), [agent.actor.theta]))
    slope = -3.0 * (1 - action**2)
    np.testing.assert_allclose([weight.sum(), bias.sum()], [slope, slope], rtol=1e-5)


def test_ddpg_explores_around_its_action_within_the_limit() -> None:
    agent = single("ddpg", learning_starts=0, noise=0.2)
    linear(agent.actor, [0.3, 0.1])
    rows = Seen(torch.ones(1, 20_000, 1))
    action = agent.act(rows, explore=True)
    assert action.mean().item() == pytest.approx(LIMIT * np.tanh(0.4), abs=0.01)
    assert action.std().item() == pytest.approx(LIMIT * 0.2, rel=0.02)
    linear(agent.actor, [0.0, 9.0])
    action = agent.act(rows, explore=True)
    assert action.max() == LIMIT
    assert (action == LIMIT).float().mean().item() == pytest.approx(0.5, abs=0.02)


@BOTH
def test_the_first_actions_are_uniform(name: str) -> None:
    agent = single(name, learning_starts=2)
    rows = Seen(torch.ones(1, 20_000, 1))
    action = agent.act(rows, explore=True)
    counts = np.histogram(action.numpy(), bins=10, range=(-LIMIT, LIMIT))[0]
    assert counts.sum() == 20_000
    np.testing.assert_allclose(counts, 2000, rtol=0.1)
    for _ in range(2):
        agent.learn(transition(1.0, [0.5]))
    assert agent.act(rows, explore=True).std() != pytest.approx(action.std().item(), rel=0.02)


def test_sac_density_is_that_of_a_squashed_normal() -> None:
    torch.manual_seed(0)  # of the reference
    agent = single("sac")
    for mean, log_std in ((0.3, -0.5), (-2.0, 0.7), (0.0, -30.0), (0.0, 5.0)):
        linear(agent.actor, [mean, 0.0], [0.0, log_std])
        noise = torch.linspace(-2, 2, 41).view(1, -1, 1)
        action, log_density = agent.sample(torch.ones(1, 41, 1), noise)
        std = np.exp(np.clip(log_std, -20, 2))
        torch.testing.assert_close(action, torch.tanh(mean + std * noise).float())
        normal = Normal(torch.tensor(mean, dtype=torch.float64), torch.tensor(std, dtype=torch.float64))
        reference = TransformedDistribution(normal, TanhTransform(cache_size=1))
        raw = normal.mean + normal.stddev * noise.squeeze(-1).double()
        expected = normal.log_prob(raw) - TanhTransform().log_abs_det_jacobian(raw, torch.tanh(raw))
        torch.testing.assert_close(log_density.double(), expected, rtol=1e-4, atol=1e-4)
        assert reference.sample((10_000,)).mean().item() == pytest.approx(
            agent.sample(torch.ones(1, 10_000, 1), agent.normal(f"{mean}", 10_000))[0].mean().item(), abs=0.05
        )


def test_sac_losses_by_hand() -> None:
    agent = single("sac")
    linear(agent.critics[0], [2.0, 3.0, 1.0])
    linear(agent.critics[1], [2.0, 2.0, 1.5])  # the lower one where a > 0.5
    linear(agent.target_critics[0], [1.0, -2.0, 0.5])
    linear(agent.target_critics[1], [1.0, 2.0, 0.5])  # the lower one where a < 0
    linear(agent.actor, [0.3, 0.1], [-0.2, -0.1])
    batch, alpha = remember(agent), torch.tensor([[0.2]])
    noise = np.array([[[0.5], [1.0], [-2.0]]])

    raw = 0.4 + np.exp(-0.3) * noise[0, :, 0]
    action = np.tanh(raw)
    log_density = (
        -0.5 * noise[0, :, 0] ** 2 + 0.3 - 0.5 * np.log(2 * np.pi) - np.log(1 - np.square(np.tanh(raw)))
    )
    lowest = 1.5 - 2.0 * np.abs(action)
    target = np.array([1.0, 2.0, 1.5]) + 0.5 * np.array([1, 0, 1]) * (lowest - 0.2 * log_density)
    second = 3.5 + 2.0 * np.array([0.25, -0.5, 1.0])
    expected = 0.5 * (np.square(VALUES - target).mean() + np.square(second - target).mean())
    loss, value = agent.critic_loss(batch, alpha, torch.from_numpy(noise).float())
    np.testing.assert_allclose(value.detach()[0], VALUES, rtol=1e-6)
    np.testing.assert_allclose(loss.detach(), [expected], rtol=1e-5)

    loss, found = agent.actor_loss(batch.seen, alpha, torch.from_numpy(noise).float())
    lowest = np.minimum(3.0 + 3.0 * action, 3.5 + 2.0 * action)
    np.testing.assert_allclose(found[0], log_density, rtol=1e-4)
    np.testing.assert_allclose(loss.detach(), [np.mean(0.2 * log_density - lowest)], rtol=1e-5)
    # d/d mean: log pi changes by 2 tanh(u), Q by its slope times 1 - tanh(u)^2
    slope = np.where(action < 0.5, 3.0, 2.0)
    by_mean = np.mean(0.2 * 2 * action - slope * (1 - action**2))
    # d/d log std: u changes by std noise, and log pi by -1 besides
    spread = np.exp(-0.3) * noise[0, :, 0]
    by_log_std = np.mean(0.2 * (2 * action * spread - 1) - slope * (1 - action**2) * spread)
    *_, (_, bias) = agent.actor.layers_of(*torch.autograd.grad(loss.sum(), [agent.actor.theta]))
    np.testing.assert_allclose(bias[0, 0], [by_mean, by_log_std], rtol=1e-4)
    np.testing.assert_allclose(
        agent.value(Seen(torch.ones(1, 1, 1))), [[3.0 + 3.0 * np.tanh(0.4)]], rtol=1e-6
    )


@pytest.mark.parametrize(("log_density", "rises"), [(3.0, True), (-3.0, False)])
def test_sac_temperature_keeps_the_entropy_at_minus_the_actions(log_density: float, rises: bool) -> None:
    """The entropy to keep is -1: a density of e^3 is too narrow, one of e^-3 too broad."""
    agent = single("sac")
    loss = agent.temperature_loss(torch.full((1, 4), log_density))
    (gradient,) = torch.autograd.grad(loss.sum(), [agent.log_temperature])
    assert gradient.item() == pytest.approx(-(log_density - 1.0))
    agent.optimisers["temperature"].minimise(agent.temperature_loss(torch.full((1, 4), log_density)))
    assert (agent.log_temperature.item() > 0) == rises


def test_sac_temperature_starts_at_one() -> None:
    assert single("sac").log_temperature.exp().tolist() == [1.0]


@BOTH
def test_targets_follow_a_part_of_the_way(name: str) -> None:
    agent = build(name, "continuous", "jrpl", learning_starts=12, train_every=12, n_envs=4, tau=0.1)
    training = start(agent, Recall, "continuous", "jrpl")
    training.run(12)
    targets = {"critics": agent.target_critics, "method": agent.target_method}
    if name == "ddpg":
        targets["actor"] = agent.target_actor
    for key, target in targets.items():
        online = [parameter.clone() for parameter in getattr(agent, key).parameters()]
        assert all(torch.equal(a, b) for a, b in zip(online, target.parameters(), strict=True))
        assert not any(parameter.requires_grad for parameter in target.parameters())
    before = {
        key: [parameter.clone() for parameter in target.parameters()] for key, target in targets.items()
    }
    training.run(24)
    for key, target in targets.items():
        online = list(getattr(agent, key).parameters())
        for old, new, now in zip(before[key], online, target.parameters(), strict=True):
            assert not torch.equal(old, new)
            torch.testing.assert_close(now, 0.9 * old + 0.1 * new)


@BOTH
def test_the_critics_train_a_joint_encoder_and_the_actor_does_not(name: str) -> None:
    agent = build(name, "continuous", "jrpl")
    start(agent, Recall, "continuous", "jrpl").run(200)
    batch = remembered(agent, torch.arange(2, 42).repeat(2, 1))
    encoder = list(agent.method.parameters())
    before = [parameter.clone() for parameter in encoder]
    losses: list[Tensor] = []
    inner = agent.actor_loss

    def actor_loss(*given: Any) -> Any:
        found = inner(*given)
        losses.append(found if name == "ddpg" else found[0])
        gradients = torch.autograd.grad(losses[0].sum(), encoder, retain_graph=True, allow_unused=True)
        assert all(gradient is None for gradient in gradients)
        return found

    agent.actor_loss = actor_loss
    agent.update(batch)
    assert len(losses) == 1
    assert all(not torch.equal(a, b) for a, b in zip(before, encoder, strict=True))
    known = {id(parameter) for parameter in agent.optimisers["actor"].parameters}
    assert known == {id(parameter) for parameter in agent.actor.parameters()}


@BOTH
def test_targets_use_the_target_encoder(name: str) -> None:
    agent = build(name, "continuous", "jrpl")
    start(agent, Recall, "continuous", "jrpl").run(200)
    batch = remembered(agent, torch.arange(2, 42).repeat(2, 1))
    rest = () if name == "ddpg" else (torch.full((2, 1), 0.1), torch.zeros(2, 40, 1))
    loss, value = (x.detach() for x in agent.critic_loss(batch, *rest))
    with torch.no_grad():
        for parameter in agent.target_method.parameters():
            parameter += 0.5
    changed, same = agent.critic_loss(batch, *rest)
    assert torch.equal(same, value)
    assert not torch.equal(changed, loss)


@pytest.mark.parametrize(("name", "asked"), [("ddpg", {"target"}), ("sac", {"online", "target"})])
def test_whose_encoding_the_next_action_is_based_on(name: str, asked: set[str]) -> None:
    """DDPG's next action is the target actor's, SAC's the present one's; next values are the targets' in both."""
    agent = build(name, "continuous", "jrpl")
    start(agent, Recall, "continuous", "jrpl").run(200)
    batch = remembered(agent, torch.arange(2, 42).repeat(2, 1))
    found = set()
    for who, method in (("online", agent.method), ("target", agent.target_method)):
        inner = method.inputs
        method.inputs = lambda seen, who=who, inner=inner: (
            (found.add(who) if seen is batch.next_seen else None) or inner(seen)
        )
    agent.update(batch)
    assert found == asked


def test_sac_has_two_different_critics() -> None:
    first, second = single("sac").critics
    pairs = zip(first.parameters(), second.parameters(), strict=True)
    assert not any(torch.equal(a, b) for a, b in pairs)


def test_actor_and_critic_have_step_sizes_of_their_own() -> None:
    agent = single("ddpg", actor_learning_rate=0.1, critic_learning_rate=0.2)
    assert {name: one.learning_rate for name, one in agent.optimisers.items()} == {
        "actor": 0.1,
        "critic": 0.2,
    }


@pytest.mark.parametrize("name", ["dqn", "ddpg"])
@pytest.mark.parametrize("n_envs", [1, 4])
@pytest.mark.parametrize("train_every", [1, 3, 10])
def test_updates_count_env_steps(name: str, n_envs: int, train_every: int) -> None:
    kind, steps = "discrete" if name == "dqn" else "continuous", 2
    agent = build(
        name, kind, seeds=1, n_envs=n_envs, train_every=train_every, gradient_steps=steps, learning_starts=20,
        batch=2,
    )  # fmt: skip
    updates: list[int] = []
    agent.update = lambda batch: updates.append(1) or {}
    training = start(agent, Constant, kind)
    for step in range(n_envs, 101, n_envs):
        training.run(step)
        assert len(updates) == steps * max(0, step // train_every - 20 // train_every)
