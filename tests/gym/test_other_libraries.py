"""What `make parity` and `make bench` compare with: it must do the same work as ours."""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2]))
from benchmarks.parity import parity
from benchmarks.peers import baselines, shaped_mountaincar, single_file
from benchmarks.peers.case import Case, training
from benchmarks.scale import method_costs, scale
from benchmarks.speed import operations, profile_parts, speed, turns
from benchmarks.speed.contest import Turn, contest
from meta_rl.agents import dqn as our_dqn
from meta_rl.study.config import check

SMALL = {"n_envs": 1, "hidden": [8], "batch": 4, "replay": 1000, "learning_starts": 20, "train_every": 2}
CASES = {
    "dqn": Case("dqn", "cartpole", "CartPole-v1", 100, SMALL),
    "ddpg": Case("ddpg", "pendulum", "Pendulum-v1", 100, SMALL),
    "sac": Case("sac", "pendulum", "Pendulum-v1", 100, SMALL),
    "ppo": Case(
        "ppo", "cartpole", "CartPole-v1", 64,
        {"n_envs": 2, "n_steps": 16, "minibatch": 8, "hidden": [8], "observations": "raw"},
    ),
}  # fmt: skip


@pytest.fixture
def their_loss() -> Iterator[Any]:
    from stable_baselines3.dqn import dqn

    functions = dqn.F
    yield dqn
    dqn.F = functions


def test_both_sides_shape_the_reward_alike_and_end_alike() -> None:
    import gymnasium

    theirs = shaped_mountaincar.Wrapper(gymnasium.make("MountainCar-v0"))
    theirs.reset(seed=0)
    ours = shaped_mountaincar.build(("gravity",), (1, 1))
    ours.reset(np.ones((1, 1), bool), np.full((1, 1, 1), shaped_mountaincar.GRAVITY), np.zeros((1, 1, 1)))
    ours.state = tuple(np.full((1, 1), value) for value in theirs.unwrapped.state)
    rewards = []
    for _ in range(200):  # full throttle along the velocity reaches the goal
        action = 2 if theirs.unwrapped.state[1] >= 0 else 0
        _, reward, terminated, truncated, _ = theirs.step(action)
        step = ours.step(np.array([[action]]))
        assert step.reward.item() == pytest.approx(reward, abs=1e-9)
        assert (bool(step.terminated), bool(step.truncated)) == (terminated, truncated)
        rewards.append(reward)
        if terminated:
            break
    assert terminated
    # The potentials of a path cancel: what is left of their discounted sum is that of the start.
    added = sum(shaped_mountaincar.GAMMA**t * (reward + 1) for t, reward in enumerate(rewards))
    assert added == pytest.approx(-shaped_mountaincar._potential(*start(theirs)), rel=1e-6)


def start(environment: Any) -> Any:
    environment.reset(seed=0)
    return environment.unwrapped.state


def test_their_targets_become_those_of_double_q_learning(their_loss: Any) -> None:
    learner = baselines.model("Stable-Baselines3", CASES["dqn"], 0)
    observation = torch.randn(32, 4)
    with torch.no_grad():
        online = learner.q_net(observation)
        learner.q_net_target.load_state_dict({k: -v for k, v in learner.q_net.state_dict().items()})
        target = learner.q_net_target(observation)
        baselines._make_double(learner)
        offered = learner.q_net_target(observation).amax(1)
    chosen = target.gather(1, online.argmax(1, keepdim=True)).squeeze(1)
    assert torch.equal(offered, chosen)
    assert not torch.equal(offered, target.amax(1))


