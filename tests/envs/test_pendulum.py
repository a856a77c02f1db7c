"""Pendulum's equations against Gymnasium and carl-bench, and what its controller reaches."""

import math
import warnings
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils import seeding
from scipy.linalg import solve_discrete_are

from meta_rl import registry
from meta_rl.envs import carl_features, pendulum

NAMES = [feature.name for feature in pendulum.features]
DEFAULTS = {feature.name: feature.default for feature in pendulum.features}


def context(**multipliers: float) -> list[float]:
    return [DEFAULTS[name] * multipliers.get(name, 1.0) for name in NAMES]


def random_cases(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Contexts [count, F], states [2, count] and actions [count, 1], some beyond their limit."""
    rng = np.random.default_rng(seed)
    contexts = np.array(context()) * np.exp(rng.uniform(-2, 2, (count, len(NAMES))))
    contexts[:, NAMES.index("gear")] = rng.uniform(-1, 1, count)
    states = np.stack([rng.uniform(-80, 80, count), rng.uniform(-9, 9, count)])
    return contexts, states, rng.uniform(-2.5, 2.5, (count, 1)).astype(np.float32)


# physics


def test_it_agrees_with_gymnasium_to_the_last_bit_of_its_state() -> None:
    """Rewards to 1e-9, for two kinds of rounding: see `step`."""
    count = 20_000
    contexts, states, actions = random_cases(count)
    (theta, theta_dot), reward, terminated = pendulum.step(tuple(states), actions, contexts.T)
    seen = pendulum.observation((theta, theta_dot))
    assert seen.dtype == np.float32
    assert not terminated.any()
    assert 0.1 < (np.abs(theta_dot) == contexts[:, NAMES.index("max_speed")]).mean() < 0.9

    plain = pendulum.plain(DEFAULTS).unwrapped
    for row in range(count):
        values = dict(zip(NAMES, contexts[row].tolist(), strict=True))
        gear = values.pop("gear")
        for name, value in values.items():
            setattr(plain, {"gravity": "g"}.get(name, name), value)
        plain.state = states[:, row]
        expected, rewarded, *_ = plain.step(gear * actions[row])
        assert plain.state.tolist() == [theta[row], theta_dot[row]]
        assert np.array_equal(expected, seen[row])
        assert abs(rewarded - reward[row]) < 1e-9


def test_gymnasium_multiplies_the_torque_in_single_precision() -> None:
    """If this fails, Gymnasium was changed, and `push` may be as precise as all else."""
    contexts, states, actions = random_cases(2_000)
    (_, theta_dot), *_ = pendulum.step(tuple(states), actions, contexts.T)
    (_, precise), *_ = pendulum.step(tuple(states), actions.astype(np.float64), contexts.T)
    assert np.array_equal(theta_dot, precise)  # ours does, whatever it is given
    gravity, dt, mass, length, max_speed, gear = contexts.T
    torque = np.clip(gear * actions[:, 0].astype(np.float64), -2, 2)
    push = 3 * gravity / (2 * length) * np.sin(states[0]) + 3.0 / (mass * length**2) * torque
    double = np.clip(states[1] + push * dt, -max_speed, max_speed)
    assert (double != theta_dot).mean() > 0.1
    assert np.allclose(double, theta_dot, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("length", [0.5, 1.0, 2.2])
def test_episodes_are_those_of_the_plain_environment(length: float) -> None:
    """With the time limit of `gymnasium.make`."""
    values = dict(zip(NAMES, context(l=length, dt=1.1), strict=True))
    environments = pendulum.build(tuple(NAMES), (1, 1))
    limited: Any = gymnasium.wrappers.TimeLimit(pendulum.plain(values), pendulum.horizon)
    rng = np.random.default_rng(0)
    for seed in range(3):
        expected, _ = limited.reset(seed=seed)
        noise = seeding.np_random(seed)[0].random((1, 1, 2))
        environments.reset(np.ones((1, 1), dtype=bool), np.array([[list(values.values())]]), noise)
        assert np.array_equal(environments.observation[0, 0], expected)
        for number in range(1, pendulum.horizon + 1):
            action = rng.uniform(-2, 2, (1, 1, 1)).astype(np.float32)
            step = environments.step(action)
            expected, reward, *ends, _ = limited.step(action[0, 0])
            assert np.array_equal(step.next_observation[0, 0], expected)
            assert abs(step.reward[0, 0] - reward) < 1e-9
            assert (
                [step.terminated[0, 0], step.truncated[0, 0]] == ends == [False, number == pendulum.horizon]
            )
            assert limited.observation_space.contains(expected)


def test_a_gear_of_the_other_sign_is_the_other_torque() -> None:
    contexts, states, actions = random_cases(2_000)
    turned = contexts * np.where(np.array(NAMES) == "gear", -1, 1)
    ours, theirs = (
        pendulum.step(tuple(states), actions, turned.T),
        pendulum.step(tuple(states), -actions, contexts.T),
    )
    assert np.array_equal(ours[0], theirs[0])
    assert np.array_equal(ours[1], theirs[1])
    plain: Any = pendulum.plain(DEFAULTS | {"gear": -1.0})
    usual = gymnasium.make("Pendulum-v1")
    assert np.array_equal(plain.reset(seed=3)[0], usual.reset(seed=3)[0])
    for action in actions[:50]:
        assert all(map(np.array_equal, plain.step(action), usual.step(-action)))


def test_starts_are_spread_evenly_over_the_whole_turn() -> None:
    noise = np.random.default_rng(0).random((2, 20_000))
    for values, high in zip(pendulum.initial(noise, context()), (math.pi, 1.0), strict=True):
        assert np.abs(values).max() <= high
        assert values.min() < -0.999 * high
        assert values.max() > 0.999 * high
        assert abs(values.mean()) < 0.02 * high
        assert abs(values.std() - high / math.sqrt(3)) < 0.01 * high


def test_the_reward_counts_the_angle_from_the_top_whatever_the_number_of_turns() -> None:
    turns = 2 * math.pi * np.arange(-20, 21)
    action = np.array([[2.0]], dtype=np.float32)

    def reward(theta: np.ndarray) -> np.ndarray:
        return pendulum.step((theta, np.full_like(theta, 0.5)), action, context())[1]

    for angle in (0.0, 0.3, -2.0, 3.14):
        assert np.allclose(reward(turns + angle), -(angle**2 + 0.1 * 0.25 + 0.004), rtol=0, atol=1e-8)
    assert np.allclose(reward(turns + math.pi), -(math.pi**2 + 0.029), rtol=0, atol=1e-8)


def test_torques_beyond_the_limit_are_the_limit() -> None:
    state = np.array([1.0]), np.array([0.0])
    found = [
        pendulum.step(state, np.full((1, 1), torque, np.float32), context()) for torque in (2, 3, -2, -9)
    ]
    assert found[0] == found[1]
    assert found[2] == found[3]
    assert found[0] != found[2]


@pytest.mark.parametrize(("gravity", "arrives"), [(1.6, True), (1.7, False)])
def test_no_speed_carries_the_pendulum_to_the_top_beyond_the_limit_of_gravity(
    gravity: float, arrives: bool
) -> None:
    assert pendulum.limits["gravity"][0] == 1.7
    theta = np.linspace(-math.pi - 0.5, -math.pi + 0.5, 1_001)  # around the bottom
    state: Any = theta, np.full_like(theta, DEFAULTS["max_speed"])
    highest = -math.inf
    for _ in range(pendulum.horizon):
        state, *_ = pendulum.step(state, np.full((1, 1), 2.0, np.float32), context(gravity=gravity))
        highest = max(highest, state[0].max())
    assert (highest > 0) == arrives


# carl-bench


def test_features_are_those_of_carl_bench_but_for_the_deviations() -> None:
    theirs = carl_features.features("CARLPendulum")
    assert set(NAMES) | set(pendulum.refused) == set(theirs) | {"max_speed", "gear"}
    for ours in pendulum.features:
        if ours.name in ("max_speed", "gear"):
            assert ours.name not in theirs
        else:
            feature = theirs["g" if ours.name == "gravity" else ours.name]
            assert (ours.default, ours.low, ours.high) == (
                feature.default_value,
                feature.lower,
                feature.upper,
            )
    assert theirs["gravity"].default_value != DEFAULTS["gravity"]
    assert set(pendulum.deviations) == {"gravity", "max_speed", "gear"}


def by_carl(states: np.ndarray, actions: np.ndarray, values: dict[str, float]) -> np.ndarray:
    """The observations that carl-bench's Pendulum returns, [C, 3]."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        carl_features.features("CARLPendulum")  # imports it without its noise
        from carl.envs.gymnasium import CARLPendulum

        environment = CARLPendulum(contexts={0: values})
        environment.reset(seed=0)
        found = []
        for state, action in zip(states.T, actions, strict=True):
            environment.unwrapped.state = state
            found.append(environment.step(action)[0]["obs"])
    return np.stack(found)


@pytest.mark.parametrize(("name", "theirs"), [("gravity", "g"), ("dt", "dt"), ("m", "m"), ("l", "l")])
def test_it_agrees_with_carl_bench(name: str, theirs: str) -> None:
    _, states, actions = random_cases(200)
    usual = pendulum.observation(pendulum.step(tuple(states), actions, context())[0])
    ours = pendulum.observation(pendulum.step(tuple(states), actions, context(**{name: 0.7}))[0])
    assert np.allclose(ours, by_carl(states, actions, {theirs: 0.7 * DEFAULTS[name]}), rtol=1e-5, atol=1e-5)
    assert not np.allclose(ours, usual, rtol=1e-2, atol=1e-2)


def test_carl_bench_does_not_apply_its_gravity() -> None:
    """If this fails, carl-bench was mended, and there is one deviation less."""
    _, states, actions = random_cases(200)
    assert np.array_equal(by_carl(states, actions, {"gravity": 3.0}), by_carl(states, actions, {}))


# the controller

Played = tuple[np.ndarray, np.ndarray]


def play(
    multipliers: list[dict[str, float]], each: int = 50, believed: dict[str, float] | None = None
) -> Played:
    """Returns [M, each] and distances from the top at the end [M, each] of the swing-up controller.

    It is told the context, but for what it is to believe in.
    """
    contexts = np.repeat([context(**one) for one in multipliers], each, axis=0)[None]
    rows = contexts.shape[:2]
    environments = pendulum.build(tuple(NAMES), rows)
    noise = np.tile(np.random.default_rng(0).random((each, 2)), (len(multipliers), 1))
    environments.reset(np.ones(rows, dtype=bool), contexts, noise[None])
    act, total = registry.load("controller", "swing_up").build(), np.zeros(rows)
    for _ in range(pendulum.horizon):
        told = environments.believing(believed or {})
        total += environments.step(act(told, np.zeros((*rows, 1)))).reward
    seen = environments.observation
    away = np.abs(np.arctan2(seen[..., 1], seen[..., 0]))
    return total.reshape(-1, each), away.reshape(-1, each)


def by_energy(multipliers: dict[str, float], each: int = 50) -> np.ndarray:
    """Returns [each] of another controller, from the same starts: it pumps energy, then balances by LQR.

    Astrom & Furuta 2000, with the linear-quadratic regulator of the discrete-time equations near the top.
    """
    values = context(**multipliers)
    gravity, dt, mass, length, *_ = values
    stiff, push = 3 * gravity / (2 * length) * dt, 3 / (mass * length**2) * dt
    a, b = np.array([[1 + dt * stiff, dt], [stiff, 1]]), np.array([[dt * push], [push]])
    cost = solve_discrete_are(a, b, np.diag([1.0, 0.1]), np.array([[0.001]]))
    gain = np.linalg.solve(0.001 + b.T @ cost @ b, b.T @ cost @ a)[0]
    state: Any = pendulum.initial(np.random.default_rng(0).random((each, 2)).T, values)
    total = np.zeros(each)
    for _ in range(pendulum.horizon):
        theta, theta_dot = np.arctan2(np.sin(state[0]), np.cos(state[0])), state[1]
        missing = mass * gravity * length / 2 * (1 - np.cos(theta)) - mass * length**2 / 6 * theta_dot**2
        balance = -(gain[0] * theta + gain[1] * theta_dot)
        pump = 2.0 * np.sign(missing * np.where(theta_dot == 0, 1, theta_dot))
        near = (np.abs(theta) < 0.6) & (np.abs(balance) < 2)
        action = np.where(near, balance, pump).astype(np.float32)[:, None]
        state, reward, _ = pendulum.step(state, action, values)
        total += reward
    return total


def test_swing_up_reaches_the_top_from_every_start_and_stays_there() -> None:
    lengths = [0.25, 0.5, 1.0, 1.5, 2.2]
    returns, away = play([{"l": length} for length in lengths])
    assert away.max() < 0.2
    least = [-35, -85, -160, -250, -380]
    assert (returns.mean(axis=1) > least).all()
    assert (returns.mean(axis=1) > pendulum.success).all()


def test_swing_up_knows_the_sign_of_the_motor_and_how_weak_it_is() -> None:
    returns, away = play([{}, {"gear": -1.0}, {"l": 0.3, "gear": -0.5}])
    assert np.allclose(returns[0], returns[1], rtol=0, atol=1e-6)
    assert away.max() < 0.2
    blind, _ = play([{"gear": -1.0}], believed={"gear": 1.0})
    assert blind.mean() < -1_000


def test_swing_up_is_better_than_pumping_energy() -> None:
    cases = [
        {"l": 0.1},
        {"l": 0.5},
        {},
        {"l": 2.2},
        {"m": 0.3},
        {"gravity": 1.5},
        {"dt": 2.0},
        {"max_speed": 0.8},
    ]
    returns, _ = play(cases)
    others = np.stack([by_energy(case) for case in cases])
    assert (returns.mean(axis=1) > others.mean(axis=1)).all()
    assert (others.mean(axis=1) > pendulum.success).all()  # a controller worth the name


def test_beyond_the_limit_of_gravity_nothing_is_solved() -> None:
    returns, _ = play([{"gravity": 1.6}, {"gravity": 1.7}])
    assert np.array_equal(returns.mean(axis=1) > pendulum.success, [True, False])
