"""LunarLander: its constants act as Gymnasium's equations say, gravity as bodies fall, and the heuristic lands."""

import inspect
from types import ModuleType, SimpleNamespace
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.box2d import lunar_lander

from meta_rl import registry
from meta_rl.controllers import lander_heuristic
from meta_rl.envs import carl_features, lunarlander
from meta_rl.envs.lunarlander import GRAVITY
from meta_rl.envs.simulator import SimulatorRows

DEFAULTS = {feature.name: feature.default for feature in lunarlander.features}
HALF_HEIGHT = 400 / 30 / 2  # m; observed speeds are in half heights (or half widths) a second, over 50 frames
FRAMES = 50  # a second


def started(contexts: list[float], each: int = 1, feature: str = GRAVITY) -> SimulatorRows:
    """[C, E] rows: each value of the feature with `each` starts, which are the same for all values."""
    rows = (len(contexts), each)
    environments = lunarlander.build((feature,), rows)
    values = np.repeat(contexts, each).reshape(*rows, 1)
    noise = np.tile((np.arange(each)[:, None] + 0.5) / 2**31, (len(contexts), 1, 1))
    environments.reset(np.ones(rows, dtype=bool), values, noise)
    return environments


def episode(environment: Any, seed: int, actions: np.ndarray) -> list[tuple[Any, ...]]:
    """What a Gymnasium environment returns, to be compared bit by bit."""
    found: list[tuple[Any, ...]] = [(environment.reset(seed=seed)[0].tobytes(),)]
    for action in actions.tolist():
        observation, reward, terminated, _, _ = environment.step(action)
        found.append((observation.tobytes(), float(reward), terminated))
        if terminated:
            break
    return found


def first_row(environments: SimulatorRows, actions: np.ndarray) -> list[tuple[Any, ...]]:
    """The same of row (0, 0)."""
    found: list[tuple[Any, ...]] = [(environments.observation[0, 0].tobytes(),)]
    for action in actions:
        step = environments.step(np.full(environments.rows, action))
        observation, reward, terminated, _ = (column[0, 0] for column in step)
        found.append((observation.tobytes(), reward, terminated))
        if terminated:
            break
    return found


def with_constant(name: str, value: float) -> ModuleType:
    """Gymnasium's module, had it been written with another constant: a reference that sets nothing afterwards."""
    source = inspect.getsource(lunar_lander)
    last = "VIEWPORT_H = 400\n"
    assert source.count(last) == 1
    module = ModuleType("rewritten")
    exec(source.replace(last, f"{last}{name} = {value!r}\n"), vars(module))
    return module


# what is declared


def test_defaults_are_gymnasiums_and_names_are_carl_benchs() -> None:
    constants = {name: value for name, value in DEFAULTS.items() if name != GRAVITY}
    assert constants == {name: getattr(lunar_lander, name) for name in constants}
    plain: Any = gymnasium.make("LunarLander-v3").unwrapped
    assert plain.gravity == DEFAULTS[GRAVITY]
    registered = gymnasium.spec("LunarLander-v3")
    assert (registered.max_episode_steps, registered.reward_threshold) == (1000, 200)
    assert (lunarlander.horizon, lunarlander.success) == (1000, 200)
    carl_features.check_features(lunarlander)
    assert {*DEFAULTS, *lunarlander.refused} == carl_features.features("CARLLunarLander").keys()
    assert lunarlander.refused.keys().isdisjoint(DEFAULTS)


def test_bounds_keep_the_sign_and_go_beyond_carl_bench_where_that_is_said() -> None:
    for feature in lunarlander.features:
        assert min(feature.low * feature.default, feature.high * feature.default) >= 0
    gravity = lunarlander.features[0]
    assert (gravity.low, gravity.high) == (4.4 * gravity.default, -0.01)
    assert lunarlander.deviations.keys() == {GRAVITY}


# physics


@pytest.mark.parametrize("gravities", [[-2.0], [-10.0], [-18.0], [-22.0], [-44.0], [-18.0, -2.0]], ids=str)
def test_the_lander_falls_with_the_contexts_gravity(gravities: list[float]) -> None:
    """Over 20 steps without engines; the legs, 3 % of the mass, still swing out meanwhile."""
    environments = started(gravities, each=3)
    speeds = [environments.observation[..., 3]]
    for _ in range(20):
        speeds.append(
            environments.step(np.zeros((len(gravities), 3), dtype=np.int64)).next_observation[..., 3]
        )
    fall = (speeds[-1] - speeds[0]) * FRAMES / HALF_HEIGHT / (20 / FRAMES)
    for gravity, found in zip(gravities, fall, strict=True):
        assert found == pytest.approx(gravity, abs=0.1), gravity


@pytest.mark.parametrize("gravity", [-11.9, -6.0, -0.5])
def test_gravity_is_gymnasiums_own_argument(gravity: float) -> None:
    actions = np.random.default_rng(0).integers(4, size=200)
    expected = episode(gymnasium.make("LunarLander-v3", gravity=gravity).unwrapped, 0, actions)
    assert first_row(started([gravity, -18.0]), actions) == expected
    assert episode(lunarlander.plain(DEFAULTS | {GRAVITY: gravity}), 0, actions) == expected


