"""Doubts states that lie far from those of the train contexts: the mean squared distance in standard deviations.

This paragraph and the first one become the page of the estimator. Say here which paper it is from, and what differs.
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from meta_rl.uncertainty.base import Estimator, Evidence
from meta_rl.uncertainty.watched import Watched

# Read and not run, so keep it a literal. What may stand here: meta_rl/entries.py.
ESTIMATORS = {"mine": {"fits": True}}


@dataclass(frozen=True)
class Config:
    """Settings, each with type, range or choices, meaning and default. They are read and not run, too."""

    most: Annotated[float, (1, 1e6), "squared distance of a coordinate from which on it counts no more"] = (
        100.0
    )


class Distance(Estimator):
    """How far states are from those of training."""

    reads = "states"  # what tells failures apart for it: conformance tests plant that

    def fit(self, evidence: Evidence, budget: int | None) -> None:
        """All that it learns are tensors [S, ...] of the monitor, which files keep."""
        window = evidence.train.window
        mean, deviation = window.moments(window.observation, of_steps=False)
        self.monitor = {"mean": mean, "deviation": deviation}

    def __call__(self, window: Watched, context: Tensor | None) -> Tensor:
        """Doubt, float64 [S, C]; of what ESTIMATORS does not say that it needs, there is nothing."""
        mean, deviation = (self.monitor[name][:, None, None] for name in ("mean", "deviation"))
        away = ((window.observation - mean) / deviation).square().clamp(max=self.config.most)
        return window.mean_of_states(away.mean(-1)).to(torch.float64)


build = Distance
