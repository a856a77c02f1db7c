"""Random numbers per (run, purpose): what one run draws does not depend on who else is in the stack.

Each key of the stack and each purpose have a counter-based generator of their own (Philox, Salmon et al.
2011). Numbers are made in blocks, so that the loop over keys stays out of the hot path, and the whole
state is one call counter per purpose.
"""

import hashlib
import math
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np

_BLOCK = 16384  # numbers per key and block: makes one call cost about as much as an array index


def run_key(benchmark: str, seed: int) -> str:
    """The key of a run: equal seeds of two benchmarks are independent replications."""
    return f"{benchmark} run {seed}"


def place_keys(benchmark: str, split: str, ids: Iterable[int]) -> list[str]:
    """The keys of what is drawn for the contexts with these ids, whoever plays there."""
    return [f"{benchmark}/{split}/{number}" for number in ids]


_GOLDEN, _FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
KEYS = 2**53  # how many different keys of `numbered` there are


def numbered(keys: np.ndarray, number: np.ndarray) -> np.ndarray:
    """The draw of a number of each key, U[0, 1), float64: for what differs between rows. int64 of one shape.

    SplitMix64 (Steele, Lea & Flood 2014), started at the key. Keys are random numbers below `KEYS`.
    """
    bits: np.ndarray = keys.astype(np.uint64) + (number.astype(np.uint64) + 1) * _GOLDEN
    bits = (bits ^ (bits >> 30)) * _FIRST
    bits = (bits ^ (bits >> 27)) * _SECOND
    return ((bits ^ (bits >> 31)) >> 11) * 2.0**-53


class Streams:
    """Random arrays with a leading axis over `keys` (length S).

    A purpose is used with one shape and one distribution; each call advances its counter by one.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = tuple(keys)
        self._counts: dict[str, int] = {}
        self._blocks: dict[str, tuple[Any, int, np.ndarray]] = {}

    def uniform(self, purpose: str, *shape: int) -> np.ndarray:
        """U[0, 1), float64 [S, *shape]. The result is a view: do not write into it."""
        return self._draw("random", purpose, shape)

    def normal(self, purpose: str, *shape: int) -> np.ndarray:
        """N(0, 1), float64 [S, *shape]. The result is a view: do not write into it."""
        return self._draw("standard_normal", purpose, shape)

    def integers(self, purpose: str, high: int | np.ndarray, *shape: int) -> np.ndarray:
        """Uniform on {0, ..., high - 1}, int64 [S, *shape]; `high` may change from call to call."""
        return (self._draw("random", purpose, shape) * high).astype(np.int64)

    def state_dict(self) -> dict[str, int]:
        return dict(self._counts)

    def load_state_dict(self, state: dict[str, int]) -> None:
        self._counts = dict(state)
        self._blocks = {}

    def _draw(
        self, kind: Literal["random", "standard_normal"], purpose: str, shape: tuple[int, ...]
    ) -> np.ndarray:
        count = self._counts.get(purpose, 0)
        self._counts[purpose] = count + 1
        size = math.prod(shape)
        number, row = divmod(count, max(1, _BLOCK // max(1, size)))
        described, held, block = self._blocks.get(purpose, (None, -1, np.empty(0)))
        if described is not None and described != (kind, shape):
            raise ValueError(f"purpose '{purpose}' draws {described}, not {(kind, shape)}")
        if held != number:
            block = self._block(kind, purpose, shape, size, number)
            self._blocks[purpose] = ((kind, shape), number, block)
        return block[row]

    def _block(self, kind: str, purpose: str, shape: tuple[int, ...], size: int, number: int) -> np.ndarray:
        calls = max(1, _BLOCK // max(1, size))
        block = np.empty((calls, len(self.keys), *shape))
        for column, key in enumerate(self.keys):
            digest = hashlib.sha256(f"{key}\n{purpose}".encode()).digest()
            philox = np.random.Philox(key=int.from_bytes(digest[:16], "little"), counter=number << 128)
            block[:, column] = getattr(np.random.Generator(philox), kind)((calls, *shape))
        return block


def starts(benchmark: str, split: str, ids: Iterable[int], episodes: int, noise: int) -> np.ndarray:
    """What the episodes 0 to `episodes` - 1 in contexts [C] start from, U[0, 1), [C, episodes, noise].

    Common random numbers: whoever plays an episode there starts alike.
    """
    return Streams(place_keys(benchmark, split, ids)).uniform("initial", episodes, noise)
