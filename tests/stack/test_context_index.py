"""The index of contexts against a plain record of what each position of the ring holds."""

import io

import numpy as np
import pytest
import torch

from meta_rl.stack.context_index import ContextIndex

SEEDS = 2
EVEN = (np.arange(900) + 0.5) / 900  # finds every one of fewer entries


class Record:
    """A ring with its index, and which context each position is of."""

    def __init__(self, capacity: int, rows: int) -> None:
        self.index, self.rows, self.head = ContextIndex(capacity), rows, 0
        self.held = np.full((SEEDS, capacity), -1)

    def fill(self, random: np.random.Generator, steps: int, contexts: int) -> None:
        """Contexts that differ widely in how often they come, in turns that last."""
        numbers = np.zeros((SEEDS, self.rows), dtype=np.int64)
        for _ in range(steps):
            fresh = (contexts * random.random(numbers.shape) ** 3).astype(np.int64)
            numbers = np.where(random.random(numbers.shape) < 0.1, fresh, numbers)
            self.index.add(self.head, numbers)
            self.held[:, self.head : self.head + self.rows] = numbers
            self.head = (self.head + self.rows) % self.held.shape[1]

    def check(self) -> None:
        """From each position exactly those of the same context can be drawn, and each of them as often."""
        for seed in range(SEEDS):
            for context in set(self.held[seed]) - {-1}:
                own = np.flatnonzero(self.held[seed] == context)
                asked = np.tile(own[[0, -1]], (SEEDS, 1))
                asked[1 - seed] = np.flatnonzero(self.held[1 - seed] >= 0)[:1]
                found = self.index.draw(asked, np.tile(EVEN, (SEEDS, 2, 1)))[seed]
                assert np.array_equal(found[0], found[1])
                drawn, times = np.unique(found[0], return_counts=True)
                assert np.array_equal(drawn, own)
                assert times.max() - times.min() <= 1


# One row or several, blocks that are full or not, rings that were overwritten many times or not yet.
@pytest.mark.parametrize(
    ("capacity", "rows", "steps"), [(40, 1, 30), (40, 4, 95), (897, 3, 290), (897, 3, 2000)]
)
def test_draws_are_of_the_same_context_and_of_what_is_held(capacity: int, rows: int, steps: int) -> None:
    record, random = Record(capacity, rows), np.random.default_rng(capacity + steps)
    for _ in range(4):
        record.fill(random, steps // 4, 6)
        record.check()


def test_more_rows_than_a_block_holds() -> None:
    record, random = Record(880, 440), np.random.default_rng(0)
    for contexts in (1, 2, 1, 3):
        record.fill(random, 3, contexts)
        record.check()


def test_contexts_may_turn_up_late_and_go() -> None:
    record, random = Record(300, 3), np.random.default_rng(1)
    for contexts in (1, 9, 2, 30, 1):
        record.fill(random, 150, contexts)
        record.check()


def test_seeds_draw_by_their_own_chances() -> None:
    record = Record(300, 3)
    record.fill(np.random.default_rng(2), 200, 4)
    positions, chance = np.tile([0, 7, 299], (SEEDS, 1)), np.random.default_rng(3).random((SEEDS, 3, 5))
    both = record.index.draw(positions, chance)
    other = record.index.draw(positions, np.stack((chance[0], chance[0])))
    assert np.array_equal(both[0], other[0])
    assert not np.array_equal(both[1], other[1])


def test_a_position_takes_a_few_integers_however_uneven_contexts_are() -> None:
    record = Record(30_000, 3)
    record.fill(np.random.default_rng(4), 25_000, 20)
    state = record.index.state_dict()
    assert sum(value.numel() * value.element_size() for value in state.values()) < 30 * SEEDS * 30_000


def test_a_loaded_index_goes_on_exactly() -> None:
    record, random = Record(300, 3), np.random.default_rng(5)
    record.fill(random, 170, 5)
    file = io.BytesIO()
    torch.save(record.index.state_dict(), file)
    held, head = record.held.copy(), record.head
    record.fill(random, 50, 5)
    file.seek(0)
    record.index.load_state_dict(torch.load(file, weights_only=True))
    record.held, record.head = held, head
    record.check()
    record.fill(random, 400, 7)
    record.check()
