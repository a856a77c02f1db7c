"""Striker's ball and arm move as formulas say, under each gravity, mass, damping and friction."""

import math

import numpy as np
import pytest
from striker_swings import (
    ARMATURE,
    FRAME_SKIP,
    REST,
    TIME_STEP,
    started,
)

from meta_rl.envs.striker import STRIKER, STRIKER_EPI

# the ball


@pytest.mark.parametrize(("mass", "damping"), [(0.157, 0.5), (0.0942, 1.0), (0.5966, 0.2)])
def test_a_free_ball_is_slowed_by_damping(mass: float, damping: float) -> None:
    """Euler with implicit damping: (m + armature + h d) v' = (m + armature) v."""
    worker = started(STRIKER_EPI, {"ball_mass": mass, "ball_damping": damping})
    worker.data.qvel[7:9] = 0.9, 1.2
    factor = (mass + ARMATURE) / (mass + ARMATURE + TIME_STEP * damping)
    for step in range(1, 41):
        worker.step(REST)
        speed = 1.5 * factor ** (FRAME_SKIP * step)
        assert worker.data.qvel[7:9] == pytest.approx([0.6 * speed, 0.8 * speed], rel=1e-9)


@pytest.mark.parametrize("gravity", [-0.981, -9.81, -21.6, -43.2])
@pytest.mark.parametrize(("mass", "friction"), [(0.157, 0.1), (0.5, 0.1), (0.157, 0.25)])
def test_a_sliding_ball_is_slowed_in_proportion_to_gravity(
    gravity: float, mass: float, friction: float
) -> None:
    """Without damping: (m + armature) dv/dt = -friction * m * |gravity|, along the way it goes."""
    values = {"gravity": gravity, "ball_mass": mass, "ball_friction": friction, "ball_damping": 0.0}
    worker = started(STRIKER, values)
    slowing = friction * mass * -gravity / (mass + ARMATURE)
    worker.data.qvel[7:9] = -0.8 * 4, -0.6 * 4
    steps = round(1 / (slowing * TIME_STEP * FRAME_SKIP))  # until it has lost about 1 m/s
    for _ in range(steps):
        worker.step(REST)
    velocity = worker.data.qvel[7:9]
    lost = slowing * TIME_STEP * FRAME_SKIP * steps
    assert 4 - np.hypot(*velocity) == pytest.approx(lost, rel=0.03)
    assert velocity / np.hypot(*velocity) == pytest.approx([-0.8, -0.6], abs=1e-3)


def test_the_way_of_a_ball_is_that_of_damping_and_friction() -> None:
    """The closed form of (m + armature) dv/dt = -d v - friction m g, until it lies still."""
    ways = []
    for gravity in (-0.981, -9.81, -21.6, -43.2):
        worker = started(STRIKER, {"gravity": gravity})
        before = worker.data.qpos[7:9].copy()
        worker.data.qvel[7:9] = -1.6, -1.2
        for _ in range(STRIKER.horizon):
            worker.step(REST)
        time = (0.157 + ARMATURE) / 0.1
        terminal = 0.2 * 0.157 * -gravity / 0.1
        expected = time * (2 - terminal * math.log(1 + 2 / terminal))
        expected += (
            terminal / time / 10 / 20
        )  # it creeps when slower than the friction's deceleration / 10 Hz
        ways.append(np.hypot(*(worker.data.qpos[7:9] - before)))
        assert ways[-1] == pytest.approx(expected, rel=0.03)
        assert abs(worker.data.qvel[7:9]).max() < 1e-3
    assert ways == sorted(ways, reverse=True)


def test_a_lifted_ball_falls() -> None:
    worker = started(STRIKER, {"gravity": -3.7})
    worker.data.qpos[9] = 0.5
    for step in range(1, 6):
        worker.step(REST)
        count = FRAME_SKIP * step
        assert worker.data.qpos[9] == pytest.approx(0.5 - 3.7 * TIME_STEP**2 * count * (count + 1) / 2)


@pytest.mark.parametrize("gravity", [-0.1, -9.81, -50.0])
def test_a_resting_ball_does_not_tell_the_gravity(gravity: float) -> None:
    worker = started(STRIKER, {"gravity": gravity})
    for _ in range(20):
        observation, *_ = worker.step(REST)
        assert observation[17:20] == pytest.approx([0.5, -0.175, -0.27], abs=2e-6)


# the arm


@pytest.mark.parametrize("gravity", [-0.1, -9.81, -50.0])
def test_the_arm_stays_where_it_is_under_any_gravity(gravity: float) -> None:
    worker = started(STRIKER, {"gravity": gravity})
    pose = np.array([0.3, 0.2, -1.0, -1.2, 0.8, -0.5, 0.4])

    def moved() -> float:
        worker.data.qpos[:7], worker.data.qvel[:7] = pose, 0
        for _ in range(40):
            worker.step(REST)
        return abs(worker.data.qpos[:7] - pose).max()

    assert moved() < 1e-9
    worker.model.body_gravcomp[:] = 0
    assert moved() > 0.01  # so that the compensation is what holds it


def test_motors_give_no_more_than_three() -> None:
    strong, limited = started(STRIKER), started(STRIKER)
    for _ in range(5):
        assert np.array_equal(strong.step(REST + 30)[0], limited.step(REST + 3)[0])
    assert not np.array_equal(limited.step(REST + 2.9)[0], strong.step(REST + 3)[0])
    assert limited.action_space.high.tolist() == [STRIKER.spaces.limit] * 7
