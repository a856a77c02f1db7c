import io
from typing import Any

import numpy as np
import pytest
import torch
from threads import threads
from torch import Tensor

from meta_rl import registry, settings
from meta_rl.agents.on_policy import Samples
from meta_rl.agents.protocols import POLICY
from meta_rl.conformance.compare import check_leaves, check_weights
from meta_rl.conformance.probes import Constant, task
from meta_rl.conformance.small import OVER, STEPS, keys, spec, training
from meta_rl.stack.seen import Seen, Window
from meta_rl.streams import Streams
from meta_rl.training import memory, policy
from meta_rl.training.curves import Log
from meta_rl.training.loop import Training
from meta_rl.training.setup import Setup

Points = list[dict[str, Any]]

# Every method with one agent, and every agent with a method that learns from its loss; of agents over other kinds of
# critics two, as the conformance tests have them all.
PAIRS = [(method, "dqn") for method in registry.METHODS]
PAIRS += [("jrpl", agent) for agent in registry.AGENTS if agent != "dqn" and agent not in OVER] + [
    ("jrpl", "ppo_ensemble"),
    ("jrpl", "dqn_quantile"),
    ("cgate", "sac"),
    ("cgate", "ppo"),
]
every_pair = pytest.mark.parametrize(("method", "agent"), PAIRS)


def weights(one: Training) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in policy.tensors(one.agent).items()}


def curve_of(points: Points, seed: int) -> list[tuple[Any, ...]]:
    """All points of one run. (Another one of the stack may have its points at other times.)"""
    return [
        (int(point["env_steps"][seed]), name, float(mean[seed]), int(count[seed]))
        for point in points
        for name, (mean, count) in sorted(point["figures"].items())
        if count[seed]
    ]


def check_points(ours: Points, theirs: Points, seeds: range | None = None) -> None:
    """`theirs` are of the seeds that `ours` has at `seeds`; of all, unless given."""
    every = range(len(theirs[0]["env_steps"]))
    for mine, other in zip(seeds or every, every, strict=True):
        np.testing.assert_equal(curve_of(ours, mine), curve_of(theirs, other))  # NaN is NaN


def left(one: Training) -> dict[str, Tensor]:
    """What the runs left, each when it had taken its steps."""
    return one.weights({}, {}).tensors


@every_pair
def test_a_run_is_the_same_alone_and_in_a_stack(method: str, agent: str) -> None:
    alone, curve = check_alone(method, agent, [0, 1, 2], STEPS)
    start = weights(training(method, [1], agent))
    assert any(not torch.equal(value, start[name]) for name, value in weights(alone).items())
    assert {"episode_return"} < {name for point in curve for name in point["figures"]}


@pytest.mark.parametrize(
    ("method", "agent"), [("none", "dqn"), ("jrpl", "ppo"), ("cgate", "sac"), ("recurrent", "ppo")]
)
def test_a_run_is_the_same_in_a_stack_on_two_threads(method: str, agent: str) -> None:
    with threads(2):
        check_alone(method, agent, [2, 1], 400)


def check_alone(method: str, agent: str, seeds: list[int], steps: int) -> tuple[Training, Points]:
    """That seed 1 learns the same in the stack `seeds` as alone on one thread, and that training."""
    stack = training(method, seeds, agent)
    points = stack.run(steps)
    with threads(1):
        alone = training(method, [1], agent)
        curve = alone.run(steps)
    at = seeds.index(1)
    check_weights({name: value[at : at + 1] for name, value in left(stack).items()}, left(alone))
    check_points(points, curve, range(at, at + 1))
    return alone, curve


@every_pair
def test_a_resumed_training_is_the_uninterrupted_one(method: str, agent: str) -> None:
    whole = training(method, [0, 1], agent)
    whole.run(910)  # between two points of the curve
    file = io.BytesIO()
    torch.save(whole.state_dict(), file)
    seen = whole.rollout.seen
    points = whole.run(STEPS)
    file.seek(0)
    state = torch.load(file, weights_only=True)
    resumed = training(method, [0, 1], agent)
    resumed.run(100)  # whatever it did before
    resumed.load_state_dict(state)
    check_leaves(resumed.rollout.seen, seen)
    check_points(resumed.run(STEPS), points)
    check_weights(weights(resumed), weights(whole))
    check_weights(left(resumed), left(whole))
    np.testing.assert_array_equal(resumed.env_steps, whole.env_steps)


@every_pair
def test_a_run_that_diverges_leaves_the_others_alone(method: str, agent: str) -> None:
    clips = "max_gradient_norm" in settings.read(registry.entry("agent", agent).module)
    curves, ends = [], []
    for poisoned in (False, True):
        stack = training(method, [0, 1, 2], agent, **({"max_gradient_norm": 1.0} if clips else {}))
        if poisoned:
            for value in policy.tensors(stack.agent).values():
                value[1] = torch.nan
        curves.append(stack.run(STEPS))
        ends.append(left(stack))
    for seed in (0, 2):
        check_weights(*({name: value[seed] for name, value in found.items()} for found in ends))
        np.testing.assert_equal(*(curve_of(points, seed) for points in curves))
    assert any(value[1].isnan().any() for value in ends[1].values())


