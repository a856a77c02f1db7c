"""Which positions of a ring hold steps of the same context, so that they can be drawn at random."""

from typing import Any

import numpy as np
import torch

_BLOCK = 256  # positions in a block of the pool
_WAITING = 4096  # positions of a seed that may wait to be entered


class ContextIndex:
    """The positions of each context in a ring of `capacity` positions, for S seeds.

    A context's positions are a queue, because what the ring overwrites is the oldest of its context. Queues lie in
    blocks of one pool: however uneven the contexts are, a position takes the memory of a few integers, and adding,
    dropping and drawing one take the same time for a ring of any size. Entries are numbered: those of a context from
    `first` to `last`. What is added waits until something is drawn, because many are entered in the time of one.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._rounds = capacity // _BLOCK + 2  # blocks of a context at most
        # [S, capacity]: the context of each position, or -1
        self._numbers = np.empty((0, capacity), dtype=np.int32)
        self._waiting: list[tuple[int, np.ndarray]] = []  # what `add` was told

    def add(self, head: int, numbers: np.ndarray) -> None:
        """The steps at positions head to head + N are now of the contexts `numbers`, int64 [S, N].

        Steps follow each other around the ring.
        """
        rows = numbers.shape[1]
        if (len(self._waiting) + 1) * rows > min(_WAITING, self.capacity):
            self._enter()
        self._waiting.append((head, numbers))

    def draw(self, positions: np.ndarray, chance: np.ndarray) -> np.ndarray:
        """K positions of the same context for each, with replacement, int64 [S, B, K].

        `positions` are held ones, int64 [S, B]; `chance` is U[0, 1), [S, B, K].
        """
        self._enter()
        seed = np.arange(len(positions))[:, None]
        context = self._numbers[seed, positions]
        first = self._first[seed, context]
        count = self._last[seed, context] - first
        entry = first[..., None] + (chance * count[..., None]).astype(np.int64)
        queue = (seed * self._first.shape[1] + context) * self._rounds
        block = self._table.ravel()[queue[..., None] + entry // _BLOCK % self._rounds]
        return self._pool.ravel()[seed[..., None] * self._pool.shape[1] + block * _BLOCK + entry % _BLOCK]

    def state_dict(self) -> dict[str, Any]:
        self._enter()
        arrays = {name: torch.from_numpy(value) for name, value in vars(self).items() if _is_array(value)}
        return {name.removeprefix("_"): value for name, value in arrays.items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, f"_{name}", value.numpy().copy())
        self._waiting = []

    def _enter(self) -> None:
        """Let what is waiting take the place of what was at its positions."""
        if not self._waiting:
            return
        (head, _), numbers = self._waiting[0], np.concatenate([told for _, told in self._waiting], 1)
        self._waiting = []
        if not len(self._numbers):
            self._allocate(len(numbers))
        if (contexts := int(numbers.max()) + 1) > self._first.shape[1]:
            self._widen(contexts)
        positions = (head + np.arange(numbers.shape[1])) % self.capacity
        gone = self._numbers[:, positions].astype(np.int64)
        self._drop(gone[:, gone[0] >= 0])  # all seeds have filled as much of the ring
        self._numbers[:, positions] = numbers
        self._append(numbers, positions)

    def _allocate(self, seeds: int) -> None:
        self._numbers = np.full((seeds, self.capacity), -1, dtype=np.int32)
        self._first = np.zeros((seeds, 0), dtype=np.int64)
        self._last = np.zeros((seeds, 0), dtype=np.int64)
        self._table = np.zeros((seeds, 0, self._rounds), dtype=np.int32)  # the blocks of a context, in turns
        self._pool = np.zeros((seeds, 0), dtype=np.int64)  # positions, block by block
        self._free = np.zeros((seeds, 0), dtype=np.int32)  # blocks that nobody has: the first `_left` of them
        self._left = np.zeros(seeds, dtype=np.int64)

    def _widen(self, contexts: int) -> None:
        """Make room for contexts below a number: a queue may begin and end amid a block."""
        more = ((0, 0), (0, contexts - self._first.shape[1]))
        self._first, self._last = np.pad(self._first, more), np.pad(self._last, more)
        self._table = np.pad(self._table, (*more, (0, 0)))
        had = self._free.shape[1]
        blocks = -(-self.capacity // _BLOCK) + 2 * contexts
        self._pool = np.pad(self._pool, ((0, 0), (0, (blocks - had) * _BLOCK)))
        self._free = np.pad(self._free, ((0, 0), (0, blocks - had)))
        fresh = np.arange(had, blocks)
        self._free[np.arange(len(self._left))[:, None], self._left[:, None] + fresh - had] = fresh
        self._left = self._left + len(fresh)

    def _drop(self, numbers: np.ndarray) -> None:
        """Forget the oldest entries of contexts [S, N]; a block whose last entry goes is free again."""
        seed = np.arange(len(numbers))[:, None]
        entry = self._first[seed, numbers] + _rank(numbers)
        # Of equal indices the last one counts: that of the highest rank.
        self._first[seed, numbers] = entry + 1
        over = entry % _BLOCK == _BLOCK - 1
        if over.any():
            row, column = np.nonzero(over)
            slot = self._left[row] + (over.cumsum(1) - 1)[row, column]
            self._free[row, slot] = self._table[
                row, numbers[row, column], entry[row, column] // _BLOCK % self._rounds
            ]
            self._left += over.sum(1)

    def _append(self, numbers: np.ndarray, positions: np.ndarray) -> None:
        """New entries of contexts [S, N] at positions [N]; the first of a block takes one that is free."""
        seed = np.arange(len(numbers))[:, None]
        entry = self._last[seed, numbers] + _rank(numbers)
        self._last[seed, numbers] = entry + 1
        turn = entry // _BLOCK % self._rounds
        begins = entry % _BLOCK == 0
        if begins.any():
            row, column = np.nonzero(begins)
            slot = self._left[row] - begins.cumsum(1)[row, column]
            self._table[row, numbers[row, column], turn[row, column]] = self._free[row, slot]
            self._left -= begins.sum(1)
        block = self._table[seed, numbers, turn].astype(np.int64)
        self._pool[seed, block * _BLOCK + entry % _BLOCK] = positions


def _rank(numbers: np.ndarray) -> np.ndarray:
    """How many equal ones stand before each in its row, int64 [S, N]."""
    rows = np.arange(numbers.shape[1])
    order = np.argsort(numbers, axis=1, kind="stable")
    ordered = np.take_along_axis(numbers, order, 1)
    begins = np.ones(numbers.shape, dtype=bool)
    begins[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, rows - np.maximum.accumulate(np.where(begins, rows, 0), 1), 1)
    return rank


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray)
