"""A batch steps as single environments do, with infos of Gymnasium's form and shared-out contexts."""

from typing import Any

import gymnasium
import numpy as np
import pytest
from gym_makers import CONTEXT, make, make_vec
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers.vector import DictInfoToList


@pytest.mark.parametrize("observe", ["plain", "flat", "dict"])
def test_rows_of_a_batch_step_as_single_environments_and_start_again_in_the_next_step(
    observe: str,
) -> None:
    # Some episodes end before the limit, some there.
    batch = make_vec("cartpole_length", 3, observe=observe, max_episode_steps=20)
    batch.action_space.seed(0)
    assert batch.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP

    def beside(row: int) -> Any:
        """A single environment in a row's context and state."""
        context = {"length": infos["context"]["length"][row]}
        single = make("cartpole_length", context=context, observe=observe, max_episode_steps=20)
        single.reset(seed=0)
        for mine, its in zip(single.unwrapped.rows.state, batch.unwrapped.rows.state, strict=True):
            mine[0, 0] = its[0, row]
        return single

    observation, infos = batch.reset(seed=0)
    singles, ended = [beside(row) for row in range(3)], np.zeros(3, dtype=bool)
    ends, ids = [], infos["context_id"].tolist()
    for _ in range(100):
        action = batch.action_space.sample()
        observation, reward, terminated, truncated, infos = batch.step(action)
        assert batch.observation_space.contains(observation)
        for row in range(3):
            if ended[row]:
                singles[row] = beside(row)
                expected = singles[row].unwrapped._seen(), 0.0, False, False
                assert np.abs(np.stack(batch.unwrapped.rows.state)[:, 0, row]).max() <= 0.05
                ids.append(infos["context_id"][row])
            else:
                *expected, _ = singles[row].step(action[row])
            for found, wanted in zip(leaves(observation), leaves(expected[0]), strict=True):
                assert np.array_equal(found[row], wanted)
            assert (reward[row], terminated[row], truncated[row]) == tuple(expected[1:])
        ended = terminated | truncated
        ends += [*zip(terminated[ended], truncated[ended], strict=True)]
    assert {(True, False), (False, True)} <= set(ends)
    assert len(set(ids)) == len(ids) > 9


def leaves(value: Any) -> list[np.ndarray]:
    return [leaf for each in value.values() for leaf in leaves(each)] if isinstance(value, dict) else [value]


def test_infos_of_a_batch_have_the_form_of_gymnasiums() -> None:
    ours = make_vec("cartpole", 2, context=CONTEXT)
    theirs = gymnasium.make_vec("meta_rl/cartpole-v0", 2, "sync", context=CONTEXT)
    for found, expected in ((ours.reset()[1], theirs.reset()[1]), (step(ours), step(theirs))):
        assert found.keys() == expected.keys()
        assert found["context"].keys() == expected["context"].keys()
        assert all(np.array_equal(found["context"][key], value) for key, value in expected["context"].items())
        assert np.array_equal(found["context_id"], expected["context_id"])
        found["context"]["length"][:] = 3.0  # is nobody else's
    listed = DictInfoToList(make_vec("cartpole", 2, context=CONTEXT)).reset()[1]
    assert [one["context"]["length"] for one in listed] == [0.8, 0.8]


def step(environments: Any) -> dict[str, Any]:
    return environments.step(np.array([0, 1]))[4]


def test_environments_run_side_by_side_in_their_own_contexts() -> None:
    both = gymnasium.vector.SyncVectorEnv([make, lambda: make(context=CONTEXT)])
    both.reset(seed=[0, 0])
    observation, _, _, _, infos = both.step(np.array([1, 1]))
    for row, context in enumerate(({}, CONTEXT)):
        alone = make(context=context)
        alone.reset(seed=0)
        assert np.array_equal(observation[row], alone.step(1)[0])
    assert infos["context"]["length"].tolist() == [0.5, 0.8]
