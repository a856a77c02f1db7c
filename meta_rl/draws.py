"""Points in the parts of a region, frozen or random: how finite sets of contexts are drawn."""

import hashlib
import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

# Held-out sets are frozen: a change of how they are drawn is a new version and a new benchmark.
VERSION = 1
WHOLE = (0.0, 1.0)


class Part(NamedTuple):
    """A part of a region: per factor the pieces [P, 2] that its contexts take in turns, and how much of each."""

    pieces: tuple[np.ndarray, ...]
    used: tuple[tuple[float, float], ...]  # from where to where of a piece


def whole(pieces: Iterable[np.ndarray]) -> Part:
    taken = tuple(pieces)
    return Part(taken, (WHOLE,) * len(taken))


def turns(parts: Sequence[Part]) -> int:
    """After how many contexts each part, and in it each cell of its factors' pieces, was taken equally often."""
    return len(parts) * math.lcm(*(math.prod(map(len, part.pieces)) for part in parts))


def take(
    parts: Sequence[Part], points: np.ndarray, mix: Callable[[int], np.ndarray] | None = None
) -> np.ndarray:
    """Multipliers [C, M] from points in the unit cube; contexts take turns in the parts, and in the cells of each.

    With `mix`, which gives n random numbers, the order of values is random, and no factor waits until another had
    all its values: so also a set that ends within a turn has each about as often.
    """
    turn, which = np.divmod(np.arange(len(points)), len(parts))
    multipliers = np.empty_like(points)
    for number, part in enumerate(parts):
        mine = which == number
        numbers = _cells(turn[mine], [len(pieces) for pieces in part.pieces], skewed=mix is not None)
        for factor, (pieces, (start, stop)) in enumerate(zip(part.pieces, part.used, strict=True)):
            order = mix(len(pieces)).argsort() if mix else np.arange(len(pieces))
            low, high = pieces[order[numbers[factor]]].T
            multipliers[mine, factor] = low + (start + (stop - start) * points[mine, factor]) * (high - low)
    return multipliers


def _cells(turn: np.ndarray, sizes: list[int], skewed: bool) -> list[np.ndarray]:
    """Per factor which of its `sizes` pieces [C] has its turn; every cell once in as many turns as there are.

    The first factor runs fastest; skewed, the longest one does, and the others run with it.
    """
    numbers: list[np.ndarray] = [turn] * len(sizes)
    order = sorted(range(len(sizes)), key=lambda factor: -sizes[factor]) if skewed else range(len(sizes))
    for place, factor in enumerate(order):
        numbers[factor] = turn % sizes[factor]
        if skewed and place:
            numbers[factor] = (numbers[factor] + numbers[order[0]]) % sizes[factor]
        turn = turn // sizes[factor]
    return numbers


def frozen(name: str) -> np.random.Generator:
    """Frozen random numbers, by what they are for."""
    digest = hashlib.sha256(f"{VERSION}/{name}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "little"))


def sobol(split: str, part: int, count: int, dimensions: int) -> np.ndarray:
    """The first `count` points of a Sobol sequence scrambled with a seed of its own per part of a split."""
    from scipy.stats import qmc

    sampler = qmc.Sobol(dimensions, scramble=True, rng=frozen(split + (f"/{part}" if part else "")))
    return sampler.random_base2(max(0, int(count - 1).bit_length()))[:count]