@pytest.mark.parametrize("gravity", [-12.0, -18.0, -44.0])
def test_gravity_beyond_that_argument_is_the_worlds(gravity: float) -> None:
    actions = np.random.default_rng(0).integers(4, size=200)
    plain = lunarlander.plain(DEFAULTS | {GRAVITY: gravity})
    assert first_row(started([gravity, -2.0]), actions) == episode(plain, 0, actions)
    assert plain.world.gravity.y == pytest.approx(gravity)


@pytest.mark.parametrize("feature", lunarlander.features[1:], ids=lambda feature: feature.name)
def test_a_constant_acts_as_if_gymnasium_were_written_with_it(feature: Any) -> None:
    """Beside a row in another context; Gymnasium's own module stays as it is."""
    before = {name: value for name, value in vars(lunar_lander).items() if name.isupper()}
    value = 0.7 * feature.default
    actions = np.random.default_rng(1).integers(4, size=200)
    expected = episode(with_constant(feature.name, value).LunarLander(), 0, actions)
    assert first_row(started([value, 1.2 * feature.default], feature=feature.name), actions) == expected
    assert episode(lunarlander.plain(DEFAULTS | {feature.name: value}), 0, actions) == expected
    assert expected != episode(gymnasium.make("LunarLander-v3").unwrapped, 0, actions)
    assert {name: value for name, value in vars(lunar_lander).items() if name.isupper()} == before


@pytest.mark.parametrize("power", [13.0, 19.5])
def test_the_main_engine_gives_the_acceleration_behind_the_limit(power: float) -> None:
    """Impulse per frame over the mass of hull and legs; mean over 60 upright starts, as each impulse scatters."""
    environments = started([power], each=60, feature="MAIN_ENGINE_POWER")
    bodies = [[worker.lander, *worker.legs] for worker in environments.workers]
    mass = sum(body.mass for body in bodies[0])

    def momentum() -> np.ndarray:
        return np.array([sum(body.mass * body.linearVelocity.y for body in craft) for craft in bodies])

    before = momentum()
    for _ in range(6):
        environments.step(np.full((1, 60), lander_heuristic.MAIN))
    gained = (momentum() - before).mean() / mass / (6 / FRAMES) + 10.0
    thrust = power * 4 / 30 * FRAMES / mass
    assert gained == pytest.approx(thrust, rel=0.03)
    multiplier, _ = lunarlander.limits[GRAVITY]
    assert multiplier == pytest.approx(13.0 * 4 / 30 * FRAMES / mass / 10, abs=0.01)


# the heuristic


def play(controller: Any, gravities: list[float], each: int) -> np.ndarray:
    """Returns [C, E] of one episode in every row."""
    environments = started(gravities, each)
    total, running = np.zeros(environments.rows), np.ones(environments.rows, dtype=bool)
    while running.any():
        step = environments.step(controller(environments, np.zeros((*environments.rows, 1))))
        total += step.reward
        running = ~(step.terminated | step.truncated)
    return total


def published(environments: SimulatorRows, chance: np.ndarray) -> np.ndarray:
    """Gymnasium's heuristic, row by row."""
    kind = SimpleNamespace(unwrapped=SimpleNamespace(continuous=False))
    seen = environments.observation.reshape(-1, 8)
    actions = [lunar_lander.heuristic(kind, state) for state in seen]
    return np.array(actions, dtype=np.int64).reshape(environments.rows)


def test_at_the_default_gravity_its_actions_are_those_of_gymnasiums_heuristic() -> None:
    environments, act = started([-10.0], each=20), lander_heuristic.build()
    chosen = set()
    for _ in range(250):
        action = act(environments, np.zeros((1, 20, 1)))
        assert action.dtype == np.int64
        assert np.array_equal(action, published(environments, None))
        chosen |= set(action.ravel().tolist())
        environments.step(action)
    assert chosen == {0, 1, 2, 3}


def test_it_lands_where_its_gains_know_gravity_and_the_craft_can_be_held() -> None:
    gravities = [-1.0, -2.0, -6.0, -10.0, -12.0, -14.0, -15.0]
    returns = play(registry.load("controller", "lander_heuristic").build(), gravities, each=6)
    solved = (returns >= lunarlander.success).mean(axis=1)
    assert dict(zip(gravities, solved > 0.6, strict=True)) == dict.fromkeys(gravities, True)


def test_it_is_far_better_than_without_knowing_gravity() -> None:
    gravities = [-0.5, -12.0, -14.0]
    known, unknown = (play(one, gravities, each=8).mean(axis=1) for one in (lander_heuristic.act, published))
    assert (known - unknown > 75).all()


def test_nothing_lands_beyond_the_limit() -> None:
    returns = play(lander_heuristic.act, [-20.0, -44.0], each=8)
    assert (returns < 0).all()
    assert (returns[0] > -150).all()  # and yet it falls better than it would without thrust
