"""MountainCar's equations against Gymnasium and carl-bench, and how far its controllers get."""

import math
import warnings
from types import SimpleNamespace
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.classic_control import mountain_car
from gymnasium.utils import seeding

from meta_rl import registry
from meta_rl.envs import carl_features, mountaincar

NAMES = [feature.name for feature in mountaincar.features]
DEFAULTS = {feature.name: feature.default for feature in mountaincar.features}


def random_contexts(rng: np.random.Generator, count: int) -> np.ndarray:
    """[count, F]"""
    columns = {name: DEFAULTS[name] * np.exp(rng.uniform(-2, 2, count)) for name in NAMES}
    columns["goal_position"] = rng.uniform(-0.4, 0.6, count)
    columns["min_position"] = rng.uniform(-2.0, -0.6, count)
    return np.stack([columns[name] for name in NAMES], axis=-1)


def context(**multipliers: float) -> list[float]:
    return [DEFAULTS[name] * multipliers.get(name, 1.0) for name in NAMES]


def play(controller: str, multipliers: list[float], each: int = 100) -> np.ndarray:
    """Returns [M, each] of episodes at multiples of gravity, the same starts for every controller."""
    gravity = DEFAULTS["gravity"] * np.repeat(multipliers, each)
    rows = (1, len(gravity))
    environments = mountaincar.build(("gravity",), rows)
    noise = np.tile(np.random.default_rng(0).random(each), len(multipliers))
    environments.reset(np.ones(rows, dtype=bool), gravity[None, :, None], noise[None, :, None])
    act = registry.load("controller", controller).build()
    total, running = np.zeros(rows), np.ones(rows, dtype=bool)
    for _ in range(mountaincar.horizon):
        step = environments.step(act(environments, np.zeros((*rows, 1))))
        total += step.reward * running
        running &= ~step.terminated
    return total.reshape(len(multipliers), each)


# physics


def test_it_agrees_with_gymnasium_to_the_last_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    """But for the cosine, which must be NumPy's in both: see the next test."""
    monkeypatch.setattr(mountain_car, "math", SimpleNamespace(cos=np.cos))
    count, rng = 20_000, np.random.default_rng(0)
    contexts, actions = random_contexts(rng, count), rng.integers(3, size=count)
    position, velocity = rng.uniform(-2.2, 0.6, count), rng.uniform(-0.2, 0.2, count)
    (after, speed), reward, terminated = mountaincar.step((position, velocity), actions, contexts.T)
    seen = mountaincar.observation((after, speed))
    assert (reward == -1.0).all()
    for condition in (terminated, speed == 0.0, after == 0.6, np.abs(speed) == contexts[:, 2]):
        assert 0.005 < condition.mean() < 0.9

    plain = mountaincar.plain(DEFAULTS)
    for row in range(count):
        for name, value in zip(NAMES, contexts[row].tolist(), strict=True):
            setattr(plain, name, value)
        plain.state = position[row], velocity[row]
        expected = plain.step(actions[row])
        assert plain.state == (after[row], speed[row])
        assert np.array_equal(expected[0], seen[row])
        assert expected[1:4] == (reward[row], terminated[row], False)


def test_the_cosine_of_numpy_is_that_of_c_but_for_its_last_bit() -> None:
    angles = np.random.default_rng(0).uniform(-6, 2, 50_000)
    of_c = np.array([math.cos(angle) for angle in angles])
    assert (np.abs(np.cos(angles) - of_c) <= np.spacing(np.abs(of_c))).all()


@pytest.mark.parametrize("gravity", [0.5, 1.0, 1.6])
def test_episodes_are_those_of_the_plain_environment(gravity: float) -> None:
    """With the time limit of `gymnasium.make`."""
    values = dict(zip(NAMES, context(gravity=gravity, force=1.1, min_position=0.9), strict=True))
    environments = mountaincar.build(tuple(NAMES), (1, 1))
    act = registry.load("controller", "bang_bang").build()
    limited: Any = gymnasium.wrappers.TimeLimit(mountaincar.plain(values), mountaincar.horizon)
    ends = []
    for seed in range(5):
        expected, _ = limited.reset(seed=seed)
        noise = seeding.np_random(seed)[0].random((1, 1, 1))
        environments.reset(np.ones((1, 1), dtype=bool), np.array([[list(values.values())]]), noise)
        assert np.array_equal(environments.observation[0, 0], expected)
        ended = False
        while not ended:
            action = act(environments, np.zeros((1, 1, 1)))
            step = environments.step(action)
            expected, *figures, _ = limited.step(int(action[0, 0]))
            assert np.array_equal(step.next_observation[0, 0], expected)
            assert [column[0, 0] for column in step[1:]] == figures
            assert limited.observation_space.contains(expected)
            ended = bool(step.terminated | step.truncated)
        ends.append(bool(step.terminated))
    assert all(ends)


