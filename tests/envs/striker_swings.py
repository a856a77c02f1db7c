"""Striker in given contexts, and a swing that strikes its ball."""

from typing import Any

import numpy as np
import pytest

from meta_rl.envs.simulator import SimulatorRows
from meta_rl.envs.striker import STRIKER, STRIKER_EPI, Striker

TIME_STEP, FRAME_SKIP, ARMATURE = 0.01, 5, 0.1  # published; the ball moves as if it were 0.1 kg heavier
REST = np.zeros(7, dtype=np.float32)
CHANGED = {"gravity": -3.7, "ball_mass": 0.4, "ball_damping": 0.9, "ball_friction": 0.05}
BEHIND = np.array([0.2, 0.9, -1.4, -1.3, 0.9, -0.1, 0.2])  # angles of two poses
BEYOND = np.array([0.8, 0.8, -1.4, -0.8, 1.0, -0.1, 0.4])

every_task = pytest.mark.parametrize("task", [STRIKER, STRIKER_EPI], ids=["striker", "striker_epi"])


def context(task: Striker, **changed: float) -> dict[str, float]:
    return {feature.name: feature.default for feature in task.features} | changed


def changed(task: Striker) -> dict[str, float]:
    """A context with no feature at its default."""
    return {feature.name: CHANGED[feature.name] for feature in task.features}


def started(task: Striker, values: dict[str, float] | None = None, seed: int = 0) -> Any:
    worker = task.make()
    task.apply(worker, context(task) | (values or {}))
    worker.reset(seed=seed)
    return worker


def swing(observation: np.ndarray, time: int) -> np.ndarray:
    """Torques that strike the ball in both tasks."""
    if time >= 17:
        return REST
    angles, speeds = observation[:7], observation[7:14]
    wanted = 4.5 * (BEHIND - angles) - 0.8 * speeds if time < 8 else 4.5 * (BEYOND - angles)
    return np.float32(wanted.clip(-3, 3))


def struck(task: Striker, worker: Any, steps: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Observations [steps + 1, 23], actions [steps, 7] and rewards [steps] of a swing."""
    seen, actions, rewards = [worker._observation()], [], []
    for time in range(steps):
        actions.append(swing(seen[-1], time))
        observation, reward, terminated, truncated, _ = worker.step(actions[-1])
        assert (terminated, truncated) == (False, False)
        seen.append(observation)
        rewards.append(reward)
    return np.array(seen), np.array(actions), np.array(rewards)


def rows_of(task: Striker, contexts: list[dict[str, float]], *starts: float) -> SimulatorRows:
    """One row per context, each with its start, or all with the same one."""
    shape = (1, len(contexts))
    rows = task.build(tuple(contexts[0]), shape)
    values = np.array([[list(one.values()) for one in contexts]])
    rows.reset(np.ones(shape, dtype=bool), values, np.reshape(starts or [0.3] * shape[1], (*shape, 1)))
    return rows
