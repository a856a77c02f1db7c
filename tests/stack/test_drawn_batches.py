"""Windows that a replay draws at random: from the episode before, or from the context in all episodes."""

import io

import numpy as np
import pytest
import torch
from torch import Tensor

from meta_rl.conformance.compare import check_leaves
from meta_rl.spaces import Spaces
from meta_rl.stack.replay import Batch, Replay
from meta_rl.stack.seen import CONTEXT, EPISODE, Seen, Transition, Window

SEEDS, ROWS, K, HELD = 2, 3, 4, 40
SPACES = Spaces(observation=3, action=2, discrete=True)


class Life:
    """Episodes of 1 to 12 steps in three contexts; observations tell context, episode and step."""

    def __init__(self) -> None:
        self.random = np.random.default_rng(0)
        self.episode = np.arange(ROWS) + np.zeros((SEEDS, 1))
        self.age, self.number = np.zeros((SEEDS, ROWS), dtype=np.int64), np.zeros((SEEDS, ROWS), np.int64)

    def step(self) -> Transition:
        told, following = (np.stack((self.number, self.episode, age), -1) for age in (self.age, self.age + 1))
        over = self.random.random(self.age.shape) < 0.15
        step = Transition(
            Seen(torch.from_numpy(told).float()),
            torch.zeros(SEEDS, ROWS, dtype=torch.int64),
            torch.zeros(SEEDS, ROWS),
            Seen(torch.from_numpy(following).float()),
            torch.from_numpy(over),
            torch.zeros(SEEDS, ROWS, dtype=torch.bool),
            torch.from_numpy(self.age),
            torch.from_numpy(self.number),
        )
        self.episode = self.episode + ROWS * over
        self.number = np.where(over, self.random.integers(3, size=over.shape), self.number)
        self.age = np.where(over, 0, self.age + 1)
        return step


def filled(transitions: str, life: Life, steps: int) -> Replay:
    replay = Replay(HELD * ROWS, True, K, SPACES, transitions)
    for _ in range(steps):
        replay.add(life.step())
    return replay


def chances(replay: Replay, seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).random((SEEDS, replay.size, replay.chances)))


def everything(replay: Replay, seed: int = 0) -> Batch:
    return replay.sample(torch.arange(replay.size).repeat(SEEDS, 1), chances(replay, seed))


def told(window: Window | None) -> Tensor:
    """(context, episode, step) of each transition in a window [S, B, K, 3]; -1 where there is none."""
    assert window is not None
    return torch.where(window.mask.unsqueeze(-1) > 0, window.transitions[..., :3], -1.0)


@pytest.mark.parametrize("steps", [1, 3, 30, HELD, 175])
def test_windows_of_the_context_are_of_all_its_episodes(steps: int) -> None:
    replay = filled(CONTEXT, Life(), steps)
    held = everything(replay).seen.observation
    found: list[set[tuple[float, ...]]] = [set() for _ in range(SEEDS)]
    for seed in range(60):
        batch = everything(replay, seed)
        assert batch.seen.window is batch.next_seen.window
        assert batch.seen.window is not None
        assert batch.seen.window.mask.all()
        drawn = told(batch.seen.window)
        assert (drawn[..., 0] == batch.seen.observation[..., :1]).all()
        for mine, row in zip(found, drawn, strict=True):
            mine |= {tuple(one) for one in row.reshape(-1, 3).tolist()}
    assert found == [{tuple(one) for one in row.tolist()} for row in held]


def test_draws_of_the_context_have_the_same_chance() -> None:
    replay = filled(CONTEXT, Life(), 60)
    index = torch.zeros(SEEDS, 20_000, dtype=torch.int64)
    chance = torch.from_numpy(np.random.default_rng(0).random((SEEDS, 20_000, K)))
    drawn = told(replay.sample(index, chance).seen.window)[0].reshape(-1, 3)
    _, counts = drawn.unique(dim=0, return_counts=True)
    share = counts / counts.sum()
    error = (share.mean() / counts.sum()).sqrt()
    assert len(share) > 10
    assert ((share - share.mean()).abs() < 5 * error).all()


def episode_before(batch: Batch, replay: Replay) -> list[tuple[int, int, set[int], set[int]]]:
    """Where it is in the batch, and which steps were before it in its episode and are held: of t and of t + 1."""
    held = everything(replay).seen.observation
    found = []
    for seed, row in np.ndindex(batch.reward.shape):
        _, episode, age = batch.seen.observation[seed, row].tolist()
        mine = held[seed][held[seed, :, 1] == episode][:, 2]
        found.append((seed, row, {int(t) for t in mine if t < age}, {int(t) for t in mine if t <= age}))
    return found


@pytest.mark.parametrize("steps", [1, 3, 30, HELD, 175])
def test_windows_of_the_episode_are_subsets_of_what_came_before(steps: int) -> None:
    replay = filled(EPISODE, Life(), steps)
    batch = everything(replay)
    before, after = told(batch.seen.window), told(batch.next_seen.window)
    many = 0
    for seed, row, earlier, with_own in episode_before(batch, replay):
        for window, members in ((before[seed, row], earlier), (after[seed, row], with_own)):
            mine = window[window[:, 1] >= 0]
            assert (mine[:, 1] == batch.seen.observation[seed, row, 1]).all()
            steps_of = {int(t) for t in mine[:, 2]}
            assert len(steps_of) == len(mine) == min(K, len(members))
            assert steps_of <= members
            many += len(members) > K
    assert (many > 0) == (steps > 3)


def test_the_next_window_of_an_episode_is_the_last_one_with_one_more_to_draw_from() -> None:
    """At most one has gone, for the step's own; that one comes with a probability of K / (age + 1)."""
    replay = filled(EPISODE, Life(), 100)
    own, expected = 0.0, 0.0
    for seed in range(100):
        batch = everything(replay, seed)
        before, after = (told(one.window)[..., 2] for one in (batch.seen, batch.next_seen))
        age = batch.seen.observation[..., 2:]
        assert ((before != after).sum(-1) <= 1).all()
        assert (after[before != after] == age.expand_as(after)[before != after]).all()
        assert batch.next_seen.window is not None
        assert batch.next_seen.window.taken is not None
        own += float((after == age).sum())
        expected += float((K / batch.next_seen.window.taken).clamp(max=1.0).sum())
    assert abs(own / expected - 1) < 0.02


@pytest.mark.parametrize("transitions", [CONTEXT, EPISODE])
def test_a_loaded_memory_draws_the_same(transitions: str) -> None:
    life, other = Life(), Life()
    replay = filled(transitions, life, 70)
    file = io.BytesIO()
    torch.save(replay.state_dict(), file)
    file.seek(0)
    loaded = filled(transitions, other, 70)
    loaded.add(Life().step())  # whatever it did before
    loaded.load_state_dict(torch.load(file, weights_only=True))
    for _ in range(50):
        replay.add(life.step()), loaded.add(other.step())
    check_leaves(everything(replay), everything(loaded))
