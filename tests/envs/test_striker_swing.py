"""Planned swings solve the default context of Striker, and are planned in the believed context."""

import numpy as np
import pytest
from striker_swings import REST, context, rows_of, started

from meta_rl import registry
from meta_rl.controllers import striker_swing
from meta_rl.envs.simulator import SimulatorRows
from meta_rl.envs.striker import STRIKER, STRIKER_EPI


def played(rows: SimulatorRows, believed: dict[str, float] | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Returns [N] and first twenty actions [20, N, 7] of the controller."""
    controller = registry.load("controller", "striker_swing").build()
    known = rows.believing(believed) if believed else rows
    chance = np.full((*rows.rows, rows.spaces.chance), 0.25)
    total, actions = np.zeros(rows.rows), []
    for _ in range(rows.simulator.horizon):
        action = controller(known, chance)
        assert action.dtype == np.float32
        assert abs(action).max() <= rows.spaces.limit
        actions.append(action[0])
        total += rows.step(action).reward
    return total[0], np.array(actions[:20])


def test_a_planned_swing_solves_the_default_context() -> None:
    (found,), _ = played(rows_of(STRIKER, [context(STRIKER)]))
    worker = started(STRIKER, seed=int(0.3 * 2**31))
    rest = sum(worker.step(REST)[1] for _ in range(STRIKER.horizon))
    assert found > STRIKER.success > rest


def test_swings_are_planned_in_the_believed_context(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in {"ROUNDS": 3, "POPULATION": 16, "ELITE": 3}.items():  # a short search
        monkeypatch.setattr(striker_swing, name, size)
    usual, other = context(STRIKER_EPI), context(STRIKER_EPI, ball_damping=3.0)
    _, apart = played(rows_of(STRIKER_EPI, [usual, other], 0.3, 0.6))
    _, alone = played(rows_of(STRIKER_EPI, [other], 0.6))
    assert np.array_equal(alone[:, 0], apart[:, 1])
    _, wrong = played(rows_of(STRIKER_EPI, [usual], 0.6), believed=other)
    assert np.array_equal(wrong[0], alone[0])  # until the ball is struck, which the arm feels
    _, right = played(rows_of(STRIKER_EPI, [usual], 0.6))
    assert not np.array_equal(right[0], alone[0])
