"""What every registered environment must hold to, and CartPole's equations against Gymnasium and carl-bench."""

import warnings
from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils import seeding

from meta_rl import gate, registry, study_problems
from meta_rl.contexts import Feature
from meta_rl.envs import carl_features, cartpole
from meta_rl.envs.base import Environment, Environments, PhysicsRows, Step

ENVIRONMENTS: dict[str, Environment] = {name: registry.load("environment", name) for name in registry.ENVS}
PHYSICS = {name: one for name, one in ENVIRONMENTS.items() if hasattr(one, "initial")}
SIMULATORS = {name: one for name, one in ENVIRONMENTS.items() if name not in PHYSICS}
# Which environment of Gymnasium's the default context is: None where the package that it is from registers none.
GYMNASIUM = {
    "cartpole": "CartPole-v1",
    "mountaincar": "MountainCar-v0",
    "pendulum": "Pendulum-v1",
    "lunarlander": "LunarLander-v3",
    "acrobot": "Acrobot-v1",
    "mountaincar_continuous": "MountainCarContinuous-v0",
    "bipedalwalker": "BipedalWalker-v3",
    "metaworld_push": None,
    "metaworld_pick_place": None,
    "metaworld_reach_goal": None,
    "striker": None,
    "striker_epi": None,
}
# Controllers that act alike in all contexts.
IGNORANT = {
    "random",
    "bang_bang",
    "metaworld_push metaworld_scripted",
    "metaworld_pick_place metaworld_scripted",
}
ROWS = (2, 2)
ALL = np.ones(ROWS, dtype=bool)

