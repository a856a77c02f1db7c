from typing import Any

import numpy as np
import pytest
import torch

from meta_rl.agents.protocols import CRITIC
from meta_rl.conformance.learners import build, fixed, remembered, start, transition
from meta_rl.conformance.probes import Constant, Delayed, Recall
from meta_rl.stack.seen import Seen


def single(**settings: Any) -> Any:
    return build("dqn", seeds=1, **{"n_envs": 1, "learning_starts": 10**6, **settings})


def remember(agent: Any) -> Any:
    """A batch of three transitions."""
    agent.learn(transition(1.0, 0))
    agent.learn(transition(2.0, 1, terminated=True))
    agent.learn(transition(1.5, 1, truncated=True))
    return agent.replay.sample(torch.tensor([[0, 1, 2]]))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        # Q = (1, 3), Q' = (2, 5), gamma 0.5. Errors: 1 - (1 + 2.5) = -2.5; 3 - 2 = 1; 3 - (1.5 + 2.5) = -1
        ("squared", (6.25 + 1.0 + 1.0) / 3),
        ("huber", (2.0 + 0.5 + 0.5) / 3),
    ],
)
def test_loss_by_hand(error: str, expected: float) -> None:
    agent = single(loss=error)
    fixed(agent.q, [1.0, 3.0])
    fixed(agent.target_q, [2.0, 5.0])
    loss, value = agent.loss(remember(agent))
    torch.testing.assert_close(loss, torch.tensor([expected]))
    assert value.tolist() == [[1.0, 3.0, 3.0]]
    assert torch.autograd.grad(loss.sum(), list(agent.q.parameters()))[-1].abs().max() > 0
    assert not any(parameter.requires_grad for parameter in agent.target_q.parameters())


def test_double_loss_by_hand() -> None:
    """Q' values the action that Q chooses: the second one, although Q' holds the first for better."""
    agent = build("ddqn", seeds=1, n_envs=1, learning_starts=10**6)
    fixed(agent.q, [1.0, 3.0])
    fixed(agent.target_q, [5.0, 2.0])
    # Errors: 1 - (1 + 1) = -1; 3 - 2 = 1; 3 - (1.5 + 1) = 0.5
    torch.testing.assert_close(agent.loss(remember(agent))[0], torch.tensor([2.25 / 3]))


def test_double_chooses_with_the_online_encoder() -> None:
    agents = [build(name, "discrete", "jrpl", target_every=10**6) for name in ("dqn", "ddqn")]
    for agent, changes in zip(agents, (False, True), strict=True):
        start(agent, Recall, method="jrpl").run(200)
        batch = remembered(agent, torch.arange(200).repeat(2, 1))
        asked = []
        inner = agent.method.inputs
        agent.method.inputs = lambda seen, inner=inner, asked=asked: asked.append(seen) or inner(seen)
        agent.loss(batch)
        assert [seen is batch.next_seen for seen in asked] == ([True, False] if changes else [False])


def test_the_target_network_follows_when_due() -> None:
    agent = single(learning_starts=0, train_every=2, target_every=6, batch=4)
    training = start(agent, Delayed)
    for step in range(1, 31):
        before = [parameter.clone() for parameter in agent.target_q.parameters()]
        training.run(step)
        pairs = zip(agent.q.parameters(), agent.target_q.parameters(), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs) == (step % 6 < 2)  # no update at odd steps
        if step % 6:
            after = agent.target_q.parameters()
            assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_the_target_has_its_own_encoder() -> None:
    agent = build("dqn", method="jrpl", target_every=10**6)
    start(agent, Recall, method="jrpl").run(80)
    batch = remembered(agent, torch.arange(40).repeat(2, 1))
    target, online = (
        agent.read(batch.next_seen, CRITIC, agent.target_method),
        agent.read(batch.next_seen, CRITIC),
    )
    assert torch.equal(target, online)
    with torch.no_grad():
        for parameter in agent.method.parameters():
            parameter += 0.5
    assert torch.equal(agent.read(batch.next_seen, CRITIC, agent.target_method), target)
    assert not torch.equal(agent.read(batch.next_seen, CRITIC), target)
    agent = build("dqn", method="jrpl", target_every=4)
    start(agent, Recall, method="jrpl").run(400)
    for a, b in zip(agent.method.parameters(), agent.target_method.parameters(), strict=True):
        assert torch.equal(a, b)


def test_the_loss_uses_the_target_encoder_for_targets_only() -> None:
    agent = build("dqn", method="jrpl", target_every=10**6)
    start(agent, Recall, method="jrpl").run(80)
    batch = remembered(agent, torch.arange(40).repeat(2, 1))
    loss, value = (x.detach() for x in agent.loss(batch))
    with torch.no_grad():
        for parameter in agent.target_method.parameters():
            parameter += 0.5
    assert torch.equal(agent.loss(batch)[1], value)
    assert not torch.equal(agent.loss(batch)[0], loss)


@pytest.mark.parametrize("fraction", [0.5, 1.0])
def test_epsilon_falls_linearly(fraction: float) -> None:
    agent = single(epsilon_start=0.9, epsilon_end=0.1, epsilon_fraction=fraction, n_envs=4, steps=400)
    training = start(agent, Constant)
    found = [agent.epsilon.item()]
    for step in range(20, 401, 20):
        training.run(step)
        found.append(agent.epsilon.item())
    assert found[0] == pytest.approx(0.9)
    assert found[int(10 * fraction)] == pytest.approx(0.5)
    assert found[int(20 * fraction)] == pytest.approx(0.1)
    assert found == pytest.approx(np.interp(np.arange(21), [0, 20 * fraction], [0.9, 0.1]))


def test_epsilon_falls_in_probes_too() -> None:
    """They are paid for from the same budget: at half of it each run is where a run without them would be."""
    agent = build("dqn", method="epi", steps=400, epsilon_start=1.0, epsilon_end=0.0, epsilon_fraction=1.0)
    training = start(agent, Constant, method="epi")
    training.run(200)
    assert (agent.probed > 0).all()
    np.testing.assert_array_equal(agent.steps + agent.probed, training.env_steps)
    np.testing.assert_allclose(agent.epsilon[:, 0], 1 - training.env_steps / 400)


@pytest.mark.parametrize("epsilon", [0.0, 0.3, 1.0])
def test_explores_as_often_as_epsilon_says(epsilon: float) -> None:
    agent = single(epsilon_start=epsilon, epsilon_end=epsilon)
    fixed(agent.q, [1.0, 0.0])
    action = agent.act(Seen(torch.ones(1, 20_000, 1)), explore=True)
    assert action.float().mean().item() == pytest.approx(epsilon / 2, abs=0.02 if epsilon else 0)


def test_clips_when_asked() -> None:
    """Adam hides a factor common to all steps, so the first moment is looked at."""
    norms = []
    for limit in (None, 1e-3):
        agent = single(learning_starts=0, train_every=1, batch=2, max_gradient_norm=limit)
        start(agent, Constant).run(1)
        norms.append(agent.get_extra_state()["optimisers"]["q"]["first"][0].norm().item() * 10)
    assert norms[0] > 0.01
    assert norms[1] == pytest.approx(1e-3, rel=0.01)
