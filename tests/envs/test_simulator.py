"""Rows of simulators: each is on its own, follows from context, start and actions alone, and can be replayed."""

from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.box2d import lunar_lander

from meta_rl.contexts import Feature
from meta_rl.envs import carl, lunarlander, simulator
from meta_rl.envs.simulator import SimulatorRows

SIMULATORS = [lunarlander, carl.CARLAcrobot, carl.CARLMountainCarContinuous, carl.CARLBipedalWalker]
every_simulator = pytest.mark.parametrize("module", SIMULATORS, ids=lambda module: module.carl)
every_feature = pytest.mark.parametrize(
    ("module", "feature"),
    [
        pytest.param(module, feature, id=f"{module.carl}-{feature.name}")
        for module in SIMULATORS
        for feature in module.features
    ],
)


def other_value(feature: Feature) -> float:
    """Another value within the bounds; speed limits are reached soon only where they are low."""
    multipliers = (0.1, 0.5, 1.5) if feature.name.startswith("MAX_VEL") else (0.5, 1.5)
    values = [multiplier * feature.default for multiplier in multipliers]
    return next(value for value in values if feature.low <= value <= feature.high)


def contexts_of(module: Any, rng: np.random.Generator, rows: tuple[int, int]) -> np.ndarray:
    """Between 0.6 and 1.5 times the defaults, as far as the bounds allow."""
    columns = [
        np.clip(feature.default * rng.uniform(0.6, 1.5, rows), feature.low, feature.high)
        for feature in module.features
    ]
    return np.stack(columns, axis=-1)


def started(module: Any, contexts: np.ndarray, noise: np.ndarray, used: int | None = None) -> SimulatorRows:
    """All features varied; `used` is the seed of an episode in other contexts that came before."""
    rows = contexts.shape[:2]
    everywhere = np.ones(rows, dtype=bool)
    environments = module.build(tuple(feature.name for feature in module.features), rows)
    if used is not None:
        rng = np.random.default_rng(used)
        environments.reset(everywhere, contexts_of(module, rng, rows), rng.random((*rows, 1)))
        for _ in play(environments, 400, seed=used):
            pass
    environments.reset(everywhere, contexts, noise)
    return environments


def lively(environments: SimulatorRows, rng: np.random.Generator) -> np.ndarray:
    """Actions that soon bring about what a simulator has to show: pumped energy, else chance."""
    spaces, observation = environments.spaces, environments.observation
    if environments.simulator.carl == "CARLAcrobot":
        return np.where(observation[..., 5] > 0, 2, 0)
    if environments.simulator.carl == "CARLMountainCarContinuous":
        return np.where(observation[..., [1]] < 0, -1, 1).astype(np.float32)
    if spaces.discrete:
        return rng.integers(spaces.action, size=environments.rows)
    return rng.uniform(-1, 1, (*environments.rows, spaces.action)).astype(np.float32)


def play(environments: SimulatorRows, steps: int, seed: int = 0) -> Iterator[list[np.ndarray]]:
    """What each step returns, until all rows have ended; row r's actions do not depend on other rows."""
    rngs = [np.random.default_rng((seed, row)) for row in range(environments.rows[1])]
    for _ in range(steps):
        columns = [lively(environments, rng)[:, [row]] for row, rng in enumerate(rngs)]
        step = environments.step(np.concatenate(columns, axis=1))
        yield list(step)
        if (step.terminated | step.truncated).all():
            return


def column_bytes(environments: SimulatorRows, steps: int, column: int, seed: int = 0) -> bytes:
    found = [environments.observation[:, column].tobytes()]
    for step in play(environments, steps, seed):
        found += [part[:, column].tobytes() for part in step]
    return b"".join(found)


@every_simulator
def test_an_episode_does_not_depend_on_what_its_row_did_before(module: Any) -> None:
    rng = np.random.default_rng(1)
    contexts, noise = contexts_of(module, rng, (1, 1)), rng.random((1, 1, 1))
    fresh = column_bytes(started(module, contexts, noise), 400, 0)
    for used in (2, 3):
        assert column_bytes(started(module, contexts, noise, used), 400, 0) == fresh


@every_simulator
def test_rows_side_by_side_are_those_that_are_alone(module: Any) -> None:
    """Three contexts together and each alone, with the neighbours reset meanwhile."""
    rng = np.random.default_rng(4)
    contexts, noise = contexts_of(module, rng, (1, 3)), rng.random((1, 3, 1))
    together = started(module, contexts, noise)
    alone = started(module, contexts[:, [1]], noise[:, [1]])
    for t in range(120):
        action = lively(together, rng)
        both = [together.step(action), alone.step(action[:, [1]])]
        assert [part[:, 1].tobytes() for part in both[0]] == [part[:, 0].tobytes() for part in both[1]], t
        if t % 30 == 29:
            outer = np.array([[True, False, True]])
            together.reset(outer, contexts_of(module, rng, (1, 3)), rng.random((1, 3, 1)))


