"""Lookahead over all sequences of 4 actions, with a linear-quadratic regulator's cost-to-go at the end.

For physics with a few discrete actions and an unstable equilibrium at the zero state. The regulator (Anderson
& Moore 1990, discrete-time) belongs to the dynamics linearised there, for each context on its own; the
lookahead runs the full dynamics. It is a reference, not a competitor: it knows the context and the equations.
"""

from typing import Any

import numpy as np

from meta_rl.controllers.base import Controller
from meta_rl.envs.base import PhysicsRows
from meta_rl.spaces import Environments

STARTS = 500  # that conformance tests compare: in few of them it acts otherwise
DEPTH = 4
# Weights of x, x_dot, theta, theta_dot and of the action: the angle's limit is a tenth of the position's.
STATE_COST = np.array([1.0, 0.1, 100.0, 1.0])
ACTION_COST = 0.01
FAILURE = 1e9  # cost of a terminated step; the later it comes, the less often it is paid


class Lookahead:
    """The first action of the best of 2 ** DEPTH sequences, for all rows together."""

    def __init__(self) -> None:
        self._cost_to_go: np.ndarray | None = None

    def __call__(self, environments: Environments, chance: np.ndarray) -> np.ndarray:
        assert isinstance(environments, PhysicsRows)
        physics, count = environments.physics, chance[..., 0].size
        context = [_column(value) for value in environments.context]
        if self._cost_to_go is None:
            self._cost_to_go = _regulators(physics, context, count)
        state = [_column(value) for value in environments.state]
        failed = np.zeros((count, 1), dtype=bool)
        cost = np.zeros((count, 1))
        actions = environments.spaces.action
        for _ in range(DEPTH):
            branches = cost.shape[1]
            state, failed, cost = (
                [np.repeat(column, actions, axis=1) for column in state],
                np.repeat(failed, actions, axis=1),
                np.repeat(cost, actions, axis=1),
            )
            state, _, terminated = physics.step(state, np.tile(np.arange(actions), branches), context)
            failed |= terminated
            cost += FAILURE * failed
        end = np.stack(state, axis=-1)
        cost += np.einsum("rbi,rij,rbj->rb", end, self._cost_to_go, end, optimize=True)
        first = cost.argmin(axis=1) // actions ** (DEPTH - 1)
        return first.reshape(environments.rows)


def _column(value: Any) -> Any:
    return value.reshape(-1, 1) if isinstance(value, np.ndarray) else value


def _regulators(physics: Any, context: list[Any], rows: int) -> np.ndarray:
    """The matrices P [rows, D, D] of the cost-to-go x'Px, once per distinct context."""
    from scipy.linalg import solve_discrete_are

    varied = [np.broadcast_to(value, (rows, 1)) for value in context]
    distinct, row = np.unique(np.concatenate(varied, axis=1), axis=0, return_inverse=True)
    matrices = []
    for values in distinct:
        a, b = _linearised(physics, tuple(values))
        matrices.append(solve_discrete_are(a, b, np.diag(STATE_COST), np.array([[ACTION_COST]])))
    return np.stack(matrices)[row.ravel()]


def _linearised(physics: Any, context: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """A and B of x' = Ax + Bu at the zero state, by central differences; u = -1 and 1 are the two actions."""
    size, small = len(STATE_COST), 1e-6

    def after(state: np.ndarray, action: int) -> np.ndarray:
        return np.array(physics.step(tuple(state), action, context)[0], dtype=np.float64)

    def drift(state: np.ndarray) -> np.ndarray:
        return (after(state, 0) + after(state, 1)) / 2

    nudges = small * np.eye(size)
    a = np.stack([(drift(nudge) - drift(-nudge)) / (2 * small) for nudge in nudges], axis=1)
    zero = np.zeros(size)
    b = (after(zero, 1) - after(zero, 0)) / 2
    return a, b[:, None]


def build() -> Controller:
    return Lookahead()
