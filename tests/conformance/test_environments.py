"""What every registered environment must hold to, and CartPole's equations against Gymnasium and carl-bench."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils import seeding

from meta_rl import registry
from meta_rl.contexts import Feature
from meta_rl.envs import carl, cartpole
from meta_rl.envs.base import Environments, PhysicsRows, Step
from meta_rl.errors import UserError

MODULES = {name: registry.load("environment", name) for name in registry.ENVS}
PHYSICS = {name: module for name, module in MODULES.items() if hasattr(module, "initial")}
ROWS = (2, 3)
ALL = np.ones(ROWS, dtype=bool)

every_environment = pytest.mark.parametrize("module", MODULES.values(), ids=MODULES)
every_physics = pytest.mark.parametrize("module", PHYSICS.values(), ids=PHYSICS)
every_feature = pytest.mark.parametrize(
    ("module", "feature"),
    [
        pytest.param(module, feature, id=f"{name}-{feature.name}")
        for name, module in MODULES.items()
        for feature in module.features
    ],
)
every_controller = pytest.mark.parametrize(
    ("module", "controller"),
    [
        pytest.param(module, controller, id=f"{name}-{controller}")
        for name, module in MODULES.items()
        for controller in ("random", *module.controllers)
    ],
)


def names(module: ModuleType) -> tuple[str, ...]:
    return tuple(feature.name for feature in module.features)


def defaults(module: ModuleType, rows: tuple[int, int] = ROWS) -> np.ndarray:
    return np.broadcast_to([feature.default for feature in module.features], (*rows, len(module.features)))


def random_contexts(module: ModuleType, rng: np.random.Generator, rows: tuple[int, ...]) -> np.ndarray:
    """Log-uniform within the bounds, as far as a factor of 10 from the default."""
    columns = []
    for feature in module.features:
        size = abs(feature.default)
        inner, outer = sorted((abs(feature.low), abs(feature.high)))
        span = np.log([max(inner, size / 10), min(outer, size * 10)])
        columns.append(np.sign(feature.default) * np.exp(rng.uniform(*span, rows)))
    return np.stack(columns, axis=-1)


def random_actions(module: ModuleType, rng: np.random.Generator, rows: tuple[int, ...]) -> np.ndarray:
    if module.spaces.discrete:
        return rng.integers(module.spaces.action, size=rows)
    return rng.uniform(-1, 1, (*rows, module.spaces.action)).astype(np.float32)


def started(module: ModuleType, contexts: np.ndarray, seed: int = 0) -> Environments:
    """All features varied, every row reset to its context."""
    rows = contexts.shape[:2]
    environments = module.build(names(module), rows)
    noise = np.random.default_rng(seed).random((*rows, module.noise))
    environments.reset(np.ones(rows, dtype=bool), contexts, noise)
    return environments


def run(
    module: ModuleType, environments: Environments, steps: int, seed: int = 0, restart: bool = True
) -> bytes:
    """The bytes of all that `steps` random steps return; ended rows start again."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(steps):
        step = environments.step(random_actions(module, rng, environments.rows))
        found += [column.tobytes() for column in step]
        contexts = random_contexts(module, rng, environments.rows)
        noise = rng.random((*environments.rows, module.noise))
        if restart:
            environments.reset(step.terminated | step.truncated, contexts, noise)
            found.append(environments.observation.tobytes())
    return b"".join(found)


# every environment


@every_environment
def test_features_are_valid(module: ModuleType) -> None:
    assert len(set(names(module))) == len(module.features) > 0
    for feature in module.features:
        assert feature.low <= feature.default <= feature.high
        assert feature.default != 0  # ranges are multipliers of it
        assert feature.unit


@every_environment
def test_features_are_those_of_carl_bench(module: ModuleType) -> None:
    carl.check_features(module)


@every_environment
@pytest.mark.parametrize("change", [{"default": 0.123}, {"low": 0.123}, {"high": 0.123}], ids=str)
def test_features_unlike_those_of_carl_bench_are_refused(
    module: ModuleType, change: dict[str, float]
) -> None:
    first, *others = module.features
    like = SimpleNamespace(__name__="ours", carl=module.carl, features=(*others, replace(first, **change)))
    with pytest.raises(UserError, match=rf"ours: feature '{first.name}' must have .*{module.carl}"):
        carl.check_features(like)


