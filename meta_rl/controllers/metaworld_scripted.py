"""Meta-World's scripted policies (package metaworld, `metaworld.policies`), one per task.

They solve their tasks at the default dynamics, and know where the goal is, also where it is hidden. They know
nothing of the dynamics: elsewhere they are a baseline, not an upper bound.
"""

import warnings
from typing import Any

import numpy as np

from meta_rl.controllers.base import Controller
from meta_rl.envs.metaworld import GOAL_CORNER
from meta_rl.envs.simulator import SimulatorRows
from meta_rl.spaces import Environments

READS = frozenset({"goal_offset_x", "goal_offset_y", "goal_offset_z"})  # features that make it act otherwise
STARTS = 2  # that conformance tests compare: they take their time


class Scripted:
    """The policy of the environments' task, for one row after the other."""

    def __init__(self) -> None:
        self._policy: Any = None

    def __call__(self, environments: Environments, chance: np.ndarray) -> np.ndarray:
        assert isinstance(environments, SimulatorRows)
        if self._policy is None:
            from metaworld.policies import ENV_POLICY_MAP

            self._policy = ENV_POLICY_MAP[environments.simulator.task]()
        spaces = environments.spaces
        seen = environments.observation.reshape(-1, spaces.observation).astype(np.float64)
        if environments.simulator.goal_hidden:  # the context is the goal
            offsets = [environments.context[one.name].ravel() for one in environments.simulator.features]
            seen[:, -3:] = np.add(GOAL_CORNER, np.stack(offsets, axis=-1))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that actions may be clipped, as they are here
            actions = np.array([self._policy.get_action(row) for row in seen])
        return actions.clip(-spaces.limit, spaces.limit).reshape(*environments.rows, spaces.action)


def build() -> Controller:
    return Scripted()
