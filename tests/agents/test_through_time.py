"""What agents read of sequences is what they saw as they acted; losses go back through it, but not through burn-ins."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from meta_rl.agents.on_policy import Samples
from meta_rl.agents.on_policy_sequences import longest
from meta_rl.agents.protocols import CRITIC, POLICY
from meta_rl.conformance.learners import build, start
from meta_rl.conformance.probes import Remember
from meta_rl.stack.seen import Seen, Transition

OFF_POLICY = [("dqn", "discrete"), ("ddqn", "discrete"), ("ddpg", "continuous"), ("sac", "continuous")]


def remembered(name: str, kind: str, method: str = "recurrent", steps: int = 120) -> tuple[Any, list[Any]]:
    """An agent that has not learnt yet, and what each of its networks read at every step, and after it."""
    agent = build(name, kind, method, learning_starts=10**6)
    found = []

    def learn(step: Transition) -> Any:
        both = (step.seen, step.next_seen)
        read = [[agent.read(seen, network) for network in agent.networks] for seen in both]
        found.append((read, step))
        return usual(step)

    usual = agent.learn
    agent.learn = learn
    start(agent, Remember, kind, method).run(steps)
    return agent, found


@pytest.mark.parametrize(("name", "kind"), OFF_POLICY)
@pytest.mark.parametrize("method", ["recurrent", "recurrent_cleared"])
def test_a_batch_of_the_replay_is_read_as_it_was_seen(name: str, kind: str, method: str) -> None:
    """Over the ends of episodes, and after the last step of one, by the agent and by its target's copy."""
    agent, found = remembered(name, kind, method)
    rows = agent.n_envs
    for choice in range(agent.replay.choices):
        batch = agent.replay.sample(torch.full((2, 8), choice))
        first = agent.replay._marks()[0] + choice // rows
        times = range(first * 8 + 4, first * 8 + 12)
        for which, seen in enumerate((batch.seen, batch.next_seen)):
            for number, network in enumerate(agent.networks):
                expected = torch.stack([found[t][0][which][number][:, choice % rows] for t in times], 1)
                for reader in (agent.method, agent.target_method):
                    torch.testing.assert_close(agent.read(seen, network, reader), expected)
    assert any(step.terminated.any() for _, step in found)


def gradients(loss: Tensor, wanted: list[Tensor]) -> list[Tensor | None]:
    return list(torch.autograd.grad(loss.sum(), wanted, retain_graph=True, allow_unused=True))


@pytest.mark.parametrize(("name", "kind"), OFF_POLICY)
def test_gradients_go_back_to_the_burn_in_and_no_further(name: str, kind: str) -> None:
    agent, _ = remembered(name, kind)
    batch = agent.replay.sample(torch.zeros(2, 8, dtype=torch.int64))
    past = batch.seen.past
    past = past._replace(fresh=torch.zeros_like(past.fresh))  # one long episode
    for part in (past.start, past.observation):
        part.requires_grad_()
    of_start, of_observation = gradients(
        agent.read(batch.seen._replace(past=past), CRITIC)[:, -1], [past.start, past.observation]
    )
    assert of_start is not None
    assert not of_start.any()
    assert of_observation is not None
    assert of_observation[0, 0].any(-1).tolist() == [False] * 4 + [True] * 8


def through(agent: Any, loss: Tensor) -> list[bool]:
    """Whether a loss trains the recurrent part of each network, every weight of it."""
    found = []
    for network in agent.networks:
        of_part = gradients(loss, list(agent.method.part(network).parameters()))
        moved = {gradient is not None and bool(gradient.any()) for gradient in of_part}
        assert len(moved) == 1
        found.append(moved.pop())
    return found


LOSSES: dict[str, list[tuple[Callable[[Any, Any], Tensor], list[bool]]]] = {
    "dqn": [(lambda agent, batch: agent.loss(batch)[0], [True])],
    "ddpg": [
        (lambda agent, batch: agent.critic_loss(batch)[0], [False, True]),
        (lambda agent, batch: agent.actor_loss(batch.seen), [True, False]),
    ],
    "sac": [
        (lambda agent, batch: agent.critic_loss(batch, *noise())[0], [False, True]),
        (lambda agent, batch: agent.actor_loss(batch.seen, *noise())[0], [True, False]),
    ],
}


def noise() -> tuple[Tensor, Tensor]:
    return torch.full((2, 1), 0.1), torch.randn(2, 64, 1, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", LOSSES)
def test_each_loss_trains_the_states_of_its_own_network_through_time(name: str) -> None:
    agent, _ = remembered(name, "discrete" if name == "dqn" else "continuous")
    batch = agent.replay.sample(torch.zeros(2, 64, dtype=torch.int64))
    for loss, expected in LOSSES[name]:
        assert through(agent, loss(agent, batch)) == expected


@pytest.mark.parametrize("method", ["recurrent", "recurrent_cleared"])
@pytest.mark.parametrize("observations", ["raw", "normalised"])
def test_ppo_reads_a_minibatch_as_it_saw_the_rollout(method: str, observations: str) -> None:
    agent = build("ppo", "discrete", method, observations=observations, n_steps=24, minibatch=16)
    assert agent.memory.length == 8
    compared = []

    def loss(samples: Samples) -> Tensor:
        if not compared:  # no weight has changed yet
            count = 24 * agent.n_envs // 8
            whole = agent.memory.sample(torch.arange(count).expand(2, -1)).seen
            stored: Seen = agent.memory.seen()
            assert stored.past is None
            assert whole.state is None
            for network in (POLICY, CRITIC):
                rows = agent.read(stored, network).unflatten(1, (3, 8, agent.n_envs)).transpose(2, 3)
                compared.append((agent.read(whole, network), rows.flatten(1, 3)))
            if method == "recurrent":
                assert through(agent, usual(samples)) == [True, True]
        return usual(samples)

    usual = agent.loss
    agent.loss = loss
    start(agent, Remember, "discrete", method).run(24 * agent.n_envs)
    assert len(compared) == 2
    for ours, theirs in compared:
        torch.testing.assert_close(ours, theirs)


def test_sequences_of_ppo_are_as_long_as_rollouts_and_minibatches_let_them() -> None:
    assert longest(16, 256, 64) == 16
    assert longest(16, 24, 12) == 12
    assert longest(10, 24, 64) == 8
    assert longest(16, 25, 64) == 1
