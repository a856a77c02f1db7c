"""Doubts where little return can be promised: the lower end of a split-conformal interval (Lei et al. 2018, 2.2).

    interval  f(x) - q, f(x) + q        doubt  -(f(x) - q)

f is a ridge regression from what a window shows (x: values of the states, their mean and the first one; reward so far;
transitions so far; mean state) to a context's mean return, fitted on the validation contexts. q is the
ceil((n + 1) level)-th smallest |return - f(x)| over the n calibration contexts, each with one episode that is not the
watched one (the first of those that are scored).

Where calibration and new contexts are drawn alike, the interval covers the return of another episode with a probability
of at least `level`, whatever f is; how much is lost outside the train region is what is to be found out. It is one
width for all contexts, so that its width cannot rank them: the doubt is what the lower end says.

Fitted for each budget, as what is seen by then decides what can be promised. Runs are calibrated on their own. With
fewer than level / (1 - level) calibration contexts no interval is finite: a study is refused.

Defined for every agent and method, and at a budget of 0.
"""

import math
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from meta_rl.uncertainty.base import Estimator, Evidence, Shown
from meta_rl.uncertainty.ridge import ridge
from meta_rl.uncertainty.watched import Watched


@dataclass(frozen=True)
class Config:
    """Settings."""

    level: Annotated[float, (0.01, 0.999), "probability with which the interval is to cover a return"] = 0.9


class Conformal(Estimator):
    """A regression and the quantile of its residuals."""

    reads = "reward"
    per_budget = True

    def fit(self, evidence: Evidence, budget: int | None) -> None:
        assert evidence.validation is not None, "needs validation contexts"
        assert evidence.calibration is not None, "needs calibration contexts"
        seen = _seen(evidence.validation.window)
        mean, deviation = seen.mean(1), seen.std(1)
        deviation = np.where(deviation > 1e-8, deviation, 1.0)
        scaled = (seen - mean[:, None]) / deviation[:, None]
        targets = _returned(evidence.validation).mean(-1)
        weights, constants = zip(*(ridge(*run) for run in zip(scaled, targets, strict=True)), strict=True)
        self._keep(mean=mean, deviation=deviation, weight=np.stack(weights), constant=np.array(constants))
        one_each = _returned(evidence.calibration)[..., 0]
        residuals = np.abs(one_each - self._predicted(evidence.calibration.window))
        self._keep(width=np.array([quantile(run, self.config.level) for run in residuals]))

    def __call__(self, window: Watched, context: Tensor | None) -> Tensor:
        return -self.interval(window, context)[0]

    def interval(self, window: Watched, context: Tensor | None) -> tuple[Tensor, Tensor]:
        middle, width = torch.from_numpy(self._predicted(window)), self.monitor["width"][:, None]
        return middle - width, middle + width

    def _keep(self, **values: np.ndarray) -> None:
        self.monitor |= {name: torch.from_numpy(value) for name, value in values.items()}

    def _predicted(self, window: Watched) -> np.ndarray:
        """The mean return, float64 [S, C]."""
        learnt = {name: value.numpy()[:, None] for name, value in self.monitor.items()}
        scaled = (_seen(window) - learnt["mean"]) / learnt["deviation"]
        predicted: np.ndarray = (scaled * learnt["weight"]).sum(-1) + learnt["constant"]
        return predicted


def quantile(residuals: np.ndarray, level: float) -> float:
    """The ceil((n + 1) level)-th smallest of n absolute residuals. Raises ValueError if there are too few for it."""
    rank = math.ceil((len(residuals) + 1) * level - 1e-9)  # 10 times .9 is 9, also where it is rounded up
    if rank > len(residuals):
        raise ValueError(
            f"{len(residuals)} calibration contexts are too few for an interval at level {level}"
        )
    return float(np.sort(residuals)[rank - 1])


def _seen(window: Watched) -> np.ndarray:
    """What a window shows, float64 [S, C, D]."""
    value = window.signals["value"].double()
    counts = torch.arange(window.reward.shape[2]) < window.steps.unsqueeze(-1)
    # A step of zero reward in front, so that there is one to sum where nothing was watched yet.
    rewards = pad(torch.where(counts, window.reward.double(), 0.0), (1, 0))
    parts = (
        window.mean_of_states(value),
        value[:, :, 0],
        rewards.cumsum(2)[:, :, -1:],
        window.steps.unsqueeze(-1).double(),
        window.mean_of_states(window.observation),
    )
    seen: np.ndarray = torch.cat(parts, -1).numpy()
    return seen


def _returned(shown: Shown) -> np.ndarray:
    assert shown.returned is not None, "needs returns"
    returned: np.ndarray = shown.returned.numpy()
    return returned


build = Conformal