@every_environment
def test_a_feature_that_carl_bench_lacks_is_refused(module: ModuleType) -> None:
    made_up = Feature("colour", 1.0, 0.0, 2.0, "nm")
    like = SimpleNamespace(__name__="ours", carl=module.carl, features=(made_up,))
    with pytest.raises(UserError, match=f"ours: {module.carl} has no feature 'colour'"):
        carl.check_features(like)


@every_environment
def test_shapes_and_types(module: ModuleType) -> None:
    environments = started(module, defaults(module))
    assert environments.rows == ROWS
    assert environments.noise == module.noise
    rng = np.random.default_rng(0)
    step = environments.step(random_actions(module, rng, ROWS))
    assert step.next_observation.shape == (*ROWS, module.spaces.observation)
    assert step.next_observation.dtype == np.float32
    assert [column.shape for column in step[1:]] == [ROWS] * 3
    assert [column.dtype for column in step[1:]] == [np.float64, bool, bool]
    assert np.array_equal(environments.observation, step.next_observation)


@every_environment
def test_the_default_context_is_the_plain_environment(module: ModuleType) -> None:
    """Varied features at their defaults, and no varied features."""
    varied, plain = started(module, defaults(module)), module.build((), ROWS)
    plain.reset(ALL, np.empty((*ROWS, 0)), np.random.default_rng(0).random((*ROWS, module.noise)))
    assert run(module, varied, 50, restart=False) == run(module, plain, 50, restart=False)


@every_feature
def test_a_feature_changes_one_step_and_in_its_own_row_only(module: ModuleType, feature: Feature) -> None:
    column = names(module).index(feature.name)
    contexts = defaults(module).copy()
    usual = started(module, contexts)
    contexts[1, 1, column] *= 1.25 if feature.default * 1.25 <= feature.high else 0.8
    other = started(module, contexts)
    action = random_actions(module, np.random.default_rng(0), ROWS)
    before, after = usual.step(action), other.step(action)
    changed = (before.next_observation != after.next_observation).any(-1) | (before.reward != after.reward)
    assert changed.tolist() == [[False] * 3, [False, True, False]]


@every_feature
def test_varying_one_feature_is_varying_all_with_the_others_at_default(
    module: ModuleType, feature: Feature
) -> None:
    column = names(module).index(feature.name)
    contexts = defaults(module).copy()
    contexts[..., column] = random_contexts(module, np.random.default_rng(1), ROWS)[..., column]
    alone = module.build((feature.name,), ROWS)
    alone.reset(ALL, contexts[..., [column]], np.random.default_rng(0).random((*ROWS, module.noise)))
    every = started(module, contexts)
    assert run(module, alone, 5, restart=False) == run(module, every, 5, restart=False)


@every_environment
def test_resetting_rows_leaves_the_others_alone(module: ModuleType) -> None:
    rng = np.random.default_rng(3)
    usual, other = (started(module, random_contexts(module, np.random.default_rng(2), ROWS)) for _ in "ab")
    chosen = np.array([[False, True, False], [False, False, True]])
    other.reset(chosen, random_contexts(module, rng, ROWS), rng.random((*ROWS, module.noise)))
    action = random_actions(module, rng, ROWS)
    for _ in range(3):
        same = (usual.observation == other.observation).all(-1)
        assert same.tolist() == (~chosen).tolist()
        before, after = usual.step(action), other.step(action)
        assert np.array_equal(before.reward[~chosen], after.reward[~chosen])


@every_environment
def test_a_row_is_truncated_at_the_horizon_of_its_own_episode(module: ModuleType) -> None:
    environments = started(module, defaults(module))
    rng = np.random.default_rng(0)
    late = np.array([[False, True, False], [False, False, False]])
    for t in range(1, module.horizon + 8):
        step = environments.step(random_actions(module, rng, ROWS))
        # The same state again and again: only the clock is looked at.
        environments.reset(late & (t == 7), defaults(module), np.full((*ROWS, module.noise), 0.5))
        ends = np.where(late, module.horizon + 7, module.horizon)
        assert np.array_equal(step.truncated, t >= ends), t


