"""What a step of Gymnasium's MuJoCo environments (v5) returns, of many rows at once.

Gymnasium's own methods take longer than the physics of a small body. These have its order of operations and take
its constants from its environment, so that all numbers agree to the last bit; that they do is tested.

Each function takes Gymnasium's environment of any row, what was `read` of all rows before and after the step
{name in MjData: [R, ...]}, and the actions, float32 [R, A]. It returns observation [R, O], reward and terminated [R].
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

Read = Mapping[str, np.ndarray]
Returned = tuple[np.ndarray, np.ndarray, np.ndarray]

_FINGERTIP, _TARGET = 3, 4  # bodies of the reacher
_LIMIT = 10  # of observed velocities and forces, where they are clipped


class Outcome(NamedTuple):
    """`read` are the arrays of MjData that `of` needs; `cfrc_ext` costs an extra call in each step."""

    of: Callable[[Any, Read, Read, np.ndarray], Returned]
    read: tuple[str, ...] = ("qpos", "qvel")


def _hopper(task: Any, was: Read, now: Read, action: np.ndarray) -> Returned:
    state = np.concatenate([now["qpos"], now["qvel"]], axis=1)
    low, high = task._healthy_state_range
    healthy = _upright(task, now) & ((low < state[:, 2:]) & (state[:, 2:] < high)).all(1)
    return _walk(task, was, now, action, healthy)


def _walker2d(task: Any, was: Read, now: Read, action: np.ndarray) -> Returned:
    return _walk(task, was, now, action, _upright(task, now))


def _halfcheetah(task: Any, was: Read, now: Read, action: np.ndarray) -> Returned:
    observation = np.concatenate([now["qpos"][:, 1:], now["qvel"]], axis=1)
    reward = task._forward_reward_weight * _speed(task, was, now) - _effort(task, action)
    return observation, reward, np.zeros(len(reward), dtype=bool)


def _swimmer(task: Any, was: Read, now: Read, action: np.ndarray) -> Returned:
    _, reward, terminated = _halfcheetah(task, was, now, action)
    return np.concatenate([now["qpos"][:, 2:], now["qvel"]], axis=1), reward, terminated


def _ant(task: Any, was: Read, now: Read, action: np.ndarray) -> Returned:
    qpos, qvel = now["qpos"], now["qvel"]
    forces = now["cfrc_ext"].clip(*task._contact_force_range).reshape(len(qpos), -1)
    speed = (now["xpos"][:, task._main_body, 0] - was["xpos"][:, task._main_body, 0]) / task.dt
    low, high = task._healthy_z_range
    height = qpos[:, 2]
    finite = np.isfinite(qpos).all(1) & np.isfinite(qvel).all(1)
    healthy = finite & (low <= height) & (height <= high)
    costs = _effort(task, action) + task._contact_cost_weight * np.square(forces).sum(1)
    reward = speed * task._forward_reward_weight + healthy * task._healthy_reward - costs
    return np.concatenate([qpos[:, 2:], qvel, forces[:, 6:]], axis=1), reward, ~healthy


def _reacher(task: Any, was: Read, now: Read, action: np.ndarray) -> Returned:
    qpos, xpos = now["qpos"], now["xpos"]
    away = xpos[:, _FINGERTIP] - xpos[:, _TARGET]
    distance = np.sqrt([one.dot(one) for one in away])
    reward = -distance * task._reward_dist_weight - np.square(action).sum(1) * task._reward_control_weight
    angles = qpos[:, :2]
    seen = [np.cos(angles), np.sin(angles), qpos[:, 2:], now["qvel"][:, :2], away[:, :2]]
    return np.concatenate(seen, axis=1), reward, np.zeros(len(qpos), dtype=bool)


def _inverted_pendulum(task: Any, was: Read, now: Read, action: np.ndarray) -> Returned:
    observation = np.concatenate([now["qpos"], now["qvel"]], axis=1)
    upright = np.isfinite(observation).all(1) & (np.abs(observation[:, 1]) <= 0.2)
    return observation, upright.astype(np.float64), ~upright


def _inverted_double_pendulum(task: Any, was: Read, now: Read, action: np.ndarray) -> Returned:
    qpos, qvel = now["qpos"], now["qvel"]
    x, _, y = now["site_xpos"][:, 0].T
    terminated = y <= 1
    away = 0.01 * _squared(x) + _squared(y - 2)
    restless = 1e-3 * _squared(qvel[:, 1]) + 5e-3 * _squared(qvel[:, 2])
    angles = qpos[:, 1:]
    seen = [
        *(qpos[:, :1], np.sin(angles), np.cos(angles)),
        *(one.clip(-_LIMIT, _LIMIT) for one in (qvel, now["qfrc_constraint"][:, :1])),
    ]
    return np.concatenate(seen, axis=1), task._healthy_reward * ~terminated - away - restless, terminated


def _squared(values: np.ndarray) -> np.ndarray:
    """As the power of one number at a time, which is rounded otherwise than that of an array."""
    return np.array([value**2 for value in values.tolist()])


def _upright(task: Any, now: Read) -> np.ndarray:
    """Whether height and angle are healthy."""
    _, height, angle = now["qpos"].T[:3]
    (low, high), (left, right) = task._healthy_z_range, task._healthy_angle_range
    return (low < height) & (height < high) & (left < angle) & (angle < right)


def _walk(task: Any, was: Read, now: Read, action: np.ndarray, healthy: np.ndarray) -> Returned:
    observation = np.concatenate([now["qpos"][:, 1:], now["qvel"].clip(-_LIMIT, _LIMIT)], axis=1)
    reward = task._forward_reward_weight * _speed(task, was, now) + healthy * task._healthy_reward
    return observation, reward - _effort(task, action), ~healthy


def _speed(task: Any, was: Read, now: Read) -> np.ndarray:
    return (now["qpos"][:, 0] - was["qpos"][:, 0]) / task.dt


def _effort(task: Any, action: np.ndarray) -> np.ndarray:
    return task._ctrl_cost_weight * np.square(action).sum(1)


HOPPER, WALKER2D, HALFCHEETAH, SWIMMER = map(Outcome, (_hopper, _walker2d, _halfcheetah, _swimmer))
ANT = Outcome(_ant, ("qpos", "qvel", "xpos", "cfrc_ext"))
REACHER = Outcome(_reacher, ("qpos", "qvel", "xpos"))
INVERTED_PENDULUM = Outcome(_inverted_pendulum)
INVERTED_DOUBLE_PENDULUM = Outcome(
    _inverted_double_pendulum, ("qpos", "qvel", "site_xpos", "qfrc_constraint")
)
