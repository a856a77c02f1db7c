"""Methods with a history, from training to evaluation: what their states hold, and that they depend on nothing else."""

import io
from typing import Any

import numpy as np
import pytest
import torch
from gravity_cases import gravity_cases
from leaky import leaky_sum, register
from threads import threads
from torch import Tensor

from meta_rl.agents.protocols import CRITIC, POLICY
from meta_rl.conformance import small
from meta_rl.conformance.compare import check_leaves, check_weights
from meta_rl.conformance.small import training
from meta_rl.stack.seen import Transition, pack
from meta_rl.tables.columns import COLD, PROBED
from meta_rl.training import episodes, information, policy
from meta_rl.training.information import PROBE_STEPS, Prober
from meta_rl.training.loop import Training
from meta_rl.training.policy import Runs
from meta_rl.training.setup import Setup

STEPS = 600
PAIRS = [("leaky", agent) for agent in ("dqn", "ddpg", "ppo")]
PAIRS += [("leaky_joint", "ppo"), ("leaky_two", "ppo")]
ON_TWO = [("leaky", "dqn", 2), ("leaky_two", "ppo", 2)]  # threads
every_pair = pytest.mark.parametrize(("method", "agent"), PAIRS)


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch)


def weights(one: Training) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in policy.tensors(one.agent).items()}


def packed(step: Transition, agent: Any, before: Any = None) -> Tensor:
    """A step as the method gets it: as `before`, the statistics at that time, have it."""
    whole = pack(step.seen.observation, step.action, step.next_seen.observation, step.reward, agent.spaces)
    return whole if before is None else before.step(whole, agent.spaces.action)


@every_pair
def test_states_hold_the_steps_of_the_running_episode(method: str, agent: str) -> None:
    """In all rows, at every step, zeros at first; a method that PPO trains takes them in as PPO normalises them."""
    stack = training(method, [0, 1], agent)
    learner: Any = stack.agent
    rows = stack.environments.rows
    steps: dict[tuple[int, ...], list[Tensor]] = {row: [] for row in np.ndindex(rows)}
    ends = 0
    advance, learn = stack.rollout._watch.advance, learner.learn
    assert advance is not None

    def check(state: Tensor | None) -> None:
        assert state is not None
        width = state.shape[-1] // (2 if method == "leaky_two" else 1)
        for row, held in steps.items():
            for part in state[row].split(width):
                assert torch.equal(part, leaky_sum(held, width))

    def look(step: Transition) -> Any:
        nonlocal ends
        check(step.seen.state)
        fresh = packed(step, learner, learner.observations if learner.joint else None)
        ended = step.terminated | step.truncated
        for row in steps:
            steps[row].append(fresh[row])
        check(step.next_seen.state)
        for row in steps:
            if ended[row]:
                steps[row] = []
        ends += int(ended.sum())
        return learn(step)

    learner.learn = look
    stack.run(850 if agent == "ddpg" else 400)  # an episode of Pendulum's has 200 steps
    check(stack.rollout.seen.state)
    assert ends > 7


@pytest.mark.parametrize(("method", "agent", "count"), [(*pair, 1) for pair in PAIRS] + ON_TWO)
def test_a_run_is_the_same_alone_and_in_a_stack(method: str, agent: str, count: int) -> None:
    with threads(count):
        stack = training(method, [2, 1, 0], agent)
        stack.run(STEPS)
    with threads(1):
        alone = training(method, [1], agent)
        start = weights(alone)
        alone.run(STEPS)
    assert any(not torch.equal(value, start[name]) for name, value in weights(alone).items())
    check_weights({name: value[1:2] for name, value in weights(stack).items()}, weights(alone))
    ours, theirs = stack.rollout.seen, alone.rollout.seen
    assert ours.state is not None
    assert theirs.state is not None
    assert torch.equal(ours.state[1:2], theirs.state)


@every_pair
def test_a_resumed_training_is_the_uninterrupted_one(method: str, agent: str) -> None:
    """Stopped amid episodes: no row has just begun one."""
    whole = training(method, [0, 1], agent)
    whole.run(330)
    steps = whole.env_steps.copy()
    while not (whole.rollout._age > 1).all():
        steps += 4
        whole.run(int(steps[0]))
    file = io.BytesIO()
    torch.save(whole.state_dict(), file)
    seen = whole.rollout.seen
    assert seen.state is not None
    assert seen.state.any(-1).all()
    whole.run(STEPS)
    file.seek(0)
    resumed = training(method, [0, 1], agent)
    resumed.run(100)  # whatever it did before
    resumed.load_state_dict(torch.load(file, weights_only=True))
    check_leaves(resumed.rollout.seen, seen)
    resumed.run(STEPS)
    check_weights(weights(resumed), weights(whole))
    check_leaves(resumed.rollout.seen, whole.rollout.seen)


