"""Windows and runs that are drawn, for tests of single estimators."""

from typing import Any

import numpy as np
import torch

from meta_rl.agents.protocols import Task
from meta_rl.contexts import ContextSpace, Feature
from meta_rl.registry import ESTIMATORS, load
from meta_rl.spaces import Spaces
from meta_rl.streams import Streams
from meta_rl.uncertainty.base import Estimator
from meta_rl.uncertainty.watched import Watched

_FEATURES = (Feature("mass", 2.0, 0.01, 100.0, "kg"), Feature("length", 0.5, 0.01, 100.0, "m"))


def task(observation: int = 3) -> Task:
    """Two features: multipliers of .5 to 1.5 and of 1 to 3."""
    features = {"mass": {"train": [0.5, 1.5]}, "length": {"train": [1.0, 3.0]}}
    return Task(
        Spaces(observation=observation, action=2, discrete=True),
        ContextSpace.of(_FEATURES, features, "A", {}),
    )


def estimator(name: str, runs: int = 1, observation: int = 3, **settings: Any) -> Estimator:
    """A registered one, not fitted."""
    assert name in ESTIMATORS
    module = load("estimator", name)
    one: Estimator = module.build(
        module.Config(**settings), task(observation), Streams([f"run {run}" for run in range(runs)])
    )
    return one


def window(states: np.ndarray, **parts: Any) -> Watched:
    """Whole episodes that go through states [S, C, T + 1, O]; the action alternates, and nothing is earned."""
    runs, contexts, length = (*states.shape[:2], states.shape[2] - 1)
    action = torch.zeros(runs, contexts, length, 2)
    action[:, :, ::2, 0], action[:, :, 1::2, 1] = 1, 1
    steps = torch.full((runs, contexts), length)
    made = Watched(
        torch.from_numpy(states).float(), action, torch.zeros(runs, contexts, length), steps, steps,
        {"value": torch.zeros(runs, contexts, length, 1)},
    )  # fmt: skip
    return made._replace(**parts)
