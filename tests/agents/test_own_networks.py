"""A method with a network of its own for policy and critic: each is trained by one loss, and targets hold copies."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from meta_rl.agents.on_policy import Samples
from meta_rl.agents.protocols import CRITIC, POLICY
from meta_rl.conformance.learners import build, start
from meta_rl.conformance.probes import Recall
from meta_rl.stack.replay import Batch
from meta_rl.stack.seen import Seen

ACTOR_CRITICS = pytest.mark.parametrize("name", ["ddpg", "sac"])


def gated(name: str, **settings: Any) -> Any:
    return build(name, "continuous" if name in ("ddpg", "sac") else "discrete", "cgate", **settings)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def seen(rows: int = 8, seed: int = 0) -> Seen:
    return Seen(normal(2, rows, 1, seed=seed), normal(2, rows, 1, seed=100 + seed))


def batch(action: Tensor) -> Batch:
    return Batch(seen(), action, normal(2, 8, seed=1), seen(seed=2), torch.zeros(2, 8) > 0)


def moved(agent: Any, network: str, loss: Tensor) -> bool:
    """Whether a loss moves the part of a network: every weight of it, or none."""
    part = list(agent.method.part(network).parameters())
    gradients = torch.autograd.grad(loss.sum(), part, retain_graph=True, allow_unused=True)
    found = {gradient is not None and bool(gradient.any()) for gradient in gradients}
    assert len(found) == 1
    return found.pop()


def copies(module: nn.Module) -> list[Tensor]:
    return [parameter.clone() for parameter in module.parameters()]


def changed(module: nn.Module, before: list[Tensor]) -> bool:
    """Of every parameter, or of none."""
    pairs = zip(before, module.parameters(), strict=True)
    found = {not torch.equal(old, new) for old, new in pairs}
    assert len(found) == 1
    return found.pop()


def shift(module: nn.Module) -> None:
    with torch.no_grad():
        for parameter in module.parameters():
            parameter += 0.5


def noise(name: str) -> tuple[Tensor, ...]:
    """What the losses of SAC take beside what was seen."""
    return () if name == "ddpg" else (torch.full((2, 1), 0.1), normal(2, 8, 1, seed=5))


def actor_loss(agent: Any, name: str) -> Tensor:
    found = agent.actor_loss(seen(), *noise(name))
    return found if name == "ddpg" else found[0]


@pytest.mark.parametrize("name", ["ppo", "ddpg", "sac"])
def test_policy_and_critic_have_networks_that_differ(name: str) -> None:
    agent = gated(name)
    assert set(agent.method.parts) == {POLICY, CRITIC}
    policy, critic = (copies(agent.method.part(network)) for network in (POLICY, CRITIC))
    assert any(not torch.equal(a, b) for a, b in zip(policy, critic, strict=True))
    shown = seen()
    assert not torch.equal(agent.read(shown, POLICY), agent.read(shown, CRITIC))
    assert torch.equal(agent.encode(shown), agent.method.told(agent.normalised(shown), POLICY))


@pytest.mark.parametrize("name", ["dqn", "ddqn"])
def test_an_agent_with_one_network_has_a_critic_alone(name: str) -> None:
    agent = gated(name, target_every=10**6)
    assert list(agent.method.parts) == [CRITIC]
    asked = batch(torch.ones(2, 8, dtype=torch.int64))
    loss, value = agent.loss(asked)
    assert moved(agent, CRITIC, loss)
    shift(agent.target_method)
    after, same = agent.loss(asked)
    assert torch.equal(same, value)
    assert not torch.equal(after, loss)
    assert torch.equal(agent.encode(asked.seen), agent.method.told(asked.seen, CRITIC))


def samples(advantage: Tensor) -> Samples:
    raw = (normal(2, 8, 1, seed=3) > 0).float()
    return Samples(seen(), raw, torch.full((2, 8), -0.7), advantage, normal(2, 8, seed=4))


@pytest.mark.parametrize(
    ("weight", "advantage", "expected"),
    [(0.0, 1.0, [True, False]), (0.5, 0.0, [False, True]), (0.5, 1.0, [True, True])],
)
def test_ppo_trains_each_by_its_part_of_the_loss(
    weight: float, advantage: float, expected: list[bool]
) -> None:
    agent = gated("ppo", value_weight=weight)
    loss = agent.loss(samples(advantage * normal(2, 8, seed=6)))
    assert [moved(agent, network, loss) for network in (POLICY, CRITIC)] == expected


@pytest.mark.parametrize("weight", [0.0, 0.5])
def test_a_rollout_of_ppo_trains_the_critics_network_by_the_value_loss_alone(weight: float) -> None:
    agent = gated("ppo", value_weight=weight, max_gradient_norm=None)
    parts = [agent.method.part(network) for network in (POLICY, CRITIC)]
    before = [copies(part) for part in parts]
    start(agent, Recall, method="cgate").run(64)
    found = [changed(part, old) for part, old in zip(parts, before, strict=True)]
    assert found == [True, weight > 0]


@ACTOR_CRITICS
def test_the_critics_loss_moves_the_critics_network_alone(name: str) -> None:
    agent = gated(name)
    loss, _ = agent.critic_loss(batch(normal(2, 8, 1, seed=7)), *noise(name))
    assert [moved(agent, network, loss) for network in (POLICY, CRITIC)] == [False, True]


@ACTOR_CRITICS
def test_the_actors_loss_moves_the_policys_network_alone(name: str) -> None:
    agent = gated(name)
    loss = actor_loss(agent, name)
    assert [moved(agent, network, loss) for network in (POLICY, CRITIC)] == [True, False]


@ACTOR_CRITICS
@pytest.mark.parametrize(("stopped", "expected"), [("critic", [True, False]), ("actor", [False, True])])
def test_an_update_moves_each_by_its_optimiser(name: str, stopped: str, expected: list[bool]) -> None:
    agent = gated(name)
    before = {network: copies(agent.method.part(network)) for network in (POLICY, CRITIC)}
    agent.optimisers[stopped].minimise = lambda loss: None
    agent.update(batch(normal(2, 8, 1, seed=7)))
    assert [changed(agent.method.part(network), before[network]) for network in (POLICY, CRITIC)] == expected


@ACTOR_CRITICS
@pytest.mark.parametrize("network", [POLICY, CRITIC])
def test_targets_read_by_their_own_copies(name: str, network: str) -> None:
    """DDPG's next action is the target actor's, and SAC's the present one's."""
    agent = gated(name)
    asked = batch(normal(2, 8, 1, seed=7))
    loss, value = agent.critic_loss(asked, *noise(name))
    shift(agent.target_method.part(network))
    after, same = agent.critic_loss(asked, *noise(name))
    assert torch.equal(same, value)
    assert torch.equal(after, loss) == (name == "sac" and network == POLICY)


@ACTOR_CRITICS
def test_copies_of_both_follow_a_part_of_the_way(name: str) -> None:
    agent = gated(name, tau=0.25)
    before = {network: copies(agent.target_method.part(network)) for network in (POLICY, CRITIC)}
    agent.update(batch(normal(2, 8, 1, seed=7)))
    for network, old in before.items():
        online, target = agent.method.part(network), agent.target_method.part(network)
        assert not any(parameter.requires_grad for parameter in target.parameters())
        for was, new, now in zip(old, online.parameters(), target.parameters(), strict=True):
            torch.testing.assert_close(now, 0.75 * was + 0.25 * new)
