"""Every registered agent on environments with known values, and the details of each one's algorithm."""

from typing import Any

import numpy as np
import pytest
import torch
from probes import Choice, Constant, Cue, Delayed, Ended, Endless, Hidden, Probe, Recall, task
from small import keys
from torch import Tensor

from meta_rl import registry
from meta_rl.agents.base import Agent
from meta_rl.methods.base import Method
from meta_rl.rollout import Seen, Transition, Window
from meta_rl.streams import Streams
from meta_rl.training import Training

GAMMA = 0.5
STEPS = 2000
# Enough to learn a probe in the steps above.
SETTINGS: dict[str, dict[str, Any]] = {
    "dqn": {
        "n_envs": 4, "hidden": (16,), "learning_rate": 0.01, "gamma": GAMMA, "replay": 400, "batch": 32,
        "learning_starts": 100, "train_every": 4, "target_every": 40,
    },
}  # fmt: skip
METHODS: dict[str, dict[str, Any]] = {"jrpl": {"window": 2, "hidden": (8,)}}


def build(agent: str, method: str = "none", seeds: int = 2, steps: int = STEPS, **settings: Any) -> Agent:
    streams = Streams(keys(*range(seeds)))
    module, methods = registry.load("agent", agent), registry.load("method", method)
    told = methods.build(methods.Config(**METHODS.get(method, {})), task(), streams)
    config = module.Config(**{**SETTINGS.get(agent, {}), **settings})
    return module.build(config, task(), told, registry.entry("method", method).joint, streams, steps)


def start(agent: Agent, probe: type[Probe], method: str = "none", seeds: int = 2) -> Training:
    """Two contexts, -1 and 1, as many episodes of each."""
    contexts = np.tile([[[-1.0], [1.0]]], (seeds, 1, 1))
    rows = probe((seeds, agent.n_envs))
    return Training(agent, rows, registry.entry("method", method), contexts, Streams(keys(*range(seeds))))


def learnt(name: str, probe: type[Probe], method: str = "none") -> Agent:
    agent = build(name, method)
    start(agent, probe, method).run(STEPS)
    return agent


def at(*inputs: float) -> Tensor:
    """[S, N, I] of N inputs of one or more numbers each."""
    return torch.tensor(inputs).view(1, len(inputs), -1).repeat(2, 1, 1)


