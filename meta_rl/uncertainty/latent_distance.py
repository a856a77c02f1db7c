"""Doubts contexts whose encoding is unlike those of training: the Mahalanobis distance of z (Lee et al. 2018, eq. 2).

z is what the method tells the agent at the last state that is shown, when most of the context has been seen. The cloud
is that of the train contexts' episodes at the same budget: sqrt((z - m)^T C^-1 (z - m)), with m their mean and C their
covariance, shrunk towards a multiple of the identity (Ledoit & Wolf 2004, as scikit-learn has it) after each dimension
was standardised: train contexts are few, and without that C may have no inverse.

Deviations from the paper (arXiv 1807.03888, features of a classifier): there is one cloud, as there are no classes.

Defined where the method infers the context, for every agent. At a budget of 0 a window is empty and a state as it
begins, so that all contexts are doubted alike; but EPI has probed by then.
"""

from dataclasses import dataclass

import numpy as np
import torch
from sklearn.covariance import ledoit_wolf
from torch import Tensor

from meta_rl.uncertainty.base import Estimator, Evidence
from meta_rl.uncertainty.watched import Watched


@dataclass(frozen=True)
class Config:
    """Nothing to set."""


class LatentDistance(Estimator):
    """Distance of the last z from the cloud of train contexts."""

    reads = "encoding"
    per_budget = True

    def fit(self, evidence: Evidence, budget: int | None) -> None:
        codes = _last(evidence.train.window)
        mean, deviation = codes.mean(1), codes.std(1)
        deviation = np.where(deviation > 1e-6, deviation, 1.0)
        known = (codes - mean[:, None]) / deviation[:, None]
        self.monitor = {
            "mean": torch.from_numpy(mean),
            "deviation": torch.from_numpy(deviation),
            "precision": torch.from_numpy(np.stack([_precision(run) for run in known])),
        }

    def __call__(self, window: Watched, context: Tensor | None) -> Tensor:
        mean, deviation, precision = (
            self.monitor[name].numpy() for name in ("mean", "deviation", "precision")
        )
        away = (_last(window) - mean[:, None]) / deviation[:, None]
        squared = [(run @ form * run).sum(-1) for run, form in zip(away, precision, strict=True)]
        return torch.from_numpy(np.sqrt(np.maximum(np.stack(squared), 0.0)))


def _last(window: Watched) -> np.ndarray:
    """z in the last state that is shown, float64 [S, C, Z]."""
    assert window.encoding is not None, "needs the encoding"
    at = (window.states - 1)[..., None, None].expand(-1, -1, 1, window.encoding.shape[-1])
    last: np.ndarray = window.encoding.gather(2, at).squeeze(2).double().numpy()
    return last


def _precision(known: np.ndarray) -> np.ndarray:
    """[Z, Z]; what does not vary counts as it is."""
    covariance, _ = ledoit_wolf(known, assume_centered=True)
    flat = np.diag(np.where(np.diagonal(covariance) > 1e-12, 0.0, 1.0))
    precision: np.ndarray = np.linalg.inv(covariance + flat)
    return precision


build = LatentDistance
