"""Rows of every registered environment: shapes, resets, ends, and states that are loaded."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from meta_rl.conformance.environments import (
    ALL,
    PHYSICS,
    ROWS,
    SIMULATORS,
    defaults,
    every_environment,
    names,
    random_actions,
    random_contexts,
    run,
    started,
)
from meta_rl.envs import cartpole
from meta_rl.envs.base import Environment, PhysicsRows
from meta_rl.spaces import Environments

every_simulator = pytest.mark.parametrize("environment", SIMULATORS.values(), ids=SIMULATORS)
every_physics = pytest.mark.parametrize("physics", PHYSICS.values(), ids=PHYSICS)


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
def test_a_row_is_truncated_at_the_horizon_of_its_own_episode(environment: Environment) -> None:
    """Whether it was reset in the middle of an episode or after its end; where it can, it acts too little to fall.

    The horizon is what the rows are told, whatever that of the environment is.
    """
    environments, rng = started(environment, defaults(environment)), np.random.default_rng(0)
    environments.horizon = 5
    early, late = (np.arange(4).reshape(ROWS) == row for row in (1, 2))
    for t in range(1, 18):
        action = random_actions(environment, rng, ROWS)
        step = environments.step(action if environment.spaces.discrete else action / 100)
        chosen = early & (t == 4) | late & (t == 11)
        environments.reset(chosen, defaults(environment), rng.random((*ROWS, environment.noise)))
        ended = (t >= np.where(early, 9, 5)) & ~(late & (11 < t < 16))
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
