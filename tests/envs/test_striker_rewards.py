"""Striker's observations, rewards and starts are those published."""

import math

import mujoco
import numpy as np
import pytest
from striker_swings import (
    every_task,
    started,
    struck,
)

from meta_rl.envs.striker import STRIKER, STRIKER_EPI, Striker


def turn(axis: str, angle: float) -> np.ndarray:
    cos, sin = math.cos(angle), math.sin(angle)
    return {
        "x": np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]]),
        "y": np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]]),
        "z": np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]]),
    }[axis]


@every_task
def test_observations_are_angles_velocities_and_three_places(task: Striker) -> None:
    worker = started(task)
    seen, _, _ = struck(task, worker)
    assert abs(seen[1:-1, 7:14]).max() > 1
    for observation in seen:
        pan, lift, roll, elbow, forearm_roll, *_ = observation[:7].astype(np.float64)
        shoulder = turn("z", pan)
        upper_arm = shoulder @ turn("y", lift) @ turn("x", roll)
        forearm = upper_arm @ turn("y", elbow) @ turn("x", forearm_roll)
        along = [shoulder @ [0.1, 0, 0], upper_arm @ [0.4, 0, 0], forearm @ [0.321, 0, 0]]
        assert observation[14:17] == pytest.approx(np.add([0, -0.6, 0], np.sum(along, axis=0)), abs=1e-5)
    assert seen[-1][:14] == pytest.approx([*worker.data.qpos[:7], *worker.data.qvel[:7]], rel=1e-5)
    assert seen[-1][17:19] == pytest.approx(worker.data.qpos[7:9])
    assert seen[-1][20:] == pytest.approx([*worker.data.mocap_pos[0, :2], -0.323])
    assert worker.observation_space.contains(seen[-1])


@pytest.mark.parametrize(
    ("task", "seed", "near_enough"), [(STRIKER, 2, False), (STRIKER, 3, True), (STRIKER_EPI, 3, True)]
)
def test_rewards_are_those_published(task: Striker, seed: int, near_enough: bool) -> None:
    worker = started(task, seed=seed)
    seen, actions, rewards = struck(task, worker)
    places = seen[:-1, 14:].astype(np.float64).reshape(-1, 3, 3)  # where each action begins
    nearest, touched, lowest = math.inf, None, math.inf
    for (paddle, ball, goal), action, reward in zip(places, actions, rewards, strict=True):
        between = np.linalg.norm(ball - paddle)
        if between < 0.1:
            touched = paddle
        near = between if touched is None else np.linalg.norm(ball - touched)
        distance = np.linalg.norm(ball - goal)
        nearest = min(nearest, distance)
        lowest = min(lowest, between)
        counted = nearest if task is STRIKER else distance
        expected = -3 * counted - 0.1 * np.square(action.astype(np.float64)).sum() - 0.5 * near
        assert reward == pytest.approx(expected, abs=1e-4)
    assert (lowest < 0.1) == near_enough  # what counts as struck: a fast paddle is farther before and after
    assert np.linalg.norm(seen[-1][17:20] - seen[0][17:20]) > 0.1


def test_the_nearest_distance_counts_in_gym_and_the_present_one_in_epi() -> None:
    """A ball that flies over the goal and on."""
    rewards = []
    for task in (STRIKER, STRIKER_EPI):
        worker = started(task)
        _, ball, goal = np.split(worker._observation()[14:], 3)
        for factor in (1.0, 2.0):  # at the goal, then as far beyond it as it was before it
            worker.data.qpos[7:9] = (ball + factor * (goal - ball))[:2]
            mujoco.mj_kinematics(worker.model, worker.data)
            rewards.append(worker._reward() + 0.5 * np.linalg.norm(worker._ball - worker._paddle))
    over, height = 3 * 0.053, np.linalg.norm([-0.5, 1.3, 0.053])
    assert rewards == pytest.approx([-over, -over, -over, -3 * height])


def test_starts_are_those_of_gym() -> None:
    worker = STRIKER.make()
    seen = np.stack([worker.reset(seed=seed)[0] for seed in range(400)])
    goals = seen[:, 20:22]
    assert (seen[:, :7] == 0).all()
    assert abs(seen[:, 7:14]).max() <= 0.1
    assert seen[:, 7:14].std(axis=0) == pytest.approx([0.2 / math.sqrt(12)] * 7, rel=0.1)
    assert seen[:, 17:20] == pytest.approx(np.tile([0.5, -0.175, -0.27], (400, 1)))
    assert goals.min(axis=0) == pytest.approx([0.15, 0.1], abs=0.02)
    assert goals.max(axis=0) == pytest.approx([0.7, 1.0], abs=0.02)
    beyond = worker.data.geom("wall_middle").xpos[:2] - goals[-1]
    away = goals[-1] - [0.5, -0.175]
    assert beyond == pytest.approx(0.075 * away / np.linalg.norm(away))


def test_starts_are_those_of_epi() -> None:
    worker = STRIKER_EPI.make()
    seen = np.stack([worker.reset(seed=seed)[0] for seed in range(20)])
    expected = [0.5, -0.3, -0.27, 0, 1, -0.323]
    assert seen[:, 17:] == pytest.approx(np.tile(expected, (20, 1)))
    assert seen[:, :7] == pytest.approx(np.tile(STRIKER_EPI.task.arm, (20, 1)))
    low, high = worker.model.jnt_range[:7].T
    assert (low <= STRIKER_EPI.task.arm).all()
    assert (high >= STRIKER_EPI.task.arm).all()
    assert len(np.unique(seen[:, 7])) == 20
