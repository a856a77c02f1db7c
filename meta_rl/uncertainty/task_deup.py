"""Doubts what the doubts of others and past shortfalls say together: DEUP's idea (Lahlou et al. 2021, 2102.08501).

DEUP learns to predict the error of a frozen predictor, out of sample, from features such as other estimates of its
uncertainty, and takes what it predicts as the uncertainty. Here the error is the shortfall of a frozen policy in a
context, the sample are the run's validation contexts, which nothing else was trained on, and the features are the
doubts of all estimators of the study that see windows alone, at the same budget. The doubt is the predicted shortfall.

Each doubt x goes in as arcsinh((x - median) / spread), with median and mean absolute deviation over the validation
contexts: doubts differ by orders of magnitude, and far outside they are to count, but not to count alone. The
regression is a ridge whose penalty is chosen by leaving one context out (`RidgeCV` of scikit-learn), so that the fit is
judged by contexts that it has not seen; contexts are few, and doubts say alike things.

A doubt that has no number in some validation context, or is the same in all of them, is left out of that run. Where
none remains, all contexts are doubted alike. In the validation contexts themselves doubts are those of a fit that knows
them.

Deviations from the paper (code: MJ10/DEUP, uncertaintylearning/models/deup.py, which has networks, linear regression
and Gaussian processes): it takes off an estimate of the noise that no model could predict; a shortfall is an average
over episodes already, and doubts are compared by their order.

Defined for every agent and method, where validation contexts have references; a run with fewer than three has no doubt.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from meta_rl.uncertainty.base import Estimator, Evidence
from meta_rl.uncertainty.ridge import check, ridge
from meta_rl.uncertainty.watched import Watched


@dataclass(frozen=True)
class Config:
    """Nothing to set."""


class TaskDEUP(Estimator):
    """Ridge regression from doubts to the shortfall."""

    reads = "doubts"
    per_budget = True

    def fit(self, evidence: Evidence, budget: int | None) -> None:
        assert evidence.validation is not None, "needs validation contexts"
        assert evidence.validation.shortfall is not None, "needs the shortfall"
        features = _features(evidence.validation.window)
        learnt = [
            _regression(*run) for run in zip(features, evidence.validation.shortfall.numpy(), strict=True)
        ]
        names = ("median", "spread", "weight", "constant")
        self.monitor = {
            name: torch.from_numpy(np.stack(values))
            for name, values in zip(names, zip(*learnt, strict=True), strict=True)
        }

    def __call__(self, window: Watched, context: Tensor | None) -> Tensor:
        learnt = {name: value.numpy()[:, None] for name, value in self.monitor.items()}
        features, weight = _features(window), learnt["weight"]
        scaled = np.where(weight == 0, 0.0, np.arcsinh((features - learnt["median"]) / learnt["spread"]))
        return torch.from_numpy((scaled * weight).sum(-1) + learnt["constant"])


def _features(window: Watched) -> np.ndarray:
    """float64 [S, C, D]"""
    assert window.doubts, "needs the doubts of others"
    return np.stack([window.doubts[name].numpy() for name in sorted(window.doubts)], -1)


def _regression(features: np.ndarray, shortfall: np.ndarray) -> tuple[np.ndarray, ...]:
    """Of a run, from [C, D] and [C]. Raises ValueError if too few contexts have a shortfall."""
    known = np.isfinite(shortfall)
    check(int(known.sum()))
    features, shortfall = features[known], shortfall[known]
    complete = np.isfinite(features).all(0)
    median = np.where(complete, np.median(np.where(complete, features, 0.0), 0), 0.0)
    spread = np.abs(np.where(complete, features - median, 0.0)).mean(0)
    used = spread > 1e-12
    spread = np.where(used, spread, 1.0)
    weight, constant = np.zeros(len(used)), shortfall.mean()
    if used.any():
        weight[used], constant = ridge(np.arcsinh((features - median) / spread)[:, used], shortfall)
    return median, spread, weight, np.asarray(constant)


build = TaskDEUP