def test_starts_are_at_rest_between_their_bounds() -> None:
    noise = np.random.default_rng(0).random((1, 10_000))
    position, velocity = mountaincar.initial(noise, context())
    assert (velocity == 0.0).all()
    assert -0.6 <= position.min() < -0.5999
    assert -0.4001 < position.max() < -0.4
    assert abs(position.mean() + 0.5) < 0.002
    assert abs(position.std() - 0.2 / math.sqrt(12)) < 0.001


def test_the_left_end_stops_the_car_and_a_missed_goal_costs_the_horizon() -> None:
    (position, velocity), _, terminated = mountaincar.step((-1.19, -0.07), 0, context())
    assert (position, velocity, bool(terminated)) == (-1.2, 0.0, False)
    assert (play("random", [1.0], each=3) == -mountaincar.horizon).all()
    assert -mountaincar.horizon < mountaincar.success


def test_no_speed_carries_the_car_to_the_goal_beyond_the_limit_of_gravity() -> None:
    """From wherever full throttle can still hold the largest speed, none does better than full throttle."""
    limit, _ = mountaincar.limits["gravity"]
    reached = {}
    for gravity in (2.0, limit):
        constants = context(gravity=gravity)
        last = -math.acos(constants[1] / constants[0]) / 3
        position = np.linspace(-1.2, last, 2_000)
        state: Any = position, np.full_like(position, DEFAULTS["max_speed"])
        reached[gravity] = False
        for _ in range(mountaincar.horizon):
            state, _, terminated = mountaincar.step(state, 2, constants)
            reached[gravity] |= terminated.any()
    assert reached == {2.0: True, limit: False}


# carl-bench


def test_features_are_those_of_carl_bench_but_for_the_deviations() -> None:
    theirs = carl_features.features("CARLMountainCar")
    assert set(NAMES) | set(mountaincar.refused) == set(theirs)
    same = {
        ours.name
        for ours in mountaincar.features
        if (ours.default, ours.low, ours.high)
        == (theirs[ours.name].default_value, theirs[ours.name].lower, theirs[ours.name].upper)
    }
    assert set(NAMES) - same == set(mountaincar.deviations)
    assert theirs["goal_position"].default_value == 0.45
    assert DEFAULTS["goal_position"] == gymnasium.make("MountainCar-v0").unwrapped.goal_position == 0.5


@pytest.mark.parametrize("name", NAMES)
def test_it_agrees_with_carl_bench(name: str) -> None:
    """Where carl-bench is told our goal; its own would end episodes earlier."""
    rng = np.random.default_rng(0)
    values = dict(zip(NAMES, context(**{name: 0.6}), strict=True))
    position, velocity, actions = (
        rng.uniform(-1.3, 0.5, 300),
        rng.uniform(-0.07, 0.07, 300),
        rng.integers(3, size=300),
    )
    state, _, terminated = mountaincar.step((position, velocity), actions, list(values.values()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        carl_features.features("CARLMountainCar")  # imports it without its noise
        from carl.envs.gymnasium import CARLMountainCar

        environment = CARLMountainCar(contexts={0: values})
        environment.reset(seed=0)
        for row in range(300):
            environment.unwrapped.state = position[row], velocity[row]
            observation, _, ended, *_ = environment.step(int(actions[row]))
            assert np.allclose(observation["obs"], [column[row] for column in state], rtol=1e-6, atol=1e-9)
            assert ended == terminated[row]


# controllers


def test_bang_bang_climbs_up_to_twice_the_gravity() -> None:
    """Twice the gravity in nearly all episodes, then in fewer and fewer."""
    multipliers = [0.1, 1.0, 1.9, 2.0, 2.06, 2.08]
    reached = (play("bang_bang", multipliers) > -mountaincar.horizon).mean(axis=1)
    assert (reached[:3] == 1.0).all()
    assert reached[3] >= 0.97
    assert 0.3 < reached[4] < 0.7
    assert reached[5] == 0.0


def test_time_optimal_is_faster_and_never_slower_than_full_throttle_where_that_suffices() -> None:
    multipliers = [0.2, 0.4, 0.7, 1.0, 1.3, 1.9, 2.08]
    fast, slow = play("time_optimal", multipliers, each=50), play("bang_bang", multipliers, each=50)
    assert np.array_equal(fast[:2], slow[:2])
    assert (fast[2:6].mean(axis=1) > slow[2:6].mean(axis=1) + 10).all()
    assert fast[3].mean() > -100
    assert (fast[:6] >= mountaincar.success).all()
    assert (fast[6] == -mountaincar.horizon).all()
