"""Workers and rows of Meta-World's tasks in given contexts, and actions for them."""

from typing import Any

import numpy as np
import pytest

from meta_rl import registry
from meta_rl.envs.metaworld import PICK_PLACE, PUSH, REACH_GOAL, MetaWorld
from meta_rl.envs.simulator import SimulatorRows

every_task = pytest.mark.parametrize("task", [PUSH, PICK_PLACE, REACH_GOAL], ids=lambda task: task.task)
every_dynamics = pytest.mark.parametrize("task", [PUSH, PICK_PLACE], ids=lambda task: task.task)


def defaults(task: MetaWorld, **changed: float) -> dict[str, float]:
    return {feature.name: feature.default for feature in task.features} | changed


def elsewhere(task: MetaWorld) -> dict[str, float]:
    """A context with no feature at its default."""
    return {feature.name: 0.6 * feature.default for feature in task.features}


def worker_in(task: MetaWorld, context: dict[str, float], seed: int = 0) -> Any:
    worker = task.make()
    task.apply(worker, context)
    task.start(worker, seed)
    return worker


def started(task: MetaWorld, contexts: list[dict[str, float]], start: float = 0.3) -> SimulatorRows:
    """One row per context, all with the same start."""
    shape = (1, len(contexts))
    rows = task.build(tuple(contexts[0]), shape)
    values = np.array([[list(context.values()) for context in contexts]])
    rows.reset(np.ones(shape, dtype=bool), values, np.full((*shape, task.noise), start))
    return rows


def wild(steps: int, seed: int = 0) -> np.ndarray:
    """Random actions [steps, 4]."""
    return np.random.default_rng(seed).uniform(-1, 1, (steps, 4)).astype(np.float32)


def scripted(rows: SimulatorRows, steps: int) -> np.ndarray:
    """Rewards [N, steps] of the scripted policy."""
    act = registry.load("controller", "metaworld_scripted").build()
    chance = np.zeros((*rows.rows, rows.spaces.chance))
    rewards = []
    for _ in range(steps):
        action = act(rows, chance)
        assert action.dtype == np.float32
        assert abs(action).max() <= rows.spaces.limit
        rewards.append(rows.step(action).reward[0])
    return np.array(rewards).T
