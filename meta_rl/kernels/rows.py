"""Remembered steps: rows in which all fields of a step lie side by side as float32, written and read in one pass.

A table, int64 [fields, 3], has of each field the address of its tensor, its width in a row, and its kind. What is
read to address 0 is left out.
"""

from typing import Any

import numpy as np
from numba import carray

from meta_rl.kernels.kinds import CHOICE, NUMBER
from meta_rl.kernels.vectors import fetch, flags, floats, longs

_AHEAD = 12  # rows from the one that is read to the one that is asked for: memory takes as long as they do


def put(seeds: int, rows: int, table: int, fields: int, ring: int, ring_seed: int, width: int) -> Any:
    """Write tensors [seeds, rows, ...] to rows of `width` numbers, `ring_seed` bytes from seed to seed."""
    lines = carray(longs(table), (fields, 3))
    for seed in range(seeds):
        to = carray(floats(ring + seed * ring_seed), (rows, width))
        place = 0
        for field in range(fields):
            address, wide, kind = lines[field]
            first = seed * rows
            for row in range(rows):
                if kind == NUMBER:
                    numbers = carray(floats(address), (first + rows, wide))
                    for j in range(wide):
                        to[row, place + j] = numbers[first + row, j]
                elif kind == CHOICE:
                    chosen = carray(longs(address), first + rows)[first + row]
                    for j in range(wide):
                        to[row, place + j] = np.float32(j == chosen)
                else:
                    to[row, place] = np.float32(carray(flags(address), first + rows)[first + row])
            place += wide


def take(
    seeds: int, count: int, index: int, table: int, fields: int, ring: int, ring_seed: int, width: int
) -> Any:  # fmt: skip
    """Read the rows at `index`, int64 [seeds, count], to tensors [seeds, count, ...]: what `put` wrote."""
    lines = carray(longs(table), (fields, 3))
    at = carray(longs(index), seeds * count)
    for seed in range(seeds):
        for one in range(seed * count, (seed + 1) * count):
            soon = ring + seed * ring_seed + 4 * width * at[min(one + _AHEAD, (seed + 1) * count - 1)]
            fetch(soon)
            fetch(soon + 4 * width - 4)
            from_ = carray(floats(ring + seed * ring_seed + 4 * width * at[one]), width)
            place = 0
            for field in range(fields):
                address, wide, kind = lines[field]
                if not address:
                    pass
                elif kind == NUMBER:
                    numbers = carray(floats(address + 4 * wide * one), wide)
                    for j in range(wide):
                        numbers[j] = from_[place + j]
                elif kind == CHOICE:
                    best = 0
                    for j in range(wide):
                        best = j if from_[place + j] > 0 else best
                    carray(longs(address), one + 1)[one] = best
                else:
                    carray(flags(address), one + 1)[one] = from_[place] > 0
                place += wide
