"""Every context has its turn: whoever resets, how often, and whatever ends an episode."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import gymnasium
import numpy as np
import pytest
from gym_makers import ids, make, make_vec, play

from meta_rl.gym.turns import Turns

ALL = list(range(10))


@pytest.mark.parametrize("count", [1, 2, 7, 8, 10, 97, 100])
def test_any_turns_in_a_row_are_all_places_and_beginners_side_by_side_share_them_out(count: int) -> None:
    turns = Turns(count)
    turns.begin(3)
    taken = turns.take(3 * count)
    assert taken[0] == 3 % count
    for first in range(2 * count):
        assert sorted(taken[first : first + count]) == list(range(count))
    for number in {1, count, *(2**power for power in range(7) if count % 2**power == 0)}:
        shares = []
        for beginner in range(number):
            turns.begin(beginner + 5)
            shares += turns.take(count // number).tolist()
        assert sorted(shares) == list(range(count))


@pytest.fixture
def ten() -> Iterator[Any]:
    environment = make("cartpole_length", n_contexts=10)
    yield environment
    environment.close()


def test_ten_episodes_are_ten_contexts_wherever_they_begin(ten: Any) -> None:
    met = ids(ten, 34, seed=7)
    assert met[0] == 7
    assert met[:10] != ALL  # neighbours are not played one after the other
    for first in range(25):
        assert sorted(met[first : first + 10]) == ALL
    assert ids(ten, 10, seed=7) == met[:10]
    assert ids(ten, 1, seed=108) == [8]
    assert [play(ten, seed)["context_id"] for seed in range(10)] == ALL


def test_without_a_seed_the_first_context_is_nobodys() -> None:
    assert len({make("cartpole_length").reset()[1]["context_id"] for _ in range(8)}) > 1


def test_what_was_not_played_comes_again(ten: Any) -> None:
    """Not stepped at all, or left before its end."""
    first = ten.reset(seed=0)
    again = ten.reset()
    assert again[1] == first[1]
    assert not np.array_equal(again[0], first[0])  # but starts anew
    ten.step(0)
    assert ten.reset()[1] == first[1]
    assert sorted(ids(ten, 10)) == ALL


def test_an_end_that_a_wrapper_makes_counts(ten: Any) -> None:
    """It is seen where it comes a second time, or at once where it stands in the info."""
    limited = make("cartpole_length", n_contexts=10, max_episode_steps=3)
    met = ids(limited, 21, seed=0)
    assert met[0] == met[1]
    assert sorted(met[1:11]) == sorted(met[11:]) == ALL
    recorded = gymnasium.wrappers.RecordEpisodeStatistics(
        make("cartpole_length", n_contexts=10, max_episode_steps=3)
    )
    assert sorted(ids(recorded, 10, seed=0)) == ALL


def test_parts_share_contexts_out_as_stable_baselines3_does_episodes() -> None:
    for number in (1, 4, 10):
        parts = [
            set(ids(make("cartpole_length", n_contexts=10, part=(part, number)), 10))
            for part in range(number)
        ]
        assert [len(part) for part in parts] == [(10 + part) // number for part in range(number)]
        assert sorted(one for part in parts for one in part) == ALL


def test_a_batch_meets_all_contexts_at_each_reset_with_as_many_rows() -> None:
    batch = make_vec("cartpole_length", 10, n_contexts=10)
    first = batch.reset(seed=3)[1]["context_id"].tolist()
    for _ in range(3):
        assert sorted(batch.reset()[1]["context_id"]) == ALL
        for _ in range(30):
            batch.step(np.zeros(10, dtype=np.int64))
    assert batch.reset(seed=3)[1]["context_id"].tolist() == first


def test_the_rows_of_a_batch_take_turns() -> None:
    batch = make_vec("cartpole_length", 4, split="extrapolation", n_contexts=8)
    first = batch.reset(seed=1)[1]["context_id"].tolist()
    assert batch.reset()[1]["context_id"].tolist() == first  # none was played
    met, ended = list(first), np.zeros(4, dtype=bool)
    while len(met) < 24:
        *_, terminated, truncated, infos = batch.step(np.zeros(4, dtype=np.int64))
        met += infos["context_id"][ended].tolist()
        ended = terminated | truncated
    for begin in range(len(met) - 8):
        assert sorted(met[begin : begin + 8]) == list(range(8))
    following = batch.reset()[1]["context_id"].tolist()
    assert len(set(following)) == 4
    starts = [batch.reset(seed=seed)[0] for seed in (1, 1, 2)]
    assert np.array_equal(starts[0], starts[1])
    assert len(np.unique(np.concatenate(starts[1:]), axis=0)) == 8
    crowded = make_vec("cartpole_length", 25, n_contexts=10).reset(seed=0)[1]["context_id"]
    assert sorted(np.bincount(crowded)) == [2] * 5 + [3] * 5


def test_the_rows_of_gymnasiums_vectors_share_the_contexts_out() -> None:
    settings = {"split": "extrapolation", "n_contexts": 8}
    vector = gymnasium.make_vec("meta_rl/cartpole_length-v0", 8, "sync", **settings)
    for seed in (0, 5):
        assert sorted(vector.reset(seed=seed)[1]["context_id"]) == list(range(8))
    vector = gymnasium.vector.SyncVectorEnv(
        [partial(make, "cartpole_length", part=(row, 3)) for row in range(3)]
    )
    assert len(set(vector.reset()[1]["context_id"])) == 3
