"""CartPole's equations agree with Gymnasium to the last bit, and with carl-bench where that is right."""

import itertools
import warnings
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils import seeding

from meta_rl import registry
from meta_rl.conformance.environments import (
    defaults,
    names,
    random_contexts,
)
from meta_rl.envs import carl_features, cartpole
from meta_rl.spaces import Step


@pytest.mark.parametrize("controller", ["random", "lqr_lookahead"])
def test_cartpole_episodes_are_those_of_gymnasium_to_the_last_bit(controller: str) -> None:
    """From start to end, terminated or truncated; ours has a neighbour in another context."""
    plain = gymnasium.make("CartPole-v1")
    rng = np.random.default_rng(0)
    contexts = np.concatenate([defaults(cartpole, (1, 1)), random_contexts(cartpole, rng, (1, 1))], axis=1)
    for seed in range(3):
        environments = cartpole.build(names(cartpole), (1, 2))
        noise = seeding.np_random(seed)[0].random(4)
        environments.reset(np.ones((1, 2), dtype=bool), contexts, np.stack([noise, noise])[None])
        expected, _ = plain.reset(seed=seed)
        act = registry.load("controller", controller).build()
        ended, length = False, 0
        assert np.array_equal(environments.observation[0, 0], expected)
        while not ended:
            action = act(environments, rng.random((1, 2, 1)))
            step = Step(*(column[0, 0] for column in environments.step(action)))
            expected, *figures, _ = plain.step(int(action[0, 0]))
            assert np.array_equal(step.next_observation, expected)
            assert list(step[1:]) == figures
            ended, length = bool(step.terminated or step.truncated), length + 1
        if controller == "lqr_lookahead":
            assert (length, bool(step.terminated), bool(step.truncated)) == (cartpole.horizon, False, True)


def random_states(rng: np.random.Generator, count: int) -> np.ndarray:
    """[count, 4], beyond the limits of position and angle now and then."""
    return rng.uniform(-1, 1, (count, 4)) * [2.6, 5.0, 0.24, 5.0]


def as_columns(array: np.ndarray) -> tuple[np.ndarray, ...]:
    return tuple(np.ascontiguousarray(column) for column in array.T)


def ours(states: np.ndarray, actions: np.ndarray, contexts: np.ndarray) -> tuple[np.ndarray, Any, Any]:
    state, reward, terminated = cartpole.step(as_columns(states), actions, as_columns(contexts))
    return np.stack(state, axis=-1), reward, terminated


def test_cartpole_agrees_with_gymnasium_to_the_last_bit() -> None:
    count = 100_000
    rng = np.random.default_rng(0)
    states, contexts = random_states(rng, count), random_contexts(cartpole, rng, (count,), factor=10)
    actions = rng.integers(2, size=count)
    after, reward, terminated = ours(states, actions, contexts)
    assert (reward == 1.0).all()
    assert 0.1 < terminated.mean() < 0.9

    plain: Any = gymnasium.make("CartPole-v1").unwrapped
    expected, ended = np.empty_like(after), np.empty_like(terminated)
    for row in range(count):
        for feature, value in zip(cartpole.features, contexts[row], strict=True):
            setattr(plain, feature.name, value)
        plain.total_mass = plain.masspole + plain.masscart
        plain.polemass_length = plain.masspole * plain.length
        plain.state, plain.steps_beyond_terminated = states[row], None
        _, _, ended[row], _, _ = plain.step(actions[row])
        expected[row] = plain.state
    assert np.array_equal(after, expected)
    assert np.array_equal(terminated, ended)


def test_a_force_of_the_other_sign_is_the_other_action() -> None:
    rng = np.random.default_rng(0)
    states, contexts = random_states(rng, 1_000), random_contexts(cartpole, rng, (1_000,))
    actions = rng.integers(2, size=1_000)
    turned = contexts * np.where(np.array(names(cartpole)) == "force_mag", -1, 1)
    assert set(np.sign(contexts[:, names(cartpole).index("force_mag")])) == {-1, 1}
    assert np.array_equal(ours(states, actions, turned)[0], ours(states, 1 - actions, contexts)[0])


def test_cartpole_starts_within_five_hundredths() -> None:
    noise = np.random.default_rng(0).random((4, 10_000))
    state = np.stack(cartpole.initial(noise, [feature.default for feature in cartpole.features]))
    assert np.abs(state).max() <= 0.05
    assert (state.min(axis=1) < -0.049).all()
    assert (state.max(axis=1) > 0.049).all()
    assert np.abs(state.mean(axis=1)).max() < 0.002


def by_carl(states: np.ndarray, actions: np.ndarray, context: dict[str, float]) -> np.ndarray:
    """The observations that carl-bench's CartPole returns, [C, 4]."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        carl_features.features("CARLCartPole")  # imports it without its noise
        from carl.envs.gymnasium import CARLCartPole

        environment = CARLCartPole(contexts={0: context})
        environment.reset(seed=0)
        found = []
        for state, action in zip(states, actions, strict=True):
            environment.unwrapped.state = state
            environment.unwrapped.steps_beyond_terminated = None
            found.append(environment.step(action)[0]["obs"])
    return np.stack(found)


def with_carl(feature: str, factor: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Observations after one step with the feature changed: ours, carl-bench's and ours at the default."""
    rng = np.random.default_rng(0)
    states, actions = random_states(rng, 200), rng.integers(2, size=200)
    context = {one.name: one.default for one in cartpole.features}
    plain = ours(states, actions, np.tile(list(context.values()), (200, 1)))[0]
    context[feature] *= factor
    changed = ours(states, actions, np.tile(list(context.values()), (200, 1)))[0]
    return changed.astype(np.float32), by_carl(states, actions, context), plain.astype(np.float32)


@pytest.mark.parametrize(
    ("feature", "factor"),
    [*itertools.product(["gravity", "force_mag", "tau"], [0.3, 1.0, 2.2]), ("force_mag", -1.0)],
)
def test_cartpole_agrees_with_carl_bench_where_that_is_right(feature: str, factor: float) -> None:
    changed, theirs, plain = with_carl(feature, factor)
    assert np.array_equal(changed, theirs)
    assert np.array_equal(changed, plain) == (factor == 1.0)


@pytest.mark.parametrize("feature", ["length", "masspole"])
def test_carl_bench_applies_these_features_by_halves(feature: str) -> None:
    """If this fails, carl-bench was mended, and the feature belongs into the test above."""
    changed, theirs, plain = with_carl(feature, 2.2)
    assert not np.allclose(changed, theirs, rtol=1e-3)
    assert not np.allclose(theirs, plain, rtol=1e-6, atol=0)


def test_carl_bench_does_not_apply_the_mass_of_the_cart() -> None:
    """If this fails, carl-bench was mended, and the feature belongs into the test above."""
    changed, theirs, plain = with_carl("masscart", 2.2)
    assert np.array_equal(theirs, plain)
    assert not np.allclose(changed, theirs, rtol=1e-3)
