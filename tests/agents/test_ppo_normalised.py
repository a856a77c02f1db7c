"""What PPO's statistics of observations are applied to: observations, wherever a method that it trains sees them."""

from typing import Any

import pytest
import torch
from torch import Tensor

from meta_rl.agents.protocols import CRITIC, POLICY
from meta_rl.conformance.learners import at, build, start
from meta_rl.conformance.probes import Recall
from meta_rl.stack.networks import sigmoid
from meta_rl.stack.seen import Seen, Transition, Window

MEAN, VARIANCE = 3.0, 4.0


def normalised(kind: str, method: str, **settings: Any) -> Any:
    """An agent whose statistics are those above."""
    agent = build("ppo", kind, method, observations="normalised", **settings)
    agent.observations.mean.fill_(MEAN)
    agent.observations.variance.fill_(VARIANCE)
    return agent


def by_hand(observation: Tensor, mean: Any = MEAN, variance: Any = VARIANCE) -> Tensor:
    return ((observation.double() - mean) / (variance + 1e-8) ** 0.5).clamp(-10, 10).float()


def window(kind: str) -> Window:
    """Three transitions (s, a, s') in two rows of two seeds, the first of them masked."""
    width = 4 if kind == "discrete" else 3
    transitions = 20 * torch.randn(2, 2, 3, width, generator=torch.Generator().manual_seed(0))
    return Window(transitions, torch.tensor([0.0, 1.0, 1.0]).expand(2, 2, 3))


@pytest.mark.parametrize("kind", ["discrete", "continuous"])
def test_observations_in_windows_are_normalised_like_what_is_observed(kind: str) -> None:
    agent = normalised(kind, "jrpl")
    seen = at(1.0, -80.0)._replace(window=window(kind), context=at(7.0, 8.0).observation)
    found = agent.normalised(seen)
    torch.testing.assert_close(found.observation[0, :, 0], torch.tensor([-1.0, -10.0]))  # -41.5 is cut off
    raw, transitions = seen.window.transitions, found.window.transitions
    for column in (0, -1):
        torch.testing.assert_close(transitions[..., column], by_hand(raw[..., column]))
    assert torch.equal(transitions[..., 1:-1], raw[..., 1:-1])  # actions
    assert torch.equal(found.window.mask, seen.window.mask)
    assert torch.equal(found.context, seen.context)


@pytest.mark.parametrize("method", ["jrpl", "random_encoder"])
@pytest.mark.parametrize("kind", ["discrete", "continuous"])
def test_networks_get_the_encoding_of_normalised_windows(kind: str, method: str) -> None:
    """Whether the agent acts, values or tells z, and whatever is in places that the mask leaves out."""
    agent = normalised(kind, method)
    raw = window(kind)
    seen = at(1.0, 2.0)._replace(window=raw)
    transitions = raw.transitions.clone()
    for column in (0, -1):
        transitions[..., column] = by_hand(raw.transitions[..., column])
    z = agent.method.encode(Seen(seen.observation, None, Window(transitions, raw.mask)))
    inputs = torch.cat((by_hand(seen.observation), z), -1)
    torch.testing.assert_close(agent.encode(seen), z)
    torch.testing.assert_close(agent.value(seen), agent.critic(inputs).squeeze(-1))
    expected = agent.distribution.mode(agent.policy(inputs))
    torch.testing.assert_close(agent.act(seen, explore=False), expected)
    junk = raw._replace(transitions=torch.where(raw.mask.unsqueeze(-1) > 0, raw.transitions, 1e6))
    assert torch.equal(agent.value(seen._replace(window=junk)), agent.value(seen))


def test_observations_that_are_not_normalised_are_left_alone() -> None:
    agent = build("ppo", "discrete", "jrpl", observations="raw")
    seen = at(1.0, 2.0)._replace(window=window("discrete"))
    assert agent.normalised(seen) is seen


def test_what_a_pretrained_method_sees_and_says_is_left_alone() -> None:
    """It was trained on observations as they are; its encoding stands beside the normalised observation."""
    agent = normalised("discrete", "iida")
    shown = Window(window("discrete").transitions[:, :, :1].expand(-1, -1, agent.method.window, -1),
                   torch.ones(2, 2, agent.method.window))  # fmt: skip
    seen = at(1.0, 2.0)._replace(window=shown)
    z = agent.method.encode(seen)
    assert torch.equal(agent.encode(seen), z)
    found = agent.normalised(seen._replace(encoding=z))
    assert found.window is shown
    inputs = torch.cat((by_hand(seen.observation), z), -1)
    torch.testing.assert_close(agent.read(found, POLICY), inputs)
    torch.testing.assert_close(agent.read(found, CRITIC), inputs)


def test_gates_get_normalised_observations_and_the_context_as_it_is() -> None:
    agent = normalised("discrete", "cgate")
    seen = at(1.0, -9.0)._replace(context=at(0.5, -2.0).observation)
    expected = {}
    for network in (POLICY, CRITIC):
        part = agent.method.part(network)
        gate = sigmoid(part.gate(seen.context))  # the train range is [-1, 1] already
        expected[network] = part.features(by_hand(seen.observation)).relu() * gate
        torch.testing.assert_close(agent.read(agent.normalised(seen), network), expected[network])
    torch.testing.assert_close(agent.value(seen), agent.critic(expected[CRITIC]).squeeze(-1))
    torch.testing.assert_close(agent.encode(seen), expected[POLICY])
    mode = agent.distribution.mode(agent.policy(expected[POLICY]))
    assert torch.equal(agent.act(seen, explore=False), mode)


@pytest.mark.parametrize("method", ["jrpl", "cgate"])
def test_what_is_learnt_from_is_normalised_as_it_was_when_the_agent_acted(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = build("ppo", "discrete", method, observations="normalised", n_steps=12, minibatch=4)
    monkeypatch.setattr(agent, "_update", agent._finish_rollout)
    steps: list[tuple[Seen, Tensor, Tensor]] = []
    learn = agent.learn

    def look(step: Transition) -> Any:
        moments = agent.observations
        steps.append((step.seen, moments.mean.clone(), moments.variance.clone()))
        return learn(step)

    monkeypatch.setattr(agent, "learn", look)
    start(agent, Recall, method=method).run(12 * 4)
    stored = agent.memory.seen()
    expected = torch.cat([by_hand(seen.observation, *moments) for seen, *moments in steps], 1)
    torch.testing.assert_close(stored.observation, expected)
    assert (steps[0][2] != steps[-1][2]).all()  # the statistics have moved on in between
    if method == "cgate":
        assert torch.equal(stored.context, torch.cat([seen.context for seen, *_ in steps], 1))
        return
    for column in (0, -1):
        expected = torch.cat(
            [by_hand(seen.window.transitions[..., [column]], *(m.unsqueeze(-1) for m in moments))
             for seen, *moments in steps], 1,
        )  # fmt: skip
        torch.testing.assert_close(stored.window.transitions[..., [column]], expected)
    acted = torch.cat([seen.window.transitions[..., 1:-1] for seen, *_ in steps], 1)
    assert torch.equal(stored.window.transitions[..., 1:-1], acted)
    assert torch.equal(stored.window.mask, torch.cat([seen.window.mask for seen, *_ in steps], 1))
    assert stored.window.mask.any()
