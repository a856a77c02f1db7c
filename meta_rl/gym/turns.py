"""Which context comes next."""

import numpy as np


class Turns:
    """The places 0 to `count` - 1 in turn, for ever in the same order: any `count` in a row are all of them.

    The order is the same for all but begins where it is told to, so that environments that begin one place after the
    other share the contexts out: n of them meet all in their first `count` / n turns, if n is 1, `count`, or a
    power of two that divides it. (Stable-Baselines3 and Gymnasium seed the environments of a vector so.)
    """

    def __init__(self, count: int) -> None:
        self._order = _far_apart(count)
        self._first, self._taken = 0, 0

    def begin(self, place: int) -> None:
        """The next turn is that of `place`, or of what is left of it when it is divided by `count`."""
        self._first, self._taken = place % len(self._order), 0

    def take(self, number: int) -> np.ndarray:
        """The places of the next turns, int64 [number]."""
        count = len(self._order)
        turns = self._order[(self._taken + np.arange(number)) % count]
        self._taken = (self._taken + number) % count
        return (self._first + turns) % count


def _far_apart(count: int) -> np.ndarray:
    """0 to `count` - 1: first every second number, and of those first every fourth, as far as it divides."""
    for factor in range(2, count + 1):
        if count % factor == 0:
            inner = factor * _far_apart(count // factor)
            return (inner + np.arange(factor)[:, None]).ravel()
    return np.zeros(1, dtype=np.int64)
