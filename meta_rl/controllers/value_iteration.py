"""Value iteration on a grid, for physics of two state variables: the undiscounted optimum, nearly.

Bellman 1957; values between grid points are interpolated linearly, as in Munos & Moore 2002. The values of
each distinct context are computed once, over as many steps as an episode has, and the latest are kept for the
next controller; it takes the action whose outcome, by the full equations, is worth most. It is a reference,
not a competitor: it knows the context and the equations.
"""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from meta_rl.envs.base import PhysicsRows
from meta_rl.spaces import Environments

TOLERANCE = 1e-2  # change of value from which on no further sweep is worth its time
KEPT = 64  # contexts whose values are kept, a few hundred kB each
Columns = Sequence[Any]


class Grid(NamedTuple):
    """Where the values of one context are known: evenly from `low` to `high` of either state variable.

    A periodic variable's `high` is its `low` again, and no grid point of its own.
    """

    low: tuple[float, float]
    high: tuple[float, float]
    actions: np.ndarray  # to choose among: int64 [B] where discrete, else float32 [B, A]


class Solved(NamedTuple):
    """The distinct contexts C of rows R, solved."""

    row: np.ndarray  # [R], which context a row has
    low: np.ndarray  # [C, 2]
    high: np.ndarray  # [C, 2]
    actions: np.ndarray  # [C, B] or [C, B, A]
    values: np.ndarray  # [C, points]


class ValueIteration:
    """Acts in rows whose contexts stay as they are at the first call.

    `grid` makes a context's grid, of `points` points; `periodic` says which variables are.
    """

    def __init__(
        self,
        grid: Callable[[Columns], Grid],
        points: tuple[int, int],
        periodic: tuple[bool, bool] = (False, False),
    ) -> None:
        self._grid, self._points, self._periodic = grid, points, periodic
        self._solved: Solved | None = None

    def __call__(self, environments: Environments, chance: np.ndarray) -> np.ndarray:
        assert isinstance(environments, PhysicsRows)
        physics, count = environments.physics, math.prod(environments.rows)
        context = [_column(value) for value in environments.context]
        if self._solved is None:
            self._solved = self._solve(physics, context, count)
        row, low, high, actions, values = self._solved
        choices = actions[row]
        state, reward, terminated = physics.step(
            [_column(one) for one in environments.state], choices, context
        )
        corners, weights = self._corners(state, low[row].T[..., None], high[row].T[..., None])
        following = (values[row[:, None, None], corners] * weights).sum(axis=-1)
        best = (reward + np.where(terminated, 0.0, following)).argmax(axis=1)
        return choices[np.arange(count), best].reshape(*environments.rows, *choices.shape[2:])

    def _solve(self, physics: Any, context: Columns, rows: int) -> Solved:
        varied = np.concatenate([np.broadcast_to(value, (rows, 1)) for value in context], axis=1)
        distinct, row = np.unique(varied, axis=0, return_inverse=True)
        grids = [self._grid(one) for one in distinct.tolist()]
        values = [
            _values(physics.step, physics.horizon, self._grid, self._points, self._periodic, tuple(one))
            for one in distinct.tolist()
        ]
        low, high, actions = (np.stack(part) for part in zip(*grids, strict=True))
        return Solved(row.ravel(), low, high, actions, np.stack(values))

    def _corners(self, variables: Columns, low: Columns, high: Columns) -> tuple[np.ndarray, np.ndarray]:
        return _corners(self._points, self._periodic, variables, low, high)


@lru_cache(maxsize=KEPT)
def _values(
    step: Callable[..., tuple[Columns, Any, Any]],
    horizon: int,
    grid_of: Callable[[Columns], Grid],
    points: tuple[int, int],
    periodic: tuple[bool, bool],
    context: tuple[float, ...],
) -> np.ndarray:
    """The best return of an episode of physics' `step` from each grid point, [points]."""
    from scipy.sparse import csr_array

    grid = grid_of(context)
    axes = [
        np.linspace(low, high, count, endpoint=not around)
        for low, high, count, around in zip(grid.low, grid.high, points, periodic, strict=True)
    ]
    at = [column.ravel() for column in np.meshgrid(*axes, indexing="ij")]
    state, reward, terminated = step(at, grid.actions[:, None], context)
    corners, weights = _corners(points, periodic, state, grid.low, grid.high)
    weights = weights * ~terminated[..., None]
    ends = np.arange(0, corners.size + 1, corners.shape[-1])
    shape = (reward.size, len(at[0]))
    following = csr_array((weights.ravel(), corners.ravel(), ends), shape=shape)
    values = np.zeros(len(at[0]))
    for _ in range(horizon):
        before, values = values, (reward + (following @ values).reshape(reward.shape)).max(axis=0)
        if np.abs(values - before).max() < TOLERANCE:
            break
    return values


def _corners(
    points: tuple[int, int], periodic: tuple[bool, bool], variables: Columns, low: Columns, high: Columns
) -> tuple[np.ndarray, np.ndarray]:
    """Numbers [..., 4] of the grid points around each state, and their weights, which add up to 1."""
    sides = []
    for axis, (column, count, around) in enumerate(zip(variables, points, periodic, strict=True)):
        cells = count if around else count - 1
        place = (column - low[axis]) / (high[axis] - low[axis]) * cells
        place = place % cells if around else np.clip(place, 0, cells)
        cell = np.minimum(place.astype(np.int64), cells - 1)
        sides.append(((cell, cell + 1 - place), ((cell + 1) % count, place - cell)))
    pairs = [(one, other) for one in sides[0] for other in sides[1]]
    corners = [first * points[1] + second for (first, _), (second, _) in pairs]
    return np.stack(corners, axis=-1), np.stack([one * other for (_, one), (_, other) in pairs], axis=-1)


def _column(value: Any) -> Any:
    return value.reshape(-1, 1) if isinstance(value, np.ndarray) else value
