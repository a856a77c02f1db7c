"""Doubts where the watched episode returned little so far: what success says of itself."""

from dataclasses import dataclass

import torch
from torch import Tensor

from meta_rl.uncertainty.base import Estimator
from meta_rl.uncertainty.watched import Watched


@dataclass(frozen=True)
class Config:
    """Nothing to set."""


class ProbeReturn(Estimator):
    """Minus the sum of the rewards that were watched."""

    reads = "reward"

    def __call__(self, window: Watched, context: Tensor | None) -> Tensor:
        counts = torch.arange(window.reward.shape[2]) < window.steps.unsqueeze(-1)
        return -torch.where(counts, window.reward.double(), 0.0).cumsum(2)[:, :, -1]


build = ProbeReturn