def test_their_dqn_takes_our_loss(their_loss: Any) -> None:
    values, targets = torch.tensor([0.0, 3.0]), torch.tensor([0.5, 0.0])
    huber = their_loss.F.smooth_l1_loss(values, targets)
    baselines.model("Stable-Baselines3", CASES["dqn"], 0)
    assert huber == pytest.approx((0.5 * 0.25 + 2.5) / 2)
    assert their_loss.F.smooth_l1_loss(values, targets) == pytest.approx((0.25 + 9.0) / 2)


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each side calls its optimiser and, in DQN, copies weights into a target network."""
    from stable_baselines3.dqn import dqn as their_dqn

    counted = Counter[str]()

    def count(name: str, owner: Any, function: str) -> None:
        call = getattr(owner, function)

        def run(*args: Any, **kwargs: Any) -> Any:
            counted[name] += 1
            return call(*args, **kwargs)

        monkeypatch.setattr(owner, function, run)

    count("their updates", torch.optim.Adam, "step")
    count("our updates", profile_parts.Adam, "minimise")
    count("their copies", their_dqn, "polyak_update")
    count("our copies", our_dqn, "copy_weights")
    return counted


@pytest.mark.parametrize("name", CASES)
def test_single_file_loops_learn_at_the_same_pace(name: str, counts: Counter[str]) -> None:
    """As many optimiser steps as ours for as many environment steps."""
    case, steps = CASES[name], 96
    run = single_file.runner(case, 0)
    run(steps)
    run(case.config["n_envs"])  # a rollout is learnt from when the next step is asked for
    training(case, range(2)).run(steps)
    assert counts["their updates"] == counts["our updates"] > 0


@pytest.mark.parametrize("name", [name for name, case in parity.CASES.items() if case.agent != "ppo"])
def test_stable_baselines3_learns_at_the_same_pace(name: str, their_loss: Any, counts: Counter[str]) -> None:
    """And its DQN copies weights at the same pace: theirs counts twice, as it copies running statistics too."""
    case = parity.CASES[name]
    case = replace(case, env_steps=1600, settings=case.settings | {"learning_starts": 100})
    baselines.model("Stable-Baselines3", case, 0).learn(case.env_steps)
    training(case, range(2)).run(case.env_steps)
    assert counts["their updates"] == counts["our updates"] > 0
    assert counts["their copies"] == 2 * counts["our copies"]
    assert (counts["our copies"] > 0) == (case.agent in ("dqn", "ddqn"))


def idle() -> Turn:
    return lambda: 1


def large() -> Turn:
    held = np.ones(25_000_000)  # 200 MB
    return lambda: len(held)


def broken() -> Turn:
    raise ValueError("no such thing")


def test_a_contest_tells_rates_and_memory_and_names_who_fails() -> None:
    results = contest({"idle": idle, "large": large}, 3)
    for one in results.values():
        assert 0 < one.low <= one.rate <= one.high
    assert results["large"].memory - results["idle"].memory == pytest.approx(200 * 1e6 / 2**20, abs=20)
    with pytest.raises(RuntimeError, match="broken: no such thing"):
        contest({"broken": broken}, 1)


def test_the_parts_of_a_training_are_all_of_it() -> None:
    for name in ("dqn", "ppo"):
        parts = profile_parts.measure(CASES[name], 2)
        assert sum(parts.values()) == pytest.approx(1)
        assert min(parts.values()) > 0


def test_all_products_of_an_iteration_are_counted() -> None:
    """Two layers: to act, for both networks' values, and backwards, where the first one's input needs none."""
    case = CASES["dqn"]
    (width,), rows = case.config["hidden"], case.config["n_envs"]
    first, second = 4 * width, width * 2
    learnt = case.config["batch"] * rows / case.config["train_every"] * (3 * first + 4 * second)
    found = operations.measure(case, 3)
    assert found.arithmetic == 2 * 3 * (rows * (first + second) + learnt)
    assert found.operations > 10
    assert operations.peak() > 1e8


@pytest.mark.parametrize(("ours", "passes"), [(480.0, True), (470.0, False)])
def test_parity_is_a_matter_of_the_lower_bound(
    ours: float, passes: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both sides have a standard deviation of 2.981 over 10 runs, so that the bound lies 2.31 below: above -24."""
    monkeypatch.setattr(parity, "RUNS", tmp_path)
    case = parity.CASES["dqn_cartpole"]
    for seed in range(parity.USUAL.seeds):
        for side, mean in (("sb3", 500.0), ("meta_rl", ours), ("random", 20.0)):
            path = parity._path("dqn_cartpole", side, seed)
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps({"return": mean + 2 * (seed % 2) * 2.828 - 2.828}))
    row = parity._row("dqn_cartpole", case)
    assert f"{ours - 500:+.1f} | {ours - 500 - 2.31:+.1f} | " in row
    assert ("| yes |" in row) == passes
    assert ("**no**" in row) != passes


def test_a_turn_counts_the_steps_of_all_seeds() -> None:
    turn = turns.ours(CASES["dqn"], seeds=3)
    assert turn() == turn() == 3 * (4096 // 3)


def test_what_the_scripts_make_of_the_studies_is_valid() -> None:
    assert method_costs.quick().blocks
    check(scale.reduced(), "costs")
    check(scale.study(5000), "scale")


def test_every_speed_case_can_be_built_on_all_sides() -> None:
    for case in speed.CASES.values():
        assert case.config["n_envs"] == case.settings["n_envs"]
        baselines.model("Stable-Baselines3", case, 0)
        single_file.runner(case, 0)