def constant(rows: tuple[int, int]) -> Training:
    streams = Streams([f"run {seed}" for seed in range(rows[0])])
    module = registry.load("agent", "dqn")
    method = registry.load("method", "none").build(None, task(), streams)
    config = module.Config(n_envs=rows[1], hidden=(4,), learning_starts=10**6)
    agent = module.build(config, task(), method, False, streams, 1000)
    return Training(
        agent, Constant(rows), registry.entry("method", "none"), np.ones((rows[0], 3, 1)), streams
    )


def test_learning_curves_count_every_episode_once() -> None:
    one = constant((2, 4))
    points = one.run(1000)
    assert [point["env_steps"].tolist() for point in points] == [[n, n] for n in range(20, 1001, 20)]
    for point in points:
        assert point["figures"].keys() == {"episode_return"}
        mean, count = point["figures"]["episode_return"]
        np.testing.assert_array_equal(mean, [1.0, 1.0])
        np.testing.assert_array_equal(count, [20, 20])
    assert one.env_steps.tolist() == [1000, 1000]
    assert one.run(1000) == []


def test_a_training_gives_memory_back_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[None] = []
    monkeypatch.setattr(memory, "EVERY", 50)
    monkeypatch.setattr(memory, "give_back_holes", lambda: calls.append(None))
    constant((2, 4)).run(1000)
    assert len(calls) == 1000 // 4 // 50


def test_each_episode_takes_one_of_its_runs_contexts() -> None:
    stack = training("explicit", [0, 1])
    seen: list[set[float]] = [set(), set()]
    for target in range(4, 1500, 4):
        stack.run(target)
        for seed in range(2):
            seen[seed] |= set(stack.rollout.seen.context[seed].flatten().tolist())
    for seed in range(2):
        assert seen[seed] == set(stack.contexts[seed].astype(np.float32).ravel().tolist())


def test_a_log_takes_means_per_seed() -> None:
    log = Log(2)
    log.add({"a": np.array([1.0, 4.0])}, 1)
    log.add({"a": np.array([5.0, 0.0]), "b": np.array([1.0, 1.0])}, np.array([3, 0]))
    taken = log.take(np.array([True, True]))
    np.testing.assert_array_equal(taken["a"], ([1.5, 4.0], [4, 1]))
    np.testing.assert_array_equal(taken["b"][1], [3, 0])
    assert all(not count.any() for _, count in log.take(np.array([True, True])).values())


def test_a_log_is_taken_of_some_runs_while_the_others_go_on() -> None:
    log = Log(2)
    log.add({"a": np.array([1.0, 4.0])}, 1)
    np.testing.assert_array_equal(log.take(np.array([True, False]))["a"][1], [1, 0])
    log.add({"a": np.array([3.0, 8.0])}, 1)
    np.testing.assert_array_equal(log.take(np.array([True, True]))["a"], ([3.0, 6.0], [1, 2]))


@pytest.mark.parametrize("method", [name for name, entry in registry.METHODS.items() if entry.joint])
def test_ppo_learns_from_what_it_saw_when_it_acted(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first minibatch, before any weight has changed: ratios of 1."""
    one: Any = training(method, [0, 1], "ppo", observations="raw")
    found = []

    def loss(samples: Samples) -> Tensor:
        outputs = one.agent.policy(one.agent.read(samples.seen, POLICY))
        found.append((one.agent.distribution.log_density(outputs, samples.raw), samples.log_density))
        return usual(samples)

    usual = one.agent.loss
    monkeypatch.setattr(one.agent, "loss", loss)
    one.run(24 * 4)
    torch.testing.assert_close(*found[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("method", "agent"), [("jrpl", "ddpg"), ("none", "sac"), ("none", "ppo")])
def test_a_run_of_nans_plays_on_in_continuous_environments(method: str, agent: str) -> None:
    """Otherwise the returns of its stack could not be written."""
    described = spec(method, agent)
    one = Setup(described | {"environment": "pendulum"}).agent(Streams(keys(0, 1)))
    with torch.no_grad():
        for value in policy.tensors(one).values():
            value[0] = np.nan
    window = Window(torch.ones(2, 3, one.method.window, 7), torch.ones(2, 3, one.method.window))
    one.steps = 10**6  # past the uniform actions that off-policy agents begin with
    for explore in (False, True):
        action = one.act(Seen(torch.ones(2, 3, 3), None, window), explore)
        assert action.isfinite().all()
