"""Every registered agent, with every kind of actions that it can take, on environments with known values."""

import io
from typing import Any

import pytest
import torch
from torch import Tensor

from meta_rl import registry, settings
from meta_rl.conformance.compare import check_weights
from meta_rl.conformance.learners import CASES, GAMMA, SPACES, at, build, close, learnt, start
from meta_rl.conformance.members import elsewhere, said
from meta_rl.conformance.probes import Adapt, Aim, Cue, Delayed, Ended, Endless, Hidden, Recall
from meta_rl.conformance.small import OVER
from meta_rl.stack.seen import Seen, Window
from meta_rl.training import policy
from meta_rl.training.loop import Training

CONTINUOUS = [name for name, kind in CASES if kind == "continuous"]
PLAIN = [case for case in CASES if case[0] not in OVER]


def cases(*others: str) -> list[tuple[str, str, str]]:
    """Each agent with methods of all kinds of ours, and all of others; over other kinds of critics with `others`."""
    methods = {True: others, False: ("none", "jrpl", "cgate", "recurrent", *elsewhere("method"))}
    return [(name, kind, method) for name, kind in CASES for method in methods[name in OVER]]


def best(agent: Any, kind: str, seen: Seen, *signs: float) -> None:
    """The greedy actions go all the way, or most of it, into the directions `signs`."""
    action = agent.act(seen, explore=False)
    sign = 2.0 * action - 1 if kind == "discrete" else action[..., 0] / SPACES[kind].limit
    close(sign, *signs, tolerance=0.0 if kind == "discrete" else 0.15)


@pytest.mark.parametrize(("name", "kind"), CASES)
class TestEveryAgent:
    def test_shapes_and_limits(self, name: str, kind: str) -> None:
        agent, spaces = build(name, kind), SPACES[kind]
        seen = at(0.0, 100.0, -1000.0)
        for explore in (False, True):
            action = agent.act(seen, explore)
            if spaces.discrete:
                assert action.shape == (2, 3)
                assert action.dtype == torch.int64
                assert ((action >= 0) & (action < 2)).all()
            else:
                assert action.shape == (2, 3, 1)
                assert action.dtype == torch.float32
                assert (action.abs() <= spaces.limit).all()
        assert agent.value(seen).shape == (2, 3)
        assert agent.value(seen).dtype == torch.float32
        assert not agent.value(seen).requires_grad

    def test_greedy_acts_draw_nothing(self, name: str, kind: str) -> None:
        agent, quiet = build(name, kind), build(name, kind)
        seen = at(0.0, 1.0)
        greedy = agent.act(seen, explore=False)
        for _ in range(5):
            assert torch.equal(agent.act(seen, explore=False), greedy)
        for _ in range(5):
            assert torch.equal(agent.act(seen, explore=True), quiet.act(seen, explore=True))

    def test_says_of_states_what_its_line_in_the_registry_names(self, name: str, kind: str) -> None:
        agent, quiet = build(name, kind), build(name, kind)
        seen = at(0.0, 1.0, 2.0)
        found = agent.signals(seen)
        assert found.keys() == {"value", *registry.AGENTS[name].signals}
        for key, value in found.items():
            assert value.shape == (2, 3, 2 if key == "policy" and len(agent.networks) == 1 else 1)
            assert value.dtype == torch.float32
            assert not value.requires_grad
            assert torch.equal(agent.signals(seen)[key], value)
            if key in ("epistemic", "aleatoric"):
                assert (value >= 0).all()
                assert (value > 0).any()
        assert torch.equal(found["value"].squeeze(-1), agent.value(seen))
        assert torch.equal(agent.act(seen, explore=True), quiet.act(seen, explore=True))

    def test_learns_what_the_observation_tells(self, name: str, kind: str) -> None:
        agent = learnt(name, kind, Cue)
        best(agent, kind, at(-1.0, 1.0), -1.0, 1.0)
        close(agent.value(at(-1.0, 1.0)), 1.0, 1.0, tolerance=0.15)

    def test_values_go_on_through_truncation(self, name: str, kind: str) -> None:
        close(learnt(name, kind, Endless).value(at(1.0)), 1 / (1 - GAMMA))

    def test_learns_to_recall_through_a_joint_method(self, name: str, kind: str) -> None:
        """Only an encoder that the agent's loss trains, from windows as they were, can know the reward."""
        agent = learnt(name, kind, Recall, "jrpl")
        action = [0.0, 1.0] if kind == "discrete" else [0.5]
        values = []
        for context in (-1.0, 1.0):
            window = torch.tensor([[0.0, *action, context], [context, *action, 2.0]])
            window = Window(window.expand(2, 1, *window.shape), torch.ones(2, 1, 2))
            seen = Seen(torch.full((2, 1, 1), 2.0), None, window)
            values.append(agent.value(seen))
        close(torch.cat(values, 1), -1.0, 1.0, tolerance=0.3)