def runs_of(method: str, agent: str, seeds: tuple[int, ...] = (0, 1)) -> Runs:
    """After a short training, so that statistics of observations are not those of the start."""
    one = training(method, seeds, agent)
    one.run(200)
    return Runs(Setup(small.spec(method, agent)), one.agent.requires_grad_(False))


@pytest.mark.parametrize(
    ("method", "agent", "count"),
    [("leaky", "dqn", PROBE_STEPS), ("leaky", "ppo", PROBE_STEPS), ("leaky_joint", "ppo", 40)],
)
def test_a_scored_episode_begins_with_the_state_after_the_unscored_steps(
    method: str, agent: str, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The greedy agent's, at most so many, and none beyond the end of an episode; cold it begins with zeros."""
    monkeypatch.setattr(information, "PROBE_STEPS", count)
    runs, chosen = runs_of(method, agent), gravity_cases(8, 8)
    learner: Any = runs.agent
    cold, probed = (episodes.play_agent(runs, chosen, name) for name in (COLD, PROBED))
    assert cold.first.state is not None
    assert probed.first.state is not None
    assert not cold.first.state.any()
    assert torch.equal(probed.first.observation, cold.first.observation)  # it starts anew from the same state

    rows = chosen.context_id.shape
    environments = runs.setup.environments(rows)
    rollout = learner.rollout(environments, runs.setup.entry.needs)
    rollout.reset(np.ones(rows, dtype=bool), chosen.contexts, chosen.noise)
    steps: dict[tuple[int, ...], list[Tensor]] = {row: [] for row in np.ndindex(rows)}
    running, lengths = torch.ones(rows, dtype=torch.bool), set()
    for _ in range(count):
        step = rollout.step(learner.act(rollout.seen, explore=False))
        fresh = packed(step, learner, learner.observations if learner.joint else None)
        for row in np.ndindex(rows):
            if running[row]:
                steps[row].append(fresh[row])
        running &= ~(step.terminated | step.truncated)
    for row, held in steps.items():
        lengths.add(len(held))
        assert torch.equal(probed.first.state[row], leaky_sum(held, probed.first.state.shape[-1]))
    assert count in lengths
    assert len(lengths) > 1
    assert (probed.encoding != cold.encoding).any()  # z at the ends
    probe = Prober(environments, learner, runs.setup.entry.needs)
    taken = probe(chosen.contexts, chosen.noise, count).taken
    assert taken.ravel().tolist() == [len(held) for held in steps.values()]


@pytest.mark.parametrize(("method", "agent", "count"), [("leaky_joint", "ppo", 1), *ON_TWO])
def test_episodes_are_the_same_alone_and_in_a_stack(method: str, agent: str, count: int) -> None:
    chosen = gravity_cases(5, 2)
    with threads(count):
        stack = runs_of(method, agent, (0, 1))
        both = [episodes.play_agent(stack, chosen, name) for name in (COLD, PROBED)]
    alone = runs_of(method, agent, (1,))
    for whole, name in zip(both, (COLD, PROBED), strict=True):
        own = episodes.play_agent(alone, chosen.select([1]), name)
        np.testing.assert_array_equal(own.episode_return, whole.episode_return[1:])
        assert torch.equal(own.encoding, whole.encoding[1:])
        assert own.first.state is not None
        assert whole.first.state is not None
        assert torch.equal(own.first.state, whole.first.state[1:])


def test_each_network_is_told_its_own_part_of_the_state() -> None:
    agent: Any = training("leaky_two", [0, 1], "ppo", observations="raw").agent
    shown = training("leaky_two", [0, 1], "ppo").rollout.seen
    size = agent.method.size
    assert agent.method.state == 2 * size
    state = torch.arange(2.0 * size).expand(*shown.observation.shape[:2], -1)
    for number, network in enumerate((POLICY, CRITIC)):
        told = agent.method.told(shown._replace(state=state), network)
        own = agent.method.part(network)
        assert torch.equal(told, state[..., number * size : (number + 1) * size] * own.scale)