@every_environment
def test_a_loaded_state_goes_on_as_if_it_had_never_stopped(module: ModuleType) -> None:
    """Also just before the time limit, and whatever the saved environments did meanwhile."""

    def go_on(environments: Environments, row: int) -> bytes:
        """A new episode in one row, then ten steps of all."""
        rng = np.random.default_rng(row)
        chosen = np.arange(6).reshape(ROWS) == row
        environments.reset(chosen, random_contexts(module, rng, ROWS), rng.random((*ROWS, module.noise)))
        return run(module, environments, 10, seed=row, restart=False)

    original = started(module, defaults(module))
    run(module, original, module.horizon - 15, restart=False)
    go_on(original, row=2)
    state = original.state_dict()  # row 2 is 10 steps old in another context, the others end in 5 steps
    expected = go_on(original, row=4)
    go_on(original, row=1)
    for row in (3, 4):  # what runs on must not change what it was loaded from
        loaded = module.build(names(module), ROWS)
        loaded.load_state_dict(state)
        found = go_on(loaded, row)
    assert found == expected


@every_environment
def test_a_state_without_varied_features_can_be_loaded(module: ModuleType) -> None:
    original, loaded = module.build((), ROWS), module.build((), ROWS)
    original.reset(ALL, np.empty((*ROWS, 0)), np.random.default_rng(0).random((*ROWS, module.noise)))
    loaded.load_state_dict(original.state_dict())
    assert run(module, loaded, 5, restart=False) == run(module, original, 5, restart=False)


@every_environment
def test_starts_are_those_of_gymnasium(module: ModuleType) -> None:
    plain = gymnasium.make(module.gymnasium_id)
    environments = module.build((), (1, 200))
    noise = np.stack([seeding.np_random(seed)[0].random(module.noise) for seed in range(200)])
    environments.reset(np.ones((1, 200), dtype=bool), np.empty((1, 200, 0)), noise[None])
    expected = np.stack([plain.reset(seed=seed)[0] for seed in range(200)])
    assert np.array_equal(environments.observation[0], expected)


@every_controller
def test_episodes_at_the_default_context_are_those_of_gymnasium(module: ModuleType, controller: str) -> None:
    """Step for step, terminated and truncated included; ours has a neighbour in another context."""
    plain = gymnasium.make(module.gymnasium_id)
    rng = np.random.default_rng(0)
    contexts = np.concatenate([defaults(module, (1, 1)), random_contexts(module, rng, (1, 1))], axis=1)
    for seed in range(3):
        environments = module.build(names(module), (1, 2))
        noise = seeding.np_random(seed)[0].random(module.noise)
        environments.reset(np.ones((1, 2), dtype=bool), contexts, np.stack([noise, noise])[None])
        expected, _ = plain.reset(seed=seed)
        act = registry.load("controller", controller).build()
        ended, length = False, 0
        assert np.array_equal(environments.observation[0, 0], expected)
        while not ended:
            action = act(environments, rng.random((1, 2)))
            step = Step(*(column[0, 0] for column in environments.step(action)))
            taken = int(action[0, 0]) if module.spaces.discrete else action[0, 0]
            expected, *figures, _ = plain.step(taken)
            assert np.array_equal(step.next_observation, expected)
            assert list(step[1:]) == figures
            ended, length = bool(step.terminated or step.truncated), length + 1
        if controller == "lqr_lookahead":
            assert (length, bool(step.terminated), bool(step.truncated)) == (module.horizon, False, True)


# physics modules


@every_physics
def test_columns_and_scalars_agree_to_the_last_bit(module: ModuleType) -> None:
    rng = np.random.default_rng(7)
    contexts = random_contexts(module, rng, (2000,))
    state = tuple(20 * column for column in module.initial(rng.random((module.noise, 2000)), contexts.T))
    actions = random_actions(module, rng, (2000,))
    after, reward, terminated = module.step(state, actions, tuple(contexts.T))
    for row in range(2000):
        one = module.step([column[row] for column in state], actions[row], list(contexts[row]))
        assert one == (tuple(column[row] for column in after), reward[row], terminated[row])


# CartPole against references that share no code with it


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
    states, contexts = random_states(rng, count), random_contexts(cartpole, rng, (count,))
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
        carl.features("CARLCartPole")  # imports it without its noise
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


@pytest.mark.parametrize("factor", [0.3, 1.0, 2.2])
@pytest.mark.parametrize("feature", ["gravity", "force_mag", "tau"])
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


def test_physics_rows_take_features_in_any_order() -> None:
    contexts = random_contexts(cartpole, np.random.default_rng(0), ROWS)
    turned: Sequence[str] = names(cartpole)[::-1]
    backwards = PhysicsRows(cartpole, tuple(turned), ROWS)
    backwards.reset(ALL, contexts[..., ::-1], np.random.default_rng(0).random((*ROWS, 4)))
    expected = run(cartpole, started(cartpole, contexts), 5, restart=False)
    assert run(cartpole, backwards, 5, restart=False) == expected
