"""Rows that are put into another one's state: to the last bit, or else not at all."""

from typing import Any

import numpy as np
import pytest

from meta_rl import registry
from meta_rl.spaces import Environments

RESTORING = [name for name in registry.ENVS if name not in ("lunarlander", "bipedalwalker")]
FEW, STEPS = 3, 25  # a pendulum soon falls


def built(name: str, values: list[float]) -> Environments:
    """Two seeds with rows that start apart, in multiples of the first feature's default."""
    environment = registry.load("environment", name)
    feature, rows = environment.features[0], (2, len(values))
    environments: Environments = environment.build((feature.name,), rows)
    contexts = np.tile(feature.default * np.array(values)[:, None], (2, 1, 1))
    noise = np.random.default_rng(0).random((*rows, environment.noise))
    environments.reset(np.ones(rows, dtype=bool), contexts, noise)
    return environments


def actions(environments: Environments, alike: bool) -> list[np.ndarray]:
    """Of each step: many, the same in all rows, where `alike`, else a few."""
    spaces, random, found = environments.spaces, np.random.default_rng(int(alike)), []
    for _ in range(STEPS if alike else FEW):
        shape = (1, 1) if alike else environments.rows
        if spaces.discrete:
            drawn: Any = random.integers(spaces.action, size=shape)
        else:
            drawn = (spaces.limit * random.uniform(-1, 1, (*shape, spaces.action))).astype(np.float32)
        found.append(np.broadcast_to(drawn, (*environments.rows, *drawn.shape[2:])).copy())
    return found


def played(environments: Environments, alike: bool, column: int) -> bytes:
    """What the steps return in one row of each seed."""
    steps = [environments.step(action) for action in actions(environments, alike)]
    return b"".join(part[:, column].tobytes() for step in steps for part in step)


@pytest.mark.parametrize("name", RESTORING)
def test_a_state_is_shared_to_the_last_bit(name: str) -> None:
    """The leader goes on as if nothing had been; a row in its context does the same, one in another does not."""
    alone, shared = built(name, [1.0, 0.7, 1.0]), built(name, [1.0, 0.7, 1.0])
    for environments in (alone, shared):
        played(environments, False, 0)
    before = shared.observation[:, 1].copy()
    assert shared.restores
    shared.share(0)
    hidden = shared.spaces.rewarded  # then the state is all that is observed
    assert (shared.observation == shared.observation[:, :1]).all()
    assert (before != shared.observation[:, 1]).any(-1).all()
    after = [shared.step(action) for action in actions(shared, True)]
    leader, other, follower = (
        b"".join(part[:, column].tobytes() for step in after for part in step) for column in range(3)
    )
    assert follower == leader == played(alone, True, 0)
    assert other != leader
    if hidden:
        assert all((step.next_observation[:, 1] == step.next_observation[:, 0]).all() for step in after)


@pytest.mark.parametrize("name", ["lunarlander", "bipedalwalker"])
def test_box2d_shares_no_state(name: str) -> None:
    environments = built(name, [1.0, 1.0])
    assert not environments.restores
    with pytest.raises(TypeError, match="cannot be put into a state"):
        environments.share(0)


def test_what_a_row_did_before_it_shared_a_state_cannot_be_saved() -> None:
    environments = built("striker", [1.0, 1.0])
    environments.share(1)
    with pytest.raises(TypeError, match="do not know how they came into it"):
        environments.state_dict()
    environments.reset(np.ones((2, 2), dtype=bool), np.full((2, 2, 1), -9.81), np.full((2, 2, 1), 0.5))
    environments.state_dict()


@pytest.mark.parametrize("name", ["cartpole", "lunarlander", "acrobot", "striker_epi"])
def test_rows_go_on_where_others_are(name: str) -> None:
    """Those that are told to, in the others' contexts; the others themselves are left as they were."""
    one, two = built(name, [1.0, 1.0]), built(name, [0.5, 1.5])
    played(one, False, 0)
    played(two, True, 0)
    stays = one.observation[:, 1].copy()
    one.adopt(np.array([[True, False], [True, False]]), two)
    np.testing.assert_array_equal(one.observation[:, 0], two.observation[:, 0])
    np.testing.assert_array_equal(one.observation[:, 1], stays)
    assert played(one, True, 0) == played(two, True, 0)
