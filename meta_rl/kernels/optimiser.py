"""A step of Adam for a stack, seed by seed, clipped by the norm of all of a seed's gradients."""

from typing import Any

import numpy as np
from numba import carray, njit

from meta_rl.kernels.vectors import floats, longs

VALUES, GRADIENTS, FIRST, SECOND, COUNT = range(5)  # the columns of a table with a line for each parameter


@njit(fastmath={"reassoc", "contract"})
def _squares(address: int, count: int) -> Any:
    """The sum of squares. Its order depends on the count alone."""
    values, total = carray(floats(address), count), np.float32(0)
    for i in range(count):
        total += values[i] * values[i]
    return total


@njit(error_model="numpy")
def _move(
    line: Any, seed: int, scale: Any, rate: Any, rest1: Any, rest2: Any, root: Any, epsilon: Any
) -> Any:
    """A parameter of a seed: m <- m + rest1 (g - m), v <- v + rest2 (g^2 - v), where a rest is 1 - beta, and then
    p <- p - rate m / (root sqrt(v) + epsilon), where rate and root hold the corrections of the first steps."""
    count = line[COUNT]
    shift = 4 * seed * count
    p, g = carray(floats(line[VALUES] + shift), count), carray(floats(line[GRADIENTS] + shift), count)
    m, v = carray(floats(line[FIRST] + shift), count), carray(floats(line[SECOND] + shift), count)
    for i in range(count):
        gradient = g[i] * scale
        first = m[i] + rest1 * (gradient - m[i])
        second = v[i] + rest2 * (gradient * gradient - v[i])
        m[i] = first
        v[i] = second
        p[i] = p[i] - rate * first / (root * np.sqrt(second) + epsilon)


def adam(
    seeds: int, parameters: int, table: int, steps: int, rate: float, beta1: float, beta2: float, epsilon: float,
    max_norm: float,
) -> Any:  # fmt: skip
    """Step number `steps`, from 1, of Kingma & Ba 2015, algorithm 1, from gradients of at most `max_norm` (L2).

    The table, int64 [parameters, 5], has addresses of values, gradients and moments, each [seeds, count], and counts.
    """
    lines = carray(longs(table), (parameters, 5))
    corrected = np.float32(rate / (1 - beta1**steps))
    root = np.float32(1 / np.sqrt(1 - beta2**steps))
    for seed in range(seeds):
        scale = np.float32(1)
        if max_norm < np.inf:
            total = np.float32(0)
            for parameter in range(parameters):
                count = lines[parameter, COUNT]
                total += _squares(lines[parameter, GRADIENTS] + 4 * seed * count, count)
            bounded = np.float32(max_norm) / (np.sqrt(total) + np.float32(1e-6))
            scale = bounded if bounded < scale else scale
        for parameter in range(parameters):
            _move(
                lines[parameter], seed, scale, corrected, np.float32(1 - beta1), np.float32(1 - beta2), root,
                np.float32(epsilon),
            )  # fmt: skip
