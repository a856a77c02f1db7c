"""The ring buffer against a plain record of everything that happened."""

import io
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

from meta_rl.conformance.compare import check_leaves
from meta_rl.spaces import Spaces
from meta_rl.stack.replay import Batch, Replay
from meta_rl.stack.seen import Seen, Transition

SEEDS, ACTIONS = 2, 3
SPACES = Spaces(observation=2, action=ACTIONS, discrete=True)


class Record(NamedTuple):
    """Every step of every row, [S, T, N, ...], and the step at which its episode began."""

    observation: Tensor
    next_observation: Tensor
    action: Tensor
    reward: Tensor
    terminated: Tensor
    truncated: Tensor
    start: np.ndarray
    context: Tensor

    def step(self, t: int, **changed: Any) -> Transition:
        seen, following = (
            Seen(observation[:, t], self.context[:, t], encoding=10 * observation[:, t])
            for observation in (self.observation, self.next_observation)
        )
        values = {
            "seen": seen,
            "action": self.action[:, t],
            "reward": self.reward[:, t],
            "next_seen": following,
            "terminated": self.terminated[:, t],
            "truncated": self.truncated[:, t],
            "age": torch.from_numpy(t - self.start[:, t]),
        }
        return Transition(**{**values, **changed})

    def window(self, seed: int, row: int, last: int, first: int, size: int) -> tuple[Tensor, Tensor]:
        """The up to `size` transitions that end at step `last`, none before `first`, at the end of zeros."""
        transitions, mask = torch.zeros(size, 4 + ACTIONS), torch.zeros(size)
        for place, t in enumerate(range(last - size + 1, last + 1)):
            if t >= first:
                action = torch.zeros(ACTIONS)
                action[self.action[seed, t, row]] = 1.0
                transitions[place] = torch.cat(
                    (self.observation[seed, t, row], action, self.next_observation[seed, t, row])
                )
                mask[place] = 1.0
        return transitions, mask


def record(steps: int, rows: int) -> Record:
    """Observations tell seed, row and step; episodes end in every row at other times."""
    random = np.random.default_rng(steps * 100 + rows)
    seed, t, row = np.meshgrid(np.arange(SEEDS), np.arange(steps), np.arange(rows), indexing="ij")
    observation = np.stack((seed * 100.0 + row, t), -1)
    ends = random.random(seed.shape) < 0.2
    start = np.zeros_like(t)
    for step in range(1, steps):
        start[:, step] = np.where(ends[:, step - 1], step, start[:, step - 1])
    terminated = ends & (random.random(ends.shape) < 0.5)
    return Record(
        torch.from_numpy(observation).float(),
        torch.from_numpy(observation + 0.5).float(),
        torch.from_numpy(random.integers(ACTIONS, size=seed.shape)),
        torch.from_numpy(random.normal(size=seed.shape)).float(),
        torch.from_numpy(terminated),
        torch.from_numpy(ends & ~terminated),
        start,
        torch.from_numpy(random.normal(size=(*seed.shape, 2))).float(),
    )


def fill(replay: Replay, history: Record, first: int = 0) -> Replay:
    for t in range(first, history.observation.shape[1]):
        replay.add(history.step(t))
    return replay


def everything(replay: Replay) -> Batch:
    return replay.sample(torch.arange(replay.size).repeat(SEEDS, 1))


# Not full, just full, wrapped by a part, wrapped to the border and many times.
@pytest.mark.parametrize("steps", [1, 5, 12, 17, 24, 100])
@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("window", [1, 4, 30])
def test_is_what_a_plain_record_says(rows: int, steps: int, window: int) -> None:
    capacity = 12 * rows
    history = record(steps, rows)
    replay = fill(Replay(capacity, True, window, SPACES), history)
    assert replay.size == min(steps, 12) * rows
    batch = everything(replay)
    oldest = max(0, steps - 12)
    for seed in range(SEEDS):
        found = set()
        for b in range(replay.size):
            observation = batch.seen.observation[seed, b]
            row, t = int(observation[0]) - 100 * seed, int(observation[1])
            found.add((row, t))
            assert torch.equal(observation, history.observation[seed, t, row])
            assert torch.equal(batch.next_seen.observation[seed, b], history.next_observation[seed, t, row])
            assert batch.action[seed, b] == history.action[seed, t, row]
            assert batch.reward[seed, b] == history.reward[seed, t, row]
            assert batch.terminated[seed, b] == history.terminated[seed, t, row]
            for seen, last in ((batch.seen, t - 1), (batch.next_seen, t)):
                assert torch.equal(seen.context[seed, b], history.context[seed, t, row])
                first = max(oldest, int(history.start[seed, t, row]))
                transitions, mask = history.window(seed, row, last, first, window)
                assert torch.equal(seen.window.mask[seed, b], mask)
                held = mask > 0  # elsewhere there may be anything
                assert torch.equal(seen.window.transitions[seed, b][held], transitions[held])
                assert not seen.window.embedded
                assert seen.encoding is None  # it has changed since
        assert found == {(row, t) for row in range(rows) for t in range(oldest, steps)}