every_name = pytest.mark.parametrize("name", ENVIRONMENTS)
every_environment = pytest.mark.parametrize("environment", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
every_simulator = pytest.mark.parametrize("environment", SIMULATORS.values(), ids=SIMULATORS)
every_physics = pytest.mark.parametrize("physics", PHYSICS.values(), ids=PHYSICS)
every_feature = pytest.mark.parametrize(
    ("environment", "feature"),
    [
        pytest.param(environment, feature, id=f"{name}-{feature.name}")
        for name, environment in ENVIRONMENTS.items()
        for feature in environment.features
    ],
)


def names(environment: Environment) -> tuple[str, ...]:
    return tuple(feature.name for feature in environment.features)


def defaults(environment: Environment, rows: tuple[int, int] = ROWS) -> np.ndarray:
    values = [feature.default for feature in environment.features]
    return np.broadcast_to(values, (*rows, len(values)))


def random_contexts(
    environment: Environment, rng: np.random.Generator, rows: tuple[int, ...], factor: float = 2.0
) -> np.ndarray:
    """Defaults times or over as much as the factor, log-uniform, as far as the bounds allow."""
    columns = [
        np.clip(feature.default * factor ** rng.uniform(-1, 1, rows), feature.low, feature.high)
        for feature in environment.features
    ]
    return np.stack(columns, axis=-1)


def random_actions(environment: Environment, rng: np.random.Generator, rows: tuple[int, ...]) -> np.ndarray:
    spaces = environment.spaces
    if spaces.discrete:
        return rng.integers(spaces.action, size=rows)
    return rng.uniform(-spaces.limit, spaces.limit, (*rows, spaces.action)).astype(np.float32)


def started(environment: Environment, contexts: np.ndarray, seed: int = 0) -> Environments:
    """All features varied, every row reset to its context."""
    rows = contexts.shape[:2]
    environments = environment.build(names(environment), rows)
    noise = np.random.default_rng(seed).random((*rows, environment.noise))
    environments.reset(np.ones(rows, dtype=bool), contexts, noise)
    return environments


def run(environment: Environment, environments: Environments, steps: int, seed: int = 0) -> bytes:
    """The bytes of all that `steps` random steps return; rows that end go on, or stand still."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(steps):
        step = environments.step(random_actions(environment, rng, environments.rows))
        found += [column.tobytes() for column in step]
    return b"".join(found)


# what is declared


@every_environment
def test_features_are_valid(environment: Environment) -> None:
    assert len(set(names(environment))) == len(environment.features) > 0
    for feature in environment.features:
        assert feature.low <= feature.default <= feature.high
        assert feature.default != 0  # ranges are multipliers of it
        assert feature.unit
    for feature, (multiplier, reason) in environment.limits.items():
        assert feature in names(environment)
        assert multiplier > 1  # the default context can be solved
        assert reason
    assert environment.controllers or not environment.limits
    assert min(environment.horizon, environment.chunk, environment.noise) > 0


@every_environment
def test_features_are_those_of_carl_bench_but_for_what_is_said(environment: Environment) -> None:
    carl_features.check_features(environment)
    assert environment.deviations.keys() <= set(names(environment))
    assert environment.refused.keys().isdisjoint(names(environment))
    assert all((*environment.deviations.values(), *environment.refused.values()))
    if environment.carl is None:
        assert not environment.deviations
        return
    theirs = carl_features.features(environment.carl).keys()
    offered = {*names(environment), *environment.refused}
    assert theirs <= offered
    assert offered - theirs <= environment.deviations.keys()


@every_name
def test_a_feature_that_cannot_vary_is_refused_with_its_reason(name: str) -> None:
    for feature, reason in ENVIRONMENTS[name].refused.items():
        (problem,) = study_problems.feature_problems("mine", name, {feature: {"train": [0.5, 2.0]}})
        assert problem == f"mine.features.{feature}: cannot vary in {name}: {reason}"


@every_name
def test_the_plain_environment_has_the_declared_spaces(name: str) -> None:
    environment = ENVIRONMENTS[name]
    spaces, plain = (
        environment.spaces,
        environment.plain({one.name: one.default for one in environment.features}),
    )
    assert plain.observation_space.shape == (spaces.observation,)
    if spaces.discrete:
        assert plain.action_space.n == spaces.action
    else:
        assert plain.action_space.shape == (spaces.action,)
        assert (plain.action_space.high == spaces.limit).all()
        assert (plain.action_space.low == -spaces.limit).all()
    assert GYMNASIUM.keys() == ENVIRONMENTS.keys()
    if GYMNASIUM[name]:
        assert environment.horizon == gymnasium.spec(GYMNASIUM[name]).max_episode_steps


# contexts


@every_name
def test_every_feature_passes_the_gate(name: str) -> None:
    """It acts, in its own row only, as in an independent reference; the default is the plain environment."""
    verdicts = list(gate.check(name))
    together = ["(all)"] if len(verdicts) > 1 else []
    assert [verdict.feature for verdict in verdicts] == [*names(ENVIRONMENTS[name]), *together]
    assert [verdict for verdict in verdicts if not verdict.passed] == []


@pytest.mark.parametrize("name", [name for name, registered in GYMNASIUM.items() if registered])
def test_the_default_context_is_gymnasiums_own_environment(name: str) -> None:
    """Starts and steps, as registered; a neighbour is in another context. (A torque's cost is rounded otherwise.)"""
    environment, rng = ENVIRONMENTS[name], np.random.default_rng(0)
    contexts = np.concatenate(
        [defaults(environment, (1, 1)), random_contexts(environment, rng, (1, 1))], axis=1
    )
    for seed in range(3):
        plain = gymnasium.make(GYMNASIUM[name])
        rows = environment.build(names(environment), (1, 2))
        drawn = seeding.np_random(seed)[0].random(environment.noise)
        noise = drawn if name in PHYSICS else np.array([(seed + 0.5) / 2**31])
        rows.reset(np.ones((1, 2), dtype=bool), contexts, np.stack([noise, noise])[None])
        expected, _ = plain.reset(seed=seed)
        assert np.array_equal(rows.observation[0, 0], expected.astype(np.float32))
        for _ in range(100):
            action = random_actions(environment, rng, (1, 2))
            step = Step(*(column[0, 0] for column in rows.step(action)))
            expected, reward, terminated, truncated, _ = plain.step(action[0, 0])
            assert np.allclose(step.next_observation, expected, rtol=0, atol=1e-6)
            assert step.reward == pytest.approx(reward, rel=0, abs=1e-9)
            assert (step.terminated, step.truncated) == (terminated, truncated)
            if terminated or truncated:
                break


@every_environment
def test_features_at_their_defaults_are_features_that_do_not_vary(environment: Environment) -> None:
    varied, usual = started(environment, defaults(environment)), environment.build((), ROWS)
    usual.reset(ALL, np.empty((*ROWS, 0)), np.random.default_rng(0).random((*ROWS, environment.noise)))
    assert usual.observation.tobytes() == varied.observation.tobytes()
    assert run(environment, varied, 30) == run(environment, usual, 30)


@every_feature
def test_varying_one_feature_is_varying_all_with_the_others_at_default(
    environment: Environment, feature: Feature
) -> None:
    column, rows = names(environment).index(feature.name), (1, 2)
    contexts = defaults(environment, rows).copy()
    contexts[..., column] = random_contexts(environment, np.random.default_rng(1), rows)[..., column]
    alone, noise = environment.build((feature.name,), rows), np.random.default_rng(0)
    alone.reset(np.ones(rows, dtype=bool), contexts[..., [column]], noise.random((*rows, environment.noise)))
    every = started(environment, contexts)
    assert alone.observation.tobytes() == every.observation.tobytes()
    assert run(environment, alone, 5) == run(environment, every, 5)


@pytest.mark.parametrize(
    ("name", "controller"),
    [(name, controller) for name, one in ENVIRONMENTS.items() for controller in ("random", *one.controllers)],
)
def test_a_controller_acts_as_in_the_context_that_it_is_told(name: str, controller: str) -> None:
    """Whatever the context of the rows is, which believing leaves as they are."""
    environment, build = ENVIRONMENTS[name], registry.load("controller", controller).build
    count = {"striker_swing": 1, "metaworld_scripted": 2, "random": 2, "lqr_lookahead": 500}.get(
        controller, 30
    )
    feature = environment.features[0]
    contexts = defaults(environment, (1, count)).copy()
    here = started(environment, contexts)
    contexts[..., 0] = 0.5 * feature.default
    there = started(environment, contexts)
    if isinstance(here, PhysicsRows):
        assert isinstance(there, PhysicsRows)
        run(environment, here, 20)  # away from where episodes start, which is near an equilibrium
        there.state = here.state
    chance = np.random.default_rng(1).random((1, count, environment.spaces.chance))
    state = {key: value.tobytes() for key, value in here.state_dict().items()}
    told = here.believing({feature.name: 0.5 * feature.default})
    action = build()(told, chance)
    assert np.array_equal(action, build()(there, chance))
    assert np.array_equal(told.observation, here.observation)
    ignorant = bool(IGNORANT & {controller, f"{name} {controller}"})
    assert np.array_equal(action, build()(here, chance)) == ignorant
    assert {key: value.tobytes() for key, value in here.state_dict().items()} == state


# rows


@every_environment
def test_shapes_and_types(environment: Environment) -> None:
    rows = (2, 3)
    environments = environment.build(names(environment), rows)
    assert environments.rows == rows
    assert environments.noise == environment.noise
    assert environments.spaces == environment.spaces
    assert environments.observation.shape == (*rows, environment.spaces.observation)
    rng = np.random.default_rng(0)
    noise = rng.random((*rows, environment.noise))
    environments.reset(np.ones(rows, dtype=bool), defaults(environment, rows), noise)
    step = environments.step(random_actions(environment, rng, rows))
    assert step.next_observation.shape == (*rows, environment.spaces.observation)
    assert step.next_observation.dtype == np.float32
    assert [column.shape for column in step[1:]] == [rows] * 3
    assert [column.dtype for column in step[1:]] == [np.float64, bool, bool]
    assert np.array_equal(environments.observation, step.next_observation)


@every_environment
def test_resetting_rows_leaves_the_others_alone(environment: Environment) -> None:
    rng = np.random.default_rng(3)
    contexts = random_contexts(environment, np.random.default_rng(2), ROWS)
    usual, other = started(environment, contexts), started(environment, contexts)
    chosen = np.array([[False, True], [True, False]])
    fresh = random_contexts(environment, rng, ROWS)
    for environments in (usual, other):
        environments.step(random_actions(environment, np.random.default_rng(4), ROWS))
    other.reset(chosen, fresh, rng.random((*ROWS, environment.noise)))
    action = random_actions(environment, rng, ROWS)
    for _ in range(3):
        same = (usual.observation == other.observation).all(-1)
        assert same.tolist() == (~chosen).tolist()
        before, after = usual.step(action), other.step(action)
        assert np.array_equal(before.reward[~chosen], after.reward[~chosen])


@every_environment
def test_a_row_is_truncated_at_the_horizon_of_its_own_episode(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it was reset in the middle of an episode or after its end."""
    monkeypatch.setattr(environment, "horizon", 9)
    environments, rng = started(environment, defaults(environment)), np.random.default_rng(0)
    early, late = (np.arange(4).reshape(ROWS) == row for row in (1, 2))
    for t in range(1, 22):
        step = environments.step(random_actions(environment, rng, ROWS))
        chosen = early & (t == 4) | late & (t == 11)
        environments.reset(chosen, defaults(environment), rng.random((*ROWS, environment.noise)))
        ended = (t >= np.where(early, 13, 9)) & ~(late & (11 < t < 20))
        assert np.array_equal(step.truncated, ended), t


@every_simulator
def test_a_row_stands_still_from_its_end_and_before_its_start(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "horizon", 3)
    environments, rng = environment.build(names(environment), ROWS), np.random.default_rng(0)
    assert not environments.observation.any()
    early = np.array([[True, False], [True, False]])
    environments.reset(early, defaults(environment), rng.random((*ROWS, environment.noise)))
    steps = [environments.step(random_actions(environment, rng, ROWS)) for _ in range(6)]
    assert [step.truncated.tolist() for step in steps] == [[[False] * 2] * 2] * 2 + [early.tolist()] * 4
    for step in steps:
        assert not step.next_observation[~early].any()
        assert not step.reward[~early].any()
    for step in steps[3:]:
        assert np.array_equal(step.next_observation, steps[2].next_observation)
        assert not step.reward.any()
    assert not np.array_equal(steps[1].next_observation[early], steps[2].next_observation[early])


@every_environment
@pytest.mark.parametrize("before", [8, 14], ids=["running", "ended"])
def test_a_loaded_state_goes_on_as_if_it_had_never_stopped(
    environment: Environment, before: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Just before the time limit and beyond it, and whatever the saved environments did meanwhile."""
    monkeypatch.setattr(environment, "horizon", 20)

    def go_on(environments: Environments, row: int) -> bytes:
        """A new episode in one row, then eight steps of all."""
        rng = np.random.default_rng(row)
        chosen = np.arange(4).reshape(ROWS) == row
        contexts, noise = random_contexts(environment, rng, ROWS), rng.random((*ROWS, environment.noise))
        environments.reset(chosen, contexts, noise)
        return run(environment, environments, 8, seed=row)

    original = started(environment, defaults(environment))
    run(environment, original, before)
    go_on(original, row=1)
    state = original.state_dict()  # row 1 is 8 steps old in another context, the others are older
    expected = go_on(original, row=3)
    go_on(original, row=0)
    for row in (2, 3):  # what runs on must not change what it was loaded from
        loaded = environment.build(names(environment), ROWS)
        loaded.load_state_dict(state)
        found = go_on(loaded, row)
    assert found == expected


@every_environment
def test_a_state_without_varied_features_can_be_loaded(environment: Environment) -> None:
    original, loaded = environment.build((), ROWS), environment.build((), ROWS)
    noise = np.random.default_rng(0).random((*ROWS, environment.noise))
    original.reset(ALL, np.empty((*ROWS, 0)), noise)
    loaded.load_state_dict(original.state_dict())
    assert run(environment, loaded, 5) == run(environment, original, 5)


# physics modules


@every_physics
def test_columns_and_scalars_agree_to_the_last_bit(physics: Any) -> None:
    rng = np.random.default_rng(7)
    contexts = random_contexts(physics, rng, (2000,), factor=10)
    state = tuple(20 * column for column in physics.initial(rng.random((physics.noise, 2000)), contexts.T))
    actions = random_actions(physics, rng, (2000,))
    after, reward, terminated = physics.step(state, actions, tuple(contexts.T))
    for row in range(2000):
        one = physics.step([column[row] for column in state], actions[row], list(contexts[row]))
        assert one == (tuple(column[row] for column in after), reward[row], terminated[row])


def test_physics_rows_take_features_in_any_order() -> None:
    contexts = random_contexts(cartpole, np.random.default_rng(0), ROWS)
    turned: Sequence[str] = names(cartpole)[::-1]
    backwards = PhysicsRows(cartpole, tuple(turned), ROWS)
    backwards.reset(ALL, contexts[..., ::-1], np.random.default_rng(0).random((*ROWS, 4)))
    assert run(cartpole, backwards, 5) == run(cartpole, started(cartpole, contexts), 5)


# CartPole against references that share no code with it


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