@pytest.mark.parametrize(("name", "kind"), PLAIN)
class TestEveryPlainAgent:
    """What does not depend on the kind of critic."""

    def test_discounts_what_comes_later(self, name: str, kind: str) -> None:
        close(learnt(name, kind, Delayed).value(at(0.0, 1.0)), GAMMA, 1.0)

    def test_learns_what_the_context_tells(self, name: str, kind: str) -> None:
        agent = learnt(name, kind, Adapt, "explicit")
        seen = at(1.0, 1.0)._replace(context=at(-1.0, 1.0).observation)
        seen = seen._replace(encoding=agent.encode(seen))
        best(agent, kind, seen, -1.0, 1.0)
        close(agent.value(seen), 1.0, 1.0, tolerance=0.15)

    def test_cannot_learn_the_context_if_not_told(self, name: str, kind: str) -> None:
        """The mean over contexts; the larger tolerance is for what sticks of the last batches."""
        close(learnt(name, kind, Hidden).value(at(1.0)), 0.0, tolerance=0.4)

    def test_values_end_with_termination(self, name: str, kind: str) -> None:
        close(learnt(name, kind, Ended).value(at(1.0)), 1.0)


# The step sizes of the other probes are too large for weights that make weights.
@pytest.mark.parametrize(
    ("name", "kind", "settings"),
    [
        ("dqn", "discrete", {}),
        ("ppo", "discrete", {}),
        ("sac", "continuous", {"learning_rate": 0.01, "train_every": 4}),
    ],
)
def test_an_adapter_learns_what_the_context_tells(name: str, kind: str, settings: dict[str, Any]) -> None:
    agent = learnt(name, kind, Adapt, "adapter", **settings)
    seen = at(1.0, 1.0)._replace(context=at(-1.0, 1.0).observation)
    best(agent, kind, seen, -1.0, 1.0)
    close(agent.value(seen), 1.0, 1.0, tolerance=0.15)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_finds_the_best_of_continuous_actions(name: str) -> None:
    agent = learnt(name, "continuous", Aim, **said("agent", OVER.get(name, name), "PARABOLA", {}))
    close(agent.act(at(1.0), explore=False)[..., 0], 0.5, tolerance=0.3)
    close(agent.value(at(1.0)), 0.0, tolerance=0.15)


# --- stacks: sizes that leave rests in the processor's vectors ---

ODD: dict[str, Any] = {
    "n_envs": 3, "hidden": (7, 5), "replay": 90, "batch": 13, "learning_starts": 30, "train_every": 3, "n_steps": 7,
    "minibatch": 7, "epochs": 2, "observations": "normalised", "rewards": "normalised", "entropy_weight": 0.01,
}  # fmt: skip


def odd(name: str, kind: str, method: str, seeds: tuple[int, ...]) -> Training:
    known = settings.read(registry.entry("agent", name).module)
    agent = build(name, kind, method, seeds, **{key: value for key, value in ODD.items() if key in known})
    return start(agent, Recall, kind, method)


def weights(training: Training, seed: int = 0) -> dict[str, Tensor]:
    return {name: value[seed].clone() for name, value in policy.tensors(training.agent).items()}


@pytest.mark.parametrize(("name", "kind", "method"), cases("none", "recurrent"))
def test_a_run_is_the_same_alone_and_in_any_stack(name: str, kind: str, method: str) -> None:
    alone = odd(name, kind, method, (1,))
    first = weights(alone)
    alone.run(120)
    assert any(not torch.equal(value, first[key]) for key, value in weights(alone).items())
    for seeds in ((0, 1, 2), (1, 4)):
        stack = odd(name, kind, method, seeds)
        stack.run(120)
        check_weights(weights(stack, seeds.index(1)), weights(alone))


@pytest.mark.parametrize(("name", "kind", "method"), cases("recurrent"))
def test_a_resumed_run_is_the_uninterrupted_one(name: str, kind: str, method: str) -> None:
    whole = odd(name, kind, method, (0, 1))
    whole.run(54)  # PPO is amid a rollout
    file = io.BytesIO()
    torch.save(whole.state_dict(), file)
    whole.run(120)
    resumed = odd(name, kind, method, (0, 1))
    resumed.run(36)  # whatever it did before
    file.seek(0)
    resumed.load_state_dict(torch.load(file, weights_only=True))
    resumed.run(120)
    check_weights(weights(resumed, 1), weights(whole, 1))


@pytest.mark.parametrize(
    ("name", "kind", "method"),
    [(*case, method) for case in PLAIN for method in registry.METHODS]
    + [(*case, method) for case in CASES if case[0] in OVER for method in ("explicit", "jrpl", "cgate")],
)
def test_only_joint_methods_learn_from_the_agents_loss(name: str, kind: str, method: str) -> None:
    agent = build(name, kind, method)
    before = {key: value.clone() for key, value in policy.tensors(agent.method).items()}
    start(agent, Delayed, kind, method).run(240)
    entry = registry.entry("method", method)
    for key, value in policy.tensors(agent.method).items():
        changed = [not torch.equal(a, b) for a, b in zip(value, before[key], strict=True)]
        if entry.cleared and entry.joint and not any(changed):
            continue  # it meets a state of zeros
        assert changed == [entry.joint] * 2, key