def test_seeds_may_ask_for_different_transitions() -> None:
    history = record(20, 3)
    replay = fill(Replay(36, True, 4, SPACES), history)
    index = torch.tensor([[5, 5, 0], [30, 2, 35]])
    batch, whole = replay.sample(index), everything(replay)
    for seed in range(SEEDS):
        for b in range(3):
            at = index[seed, b]
            assert torch.equal(batch.seen.observation[seed, b], whole.seen.observation[seed, at])
            assert torch.equal(
                batch.seen.window.transitions[seed, b], whole.seen.window.transitions[seed, at]
            )


def test_sampling_overwrites_nothing() -> None:
    replay = fill(Replay(36, True, 4, SPACES), record(20, 3))
    before = everything(replay)
    batch = everything(replay)
    for seen in (batch.seen, batch.next_seen):
        seen.window.transitions.fill_(9.0)
        seen.window.mask.fill_(9.0)
    after = everything(replay)
    assert torch.equal(after.seen.observation, before.seen.observation)
    assert torch.equal(after.next_seen.window.transitions, before.next_seen.window.transitions)


def test_a_frozen_methods_encodings_are_stored_as_they_were() -> None:
    history = record(17, 3)
    replay = fill(Replay(36, False, 4, SPACES), history)
    batch = everything(replay)
    t, row = batch.seen.observation[..., 1].long(), batch.seen.observation[..., 0].long() % 100
    seed = torch.arange(SEEDS).unsqueeze(-1)
    for seen, stored in (
        (batch.seen, history.observation),
        (batch.next_seen, history.next_observation),
    ):
        expected = stored[seed, t, row]
        assert torch.equal(seen.inputs, torch.cat((expected, expected * 10), -1))
        assert seen.window is None
        assert seen.context is None


def test_a_joint_methods_windows_are_as_long_as_the_episode_was() -> None:
    history = record(10, 1)
    batch = everything(fill(Replay(12, True, 20, SPACES), history))
    age = torch.from_numpy(np.arange(10) - history.start[..., 0])
    assert torch.equal(batch.seen.window.mask.sum(-1), age.float())
    assert torch.equal(batch.next_seen.window.mask.sum(-1), age.float() + 1)


def test_real_valued_actions() -> None:
    history = record(6, 1)
    replay = Replay(12, True, 2, SPACES._replace(discrete=False))
    actions = torch.randn(6, SEEDS, 1, ACTIONS, generator=torch.Generator().manual_seed(0))
    for t in range(6):
        replay.add(history.step(t, action=actions[t]))
    batch = everything(replay)
    assert torch.equal(batch.action, actions[:, :, 0].transpose(0, 1))
    assert torch.equal(batch.next_seen.window.transitions[..., -1, 2 : 2 + ACTIONS], batch.action)


def test_windows_carry_rewards_that_the_context_acts_on() -> None:
    history = record(17, 3)
    plain, rewarded = (
        everything(fill(Replay(36, True, 4, SPACES._replace(rewarded=rewarded)), history))
        for rewarded in (False, True)
    )
    for ours, theirs in (
        (rewarded.seen.window, plain.seen.window),
        (rewarded.next_seen.window, plain.next_seen.window),
    ):
        assert torch.equal(ours.mask, theirs.mask)
        assert torch.equal(ours.transitions[..., :-1], theirs.transitions)
    assert torch.equal(rewarded.next_seen.window.transitions[..., -1, -1], rewarded.reward)


def test_rows_must_divide_the_capacity() -> None:
    with pytest.raises(ValueError, match="a replay of 10 cannot hold 3 rows"):
        Replay(10, False, 0, SPACES).add(record(1, 3).step(0))


@pytest.mark.parametrize("stop", [5, 12, 17])
def test_a_loaded_memory_goes_on_exactly(stop: int) -> None:
    history = record(30, 3)
    replay = Replay(36, True, 4, SPACES)
    for t in range(stop):
        replay.add(history.step(t))
    file = io.BytesIO()
    torch.save(replay.state_dict(), file)
    then = everything(replay)
    fill(replay, history, stop)
    file.seek(0)
    state = torch.load(file, weights_only=True)
    other = fill(Replay(36, True, 4, SPACES), record(7, 3))
    for _ in range(2):
        other.load_state_dict(state)
        # What was loaded stays as it was while the memory goes on.
        assert torch.equal(everything(other).seen.observation, then.seen.observation)
        fill(other, history, stop)
        check_leaves(everything(replay), everything(other))