def close(value: Tensor, *expected: float, tolerance: float = 0.08) -> None:
    torch.testing.assert_close(value, torch.tensor([expected] * 2), rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", registry.AGENTS)
class TestEveryAgent:
    def test_shapes(self, name: str) -> None:
        agent = build(name)
        inputs = at(0.0, 1.0, 2.0)
        for explore in (False, True):
            action = agent.act(inputs, explore)
            assert action.shape == (2, 3)
            assert action.dtype == torch.int64
            assert ((action >= 0) & (action < 2)).all()
        assert agent.value(inputs).shape == (2, 3)
        assert agent.value(inputs).dtype == torch.float32
        assert not agent.value(inputs).requires_grad

    def test_greedy_acts_draw_nothing(self, name: str) -> None:
        agent, quiet = build(name), build(name)
        inputs = at(0.0, 1.0)
        greedy = agent.act(inputs, explore=False)
        for _ in range(5):
            assert torch.equal(agent.act(inputs, explore=False), greedy)
        for _ in range(5):
            assert torch.equal(agent.act(inputs, explore=True), quiet.act(inputs, explore=True))

    def test_learns_a_constant(self, name: str) -> None:
        close(learnt(name, Constant).value(at(1.0)), 1.0)

    def test_discounts_what_comes_later(self, name: str) -> None:
        close(learnt(name, Delayed).value(at(0.0, 1.0)), GAMMA, 1.0)

    def test_learns_which_action_is_good(self, name: str) -> None:
        agent = learnt(name, Choice)
        assert (agent.act(at(1.0), explore=False) == 1).all()
        close(agent.value(at(1.0)), 1.0)

    def test_learns_what_the_observation_tells(self, name: str) -> None:
        agent = learnt(name, Cue)
        assert agent.act(at(-1.0, 1.0), explore=False).tolist() == [[0, 1]] * 2
        close(agent.value(at(-1.0, 1.0)), 1.0, 1.0)

    def test_learns_the_context_if_told(self, name: str) -> None:
        told = learnt(name, Hidden, "explicit")
        inputs = torch.tensor([[1.0, -1.0], [1.0, 1.0]]).repeat(2, 1, 1)
        close(told.value(inputs), -1.0, 1.0)

    def test_cannot_learn_the_context_if_not_told(self, name: str) -> None:
        """The mean over contexts; the larger tolerance is for what sticks of the last batches."""
        close(learnt(name, Hidden).value(at(1.0)), 0.0, tolerance=0.4)

    def test_values_go_on_through_truncation(self, name: str) -> None:
        close(learnt(name, Endless).value(at(1.0)), 1 / (1 - GAMMA))

    def test_values_end_with_termination(self, name: str) -> None:
        close(learnt(name, Ended).value(at(1.0)), 1.0)

    def test_learns_to_recall_through_a_joint_method(self, name: str) -> None:
        """Only an encoder that the agent's loss trains, from windows of the replay, can know the reward."""
        agent = learnt(name, Recall, "jrpl")
        transition = [[0.0, 1.0, 0.0, None], [None, 1.0, 0.0, 2.0]]  # (s, a, s') with the context left open
        values = []
        for context in (-1.0, 1.0):
            window = torch.tensor([[context if x is None else x for x in row] for row in transition])
            seen = Seen(
                torch.full((2, 1, 1), 2.0), None, Window(window.expand(2, 1, 2, 4), torch.ones(2, 1, 2))
            )
            values.append(agent.value(agent.encode(seen)))
        close(torch.cat(values, 1), -1.0, 1.0, tolerance=0.3)


def transition(
    agent: Agent, reward: float, action: int, terminated: bool, truncated: bool = False
) -> Transition:
    seen, shape = Seen(torch.ones(1, 1, 1)), (1, 1)
    return Transition(
        seen,
        seen.observation,
        torch.full(shape, action),
        torch.full(shape, reward),
        seen,
        seen.observation,
        torch.full(shape, terminated),
        torch.full(shape, truncated),
        torch.zeros(shape, dtype=torch.int64),
    )


def fixed(network: torch.nn.Module, values: list[float]) -> None:
    """Make a Q-network say these values everywhere."""
    with torch.no_grad():
        *others, last = network.parameters()
        for parameter in others:
            parameter.zero_()
        last.copy_(torch.tensor(values).view_as(last))


class TestDQN:
    def build(self, **settings: Any) -> Any:
        return build("dqn", seeds=1, **{"n_envs": 1, "learning_starts": 10**6, **settings})

    @pytest.mark.parametrize(
        ("error", "expected"),
        [
            # Q = (1, 3), Q' = (2, 5), gamma 0.5. Errors: 1 - (1 + 2.5) = -2.5; 3 - 2 = 1; 3 - (1.5 + 2.5) = -1
            ("squared", (6.25 + 1.0 + 1.0) / 3),
            ("huber", (2.0 + 0.5 + 0.5) / 3),
        ],
    )
    def test_loss_by_hand(self, error: str, expected: float) -> None:
        agent = self.build(loss=error)
        fixed(agent.q, [1.0, 3.0])
        fixed(agent.target_q, [2.0, 5.0])
        agent.learn(transition(agent, 1.0, 0, terminated=False))
        agent.learn(transition(agent, 2.0, 1, terminated=True))
        agent.learn(transition(agent, 1.5, 1, terminated=False, truncated=True))
        loss, value = agent.loss(torch.tensor([[0, 1, 2]]))
        torch.testing.assert_close(loss, torch.tensor([expected]))
        assert value.tolist() == [[1.0, 3.0, 3.0]]
        assert torch.autograd.grad(loss.sum(), list(agent.q.parameters()))[-1].abs().max() > 0
        assert not any(parameter.requires_grad for parameter in agent.target_q.parameters())

    def test_the_target_network_follows_when_due(self) -> None:
        agent = self.build(learning_starts=0, train_every=2, target_every=6, batch=4)
        training = start(agent, Delayed, seeds=1)
        for step in range(1, 31):
            before = [parameter.clone() for parameter in agent.target_q.parameters()]
            training.run(step)
            pairs = zip(agent.q.parameters(), agent.target_q.parameters(), strict=True)
            assert all(torch.equal(a, b) for a, b in pairs) == (step % 6 < 2)  # no update at odd steps
            if step % 6:
                after = agent.target_q.parameters()
                assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))

    def test_the_target_has_its_own_encoder(self) -> None:
        agent = build("dqn", "jrpl", target_every=10**6)
        training = start(agent, Recall, "jrpl")
        training.run(80)
        index = torch.arange(40).repeat(2, 1)
        batch = agent.replay.sample(index)
        target, online = batch.next_inputs(agent.target_method), batch.next_inputs(agent.method)
        assert torch.equal(target, online)
        with torch.no_grad():
            for parameter in agent.method.parameters():
                parameter += 0.5
        assert torch.equal(batch.next_inputs(agent.target_method), target)
        assert not torch.equal(batch.next_inputs(agent.method), target)
        agent = build("dqn", "jrpl", target_every=4)
        start(agent, Recall, "jrpl").run(400)
        for a, b in zip(agent.method.parameters(), agent.target_method.parameters(), strict=True):
            assert torch.equal(a, b)

    def test_the_loss_uses_the_target_encoder_for_targets_only(self) -> None:
        agent = build("dqn", "jrpl", target_every=10**6)
        start(agent, Recall, "jrpl").run(80)
        index = torch.arange(40).repeat(2, 1)
        loss, value = (x.detach() for x in agent.loss(index))
        with torch.no_grad():
            for parameter in agent.target_method.parameters():
                parameter += 0.5
        assert torch.equal(agent.loss(index)[1], value)
        assert not torch.equal(agent.loss(index)[0], loss)

    @pytest.mark.parametrize("fraction", [0.5, 1.0])
    def test_epsilon_falls_linearly(self, fraction: float) -> None:
        agent = self.build(epsilon_start=0.9, epsilon_end=0.1, epsilon_fraction=fraction, n_envs=4, steps=400)
        training = start(agent, Constant, seeds=1)
        found = [agent.epsilon]
        for step in range(20, 401, 20):
            training.run(step)
            found.append(agent.epsilon)
        assert found[0] == pytest.approx(0.9)
        assert found[int(10 * fraction)] == pytest.approx(0.5)
        assert found[int(20 * fraction)] == pytest.approx(0.1)
        assert found == pytest.approx(np.interp(np.arange(21), [0, 20 * fraction], [0.9, 0.1]))

    @pytest.mark.parametrize("epsilon", [0.0, 0.3, 1.0])
    def test_explores_as_often_as_epsilon_says(self, epsilon: float) -> None:
        agent = self.build(epsilon_start=epsilon, epsilon_end=epsilon)
        fixed(agent.q, [1.0, 0.0])
        action = agent.act(torch.ones(1, 20_000, 1), explore=True)
        assert action.float().mean().item() == pytest.approx(epsilon / 2, abs=0.02 if epsilon else 0)

    @pytest.mark.parametrize("n_envs", [1, 4])
    @pytest.mark.parametrize("train_every", [1, 3, 10])
    def test_updates_count_env_steps(
        self, n_envs: int, train_every: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        agent = self.build(n_envs=n_envs, train_every=train_every, learning_starts=20, batch=2)
        updates = []
        inner = agent._update
        monkeypatch.setattr(agent, "_update", lambda: updates.append(1) or inner())
        training = start(agent, Constant, seeds=1)
        for step in range(n_envs, 101, n_envs):
            training.run(step)
            assert len(updates) == max(0, step // train_every - 20 // train_every)

    def test_clips_when_asked(self) -> None:
        """Adam hides a factor common to all steps, so the first moment is looked at."""
        norms = []
        for limit in (None, 1e-3):
            agent = self.build(learning_starts=0, train_every=1, batch=2, max_gradient_norm=limit)
            start(agent, Constant, seeds=1).run(1)
            norms.append(agent.get_extra_state()["optimiser"]["first"].norm().item() * 10)
        assert norms[0] > 0.01
        assert norms[1] == pytest.approx(1e-3, rel=0.01)


@pytest.mark.parametrize("agent", registry.AGENTS)
@pytest.mark.parametrize("name", registry.METHODS)
def test_only_joint_methods_learn_from_the_agents_loss(name: str, agent: str) -> None:
    built = build(agent, name)
    method: Method = built.method
    before = {key: value.clone() for key, value in method.state_dict().items()}
    start(built, Delayed, name).run(400)
    joint = registry.entry("method", name).joint
    for key, value in method.state_dict().items():
        changed = [not torch.equal(a, b) for a, b in zip(value, before[key], strict=True)]
        assert changed == [joint, joint], key
