"""Where puck and goal of Meta-World's tasks start, and that a hidden goal shows in the reward alone."""

import numpy as np
import pytest
from metaworld_rows import defaults, every_dynamics, started, wild

from meta_rl.envs.metaworld import GOAL_CORNER, PICK_PLACE, PUSH, REACH_GOAL, MetaWorld

# starts


@every_dynamics
def test_puck_and_goal_start_apart_in_the_ranges_of_meta_world(task: MetaWorld) -> None:
    worker = task.make()
    drawn = np.array([task.positions(worker, np.random.default_rng(seed)) for seed in range(2000)])
    goal_z = (0.05, 0.3) if task is PICK_PLACE else (0.01, 0.02)
    ranges = np.array([(-0.1, 0.1), (0.6, 0.7), (0.02, 0.02), (-0.1, 0.1), (0.8, 0.9), goal_z])
    size = ranges[:, 1] - ranges[:, 0]
    assert (drawn >= ranges[:, 0]).all()
    assert (drawn <= ranges[:, 1]).all()
    assert (np.ptp(drawn, axis=0) >= 0.98 * size).all()
    apart = np.hypot(*(drawn[:, :2] - drawn[:, 3:5]).T)
    assert 0.15 <= apart.min() < 0.16


def test_the_puck_starts_where_it_says_nothing_about_a_hidden_goal() -> None:
    worker, drawn = REACH_GOAL.make(), []
    for y in (0.8, 0.9):
        REACH_GOAL.apply(worker, defaults(REACH_GOAL, goal_offset_y=y - 0.8))
        drawn.append([REACH_GOAL.positions(worker, np.random.default_rng(seed)) for seed in range(1000)])
    near, far = np.array(drawn)
    assert np.array_equal(near[:, :3], far[:, :3])
    assert near[:, 3:] == pytest.approx(np.broadcast_to([0.0, 0.8, 0.175], (1000, 3)))
    assert near.min(axis=0)[:3] == pytest.approx([-0.1, 0.6, 0.02], abs=1e-3)
    assert near.max(axis=0)[:3] == pytest.approx([0.1, 0.65, 0.02], abs=1e-3)


def test_a_visible_goal_is_observed_where_it_is() -> None:
    worker = PICK_PLACE.make()
    PICK_PLACE.apply(worker, defaults(PICK_PLACE))
    observation = PICK_PLACE.start(worker, 7)
    drawn = PICK_PLACE.positions(worker, np.random.default_rng(7))
    assert np.array_equal(observation[-3:], drawn[3:])
    assert observation[4:6] == pytest.approx(drawn[:2], abs=1e-3)


# the hidden goal


def test_the_bounds_of_the_goal_are_its_space_in_meta_world() -> None:
    space = REACH_GOAL.make().goal_space
    assert space.low == pytest.approx(GOAL_CORNER)
    low, middle, high = np.array([(one.low, one.default, one.high) for one in REACH_GOAL.features]).T
    assert low.tolist() == [0.0] * 3
    assert high == pytest.approx(space.high - space.low)
    assert middle == pytest.approx(high / 2)


def test_the_goal_is_in_the_reward_and_not_in_the_observation() -> None:
    goals = [
        {"goal_offset_x": 0.0, "goal_offset_y": 0.0, "goal_offset_z": 0.0},
        {"goal_offset_x": 0.2, "goal_offset_y": 0.1, "goal_offset_z": 0.25},
    ]
    rows = started(REACH_GOAL, goals)
    assert [task.spaces.rewarded for task in (PUSH, PICK_PLACE, REACH_GOAL)] == [False, False, True]
    for action in wild(30):
        first, second = rows.observation[0]
        assert np.array_equal(first, second)
        assert not first[-3:].any()
        reward = rows.step(np.tile(action, (1, 2, 1))).reward[0]
        for worker, goal, found in zip(
            rows.workers, ((-0.1, 0.8, 0.05), (0.1, 0.9, 0.3)), reward, strict=True
        ):
            margin = np.linalg.norm(np.subtract(goal, (0.0, 0.6, 0.2)))  # from where the hand begins
            away = np.linalg.norm(np.subtract(goal, worker.tcp_center)) - 0.05
            assert found == pytest.approx(10 / (1 + 9 * (away / margin) ** 2))