@every_feature
def test_a_feature_acts_and_in_its_own_row_only(module: Any, feature: Feature) -> None:
    """The same start and the same actions: the row in between goes another way, at once or when it matters."""
    usual, other = (module.build((feature.name,), (1, 3)) for _ in "ab")
    contexts = np.full((1, 3, 1), feature.default)
    noise, everywhere = np.full((1, 3, 1), 0.3), np.ones((1, 3), dtype=bool)
    usual.reset(everywhere, contexts, noise)
    contexts[0, 1] = other_value(feature)
    other.reset(everywhere, contexts, noise)
    rng = np.random.default_rng(0)
    for _ in range(150):
        action = lively(usual, rng)
        one, two = usual.step(action), other.step(action)
        same = (one.next_observation == two.next_observation).all(-1)
        for before, after in zip(one[1:], two[1:], strict=True):
            same &= before == after
        assert same[0, [0, 2]].all()
        if not same[0, 1]:
            return
    pytest.fail("nothing changed")


@every_simulator
def test_the_default_context_is_gymnasiums_environment(module: Any) -> None:
    """Step for step, with neighbours in other contexts; for the second episode a new environment of Gymnasium's."""
    gymnasium_id = getattr(module, "gymnasium_id", "LunarLander-v3")
    rng = np.random.default_rng(0)
    contexts = contexts_of(module, rng, (1, 3))
    contexts[0, 1] = [feature.default for feature in module.features]
    environments = None
    for seed in (3, 7):
        noise = np.full((1, 3, 1), (seed + 0.5) / 2**31)
        if environments is None:
            environments = started(module, contexts, noise)
        else:
            environments.reset(np.ones((1, 3), dtype=bool), contexts, noise)
        plain = gymnasium.make(gymnasium_id)
        observation, _ = plain.reset(seed=seed)
        assert environments.observation[0, 1].tobytes() == observation.astype(np.float32).tobytes()
        for _ in range(300):
            action = lively(environments, rng)
            step = environments.step(action)
            observation, reward, terminated, _, _ = plain.step(action[0, 1])
            assert step.next_observation[0, 1].tobytes() == observation.astype(np.float32).tobytes()
            assert (step.reward[0, 1], step.terminated[0, 1]) == (reward, terminated)
            if terminated:
                break


@every_simulator
def test_a_state_is_loaded_by_replaying_it(module: Any) -> None:
    """Rows of every kind: never started, young, old; into new rows and into used ones, and more than once."""
    rng = np.random.default_rng(5)
    contexts, noise = contexts_of(module, rng, (1, 3)), rng.random((1, 3, 1))
    names = tuple(feature.name for feature in module.features)
    original = module.build(names, (1, 3))
    original.reset(np.array([[False, True, True]]), contexts, noise)
    for _ in range(40):
        original.step(lively(original, rng))
    original.reset(np.array([[False, True, False]]), contexts, noise)
    for _ in range(15):
        original.step(lively(original, rng))
    state, observation = original.state_dict(), original.observation
    kept = {key: value.copy() for key, value in state.items()}

    def go_on(environments: SimulatorRows) -> bytes:
        assert environments.observation.tobytes() == observation.tobytes()
        own = np.random.default_rng(6)
        found = []
        for _ in range(20):
            found += [part.tobytes() for part in environments.step(lively(environments, own))]
        environments.reset(np.array([[True, False, False]]), contexts, noise)
        return b"".join([*found, *(part.tobytes() for part in environments.step(lively(environments, own)))])

    expected = go_on(original)
    for used in (None, 8):
        loaded = module.build(names, (1, 3)) if used is None else started(module, contexts, noise, used)
        loaded.load_state_dict(state)
        assert go_on(loaded) == expected
    assert {key: value.tobytes() for key, value in state.items()} == {
        key: value.tobytes() for key, value in kept.items()
    }


@pytest.mark.parametrize("module", [lunarlander, carl.CARLBipedalWalker], ids=lambda module: module.carl)
def test_drawing_does_not_change_the_physics(module: Any) -> None:
    rng = np.random.default_rng(0)
    contexts, noise = contexts_of(module, rng, (1, 1)), rng.random((1, 1, 1))
    names = tuple(feature.name for feature in module.features)
    unseen, drawn = started(module, contexts, noise), module.build(names, (1, 1), render=True)
    drawn.reset(np.ones((1, 1), dtype=bool), contexts, noise)
    images = []
    for t, (one, two) in enumerate(zip(play(unseen, 60), play(drawn, 60), strict=True)):
        assert [part.tobytes() for part in one] == [part.tobytes() for part in two]
        if t % 20 == 0:
            images.append(drawn.render())
    assert images[0].shape == (400, 600, 3)
    assert images[0].dtype == np.uint8
    assert not np.array_equal(images[0], images[1])


def test_a_private_copy_shares_no_globals() -> None:
    one, two = (simulator.private_copy(lunar_lander.__name__) for _ in "ab")
    one.FPS = 7
    assert (two.FPS, lunar_lander.FPS) == (50, 50)
    assert one.LunarLander.step.__globals__["FPS"] == 7
    assert gymnasium.make("LunarLander-v3").unwrapped.step.__globals__["FPS"] == 50


def test_an_action_that_is_no_number_is_zero() -> None:
    environment = carl.CARLMountainCarContinuous
    found = []
    for action in (0.0, np.nan):
        rows = environment.build((), (1, 1))
        rows.reset(np.ones((1, 1), dtype=bool), np.empty((1, 1, 0)), np.full((1, 1, 1), 0.5))
        found.append([rows.step(np.full((1, 1, 1), action, dtype=np.float32)) for _ in range(3)])
    for zero, nan in zip(*found, strict=True):
        assert all(np.array_equal(*pair) for pair in zip(zero, nan, strict=True))
