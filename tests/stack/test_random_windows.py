"""Windows of a running episode that are random subsets of it: of which transitions, and drawn by what."""

import io

import numpy as np
import torch

from meta_rl.conformance.compare import check_leaves
from meta_rl.conformance.probes import Lasting
from meta_rl.stack.rollout import Rollout, Watch
from meta_rl.stack.seen import Window
from meta_rl.streams import KEYS

ROWS, K = (2, 3), 4
WATCH = Watch(frozenset({"window"}), K, random=True)
LENGTH = 40.0


def rollout(rows: tuple[int, int] = ROWS, watch: Watch = WATCH) -> Rollout:
    """Each observation tells its time."""
    return Rollout(Lasting(rows), watch)


def reset(one: Rollout, keys: np.ndarray, length: float = LENGTH, rows: np.ndarray | None = None) -> None:
    every = np.ones(keys.shape, dtype=bool) if rows is None else rows
    one.reset(every, np.full((*keys.shape, 1), length), np.zeros((*keys.shape, 1)), keys=keys)


def drawn_keys(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(KEYS, size=shape)


def step(one: Rollout) -> None:
    one.step(torch.zeros(one.environments.rows, dtype=torch.int64))


def times(window: Window | None) -> np.ndarray:
    """When the transitions of each row were seen first, sorted, [S, N, K]; -1 where there is none."""
    assert window is not None
    return np.sort(torch.where(window.mask > 0, window.transitions[..., 0], -1.0).numpy(), -1)


def test_windows_are_all_there_is_and_then_subsets_of_it() -> None:
    one = rollout()
    reset(one, drawn_keys(*ROWS))
    for t in range(30):
        found = times(one.seen.window)
        if t <= K:
            assert (found == [-1] * (K - t) + list(range(t))).all()
        assert all(len(set(row)) == K for row in found.reshape(-1, K)) or t < K
        assert found.max() < t or t == 0
        step(one)
    assert (times(one.seen.window) != np.arange(30 - K, 30)).any()


def test_every_transition_of_the_episode_stays_as_often() -> None:
    one = rollout((1, 30_000))
    reset(one, drawn_keys(1, 30_000))
    for _ in range(10):
        step(one)
    counts = np.bincount(times(one.seen.window).astype(int).ravel(), minlength=10)
    assert len(counts) == 10
    error = np.sqrt(0.4 * 0.6 / 30_000)
    assert (np.abs(counts / 30_000 - K / 10) < 5 * error).all()


def test_a_rows_key_draws_its_window_wherever_it_stands() -> None:
    keys = drawn_keys(*ROWS)
    one, alone = rollout(), rollout((1, 1))
    reset(one, keys), reset(alone, keys[1:, 2:])
    for _ in range(25):
        step(one), step(alone)
        assert np.array_equal(times(one.seen.window)[1, 2], times(alone.seen.window)[0, 0])
    assert len({tuple(row) for row in times(one.seen.window).reshape(-1, K)}) == 6
    reset(one, keys)
    again = rollout()
    reset(again, keys)
    for _ in range(25):
        step(one), step(again)
    check_leaves(one.seen, again.seen)


def test_what_was_seen_before_the_episode_counts_among_what_it_is_drawn_from() -> None:
    before, one = rollout((1, 30_000)), rollout((1, 30_000))
    keys = drawn_keys(1, 30_000)
    reset(before, keys)
    for _ in range(10):
        step(before)
    one.reset(
        np.ones(keys.shape, dtype=bool), np.full((*keys.shape, 1), LENGTH), np.zeros((*keys.shape, 1)),
        known=before.seen, keys=keys,
    )  # fmt: skip
    for _ in range(2):
        step(one)
    window = one.seen.window
    assert window is not None
    assert window.taken is not None
    assert (window.taken == 12).all()
    # Times 0 and 1 came twice, in the probe and in the episode.
    shares = np.bincount(times(window).astype(int).ravel(), minlength=10) / 30_000 / (K / 12)
    np.testing.assert_allclose(shares, [2, 2, *[1] * 8], atol=0.05)


def test_a_reset_empties_windows_in_its_rows_alone() -> None:
    one = rollout()
    reset(one, drawn_keys(*ROWS))
    for _ in range(9):
        step(one)
    before = times(one.seen.window)
    rows = np.zeros(ROWS, dtype=bool)
    rows[0, 1] = True
    reset(one, drawn_keys(*ROWS) // 2, rows=rows)
    after = times(one.seen.window)
    assert (after[rows] == -1).all()
    assert np.array_equal(after[~rows], before[~rows])
    step(one)
    assert times(one.seen.window)[rows].tolist() == [[-1, -1, -1, 0]]


def test_a_loaded_rollout_draws_on() -> None:
    one = rollout()
    reset(one, drawn_keys(*ROWS))
    for _ in range(7):
        step(one)
    file = io.BytesIO()
    torch.save(one.state_dict(), file)
    file.seek(0)
    loaded = rollout()
    loaded.load_state_dict(torch.load(file, weights_only=True))
    for _ in range(20):
        step(one), step(loaded)
    check_leaves(one.seen, loaded.seen)
