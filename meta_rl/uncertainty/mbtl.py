"""Doubts by a model of the shortfall over contexts: after MBTL (Cho et al. 2024, arXiv 2408.04498).

    doubt(c) = m(c) + slope * sd * d(c)

m is the mean of a Gaussian process of the shortfall over the run's train contexts, each factor in units of its train
range; d is the distance from the train region, as `range_distance` has it, and sd the standard deviation of these
shortfalls. So what is hard in training is doubted where it lies, and what is outside the more, the farther.

As in the authors' code (jhoon-cho/MBTL, MBTL/utils.py) the kernel is a constant times an RBF, whose width and height
have the largest marginal likelihood (scikit-learn), and the loss outside grows in proportion to the distance.

Deviations: theirs chooses in which contexts to train next, and models how well a policy of each context does in others;
here one policy was trained in all of them. Their noise is a setting and their slope one per task; here the noise is
fitted, too, and the slope is a setting in units of the shortfall's deviation.

It is told the context, and sees no episode: privileged. Defined for every agent and method, where the train contexts
have references; two of a run must, or that run has no doubt.
"""

import warnings
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from threadpoolctl import threadpool_limits
from torch import Tensor

from meta_rl.uncertainty.base import Estimator, Evidence
from meta_rl.uncertainty.range_distance import distance, factors
from meta_rl.uncertainty.watched import Watched


@dataclass(frozen=True)
class Config:
    """Settings."""

    slope: Annotated[
        float, (0, 1000), "growth of the shortfall per train range outside, in its standard deviations"
    ] = 1.0


class MBTL(Estimator):
    """Posterior mean of the shortfall, and a slope outside."""

    reads = "shortfall"

    def fit(self, evidence: Evidence, budget: int | None) -> None:
        contexts, shortfall = evidence.train.context, evidence.train.shortfall
        assert contexts is not None, "needs the context"
        assert shortfall is not None, "needs the shortfall"
        places = self._places(contexts.numpy())
        learnt = [_process(*run) for run in zip(places, shortfall.numpy(), strict=True)]
        names = ("place", "weight", "width", "mean", "deviation")
        self.monitor = {
            name: torch.from_numpy(np.stack(values))
            for name, values in zip(names, zip(*learnt, strict=True), strict=True)
        }

    def __call__(self, window: Watched, context: Tensor | None) -> Tensor:
        assert context is not None, "needs the context"
        learnt = {name: value.numpy()[:, None] for name, value in self.monitor.items()}
        places, outside = self._places(context.numpy()), distance(self.task.contexts, context.numpy())
        squared = np.square(places[:, :, None] - learnt["place"]).sum(-1)  # [S, C, J]
        similar = np.exp(-squared / (2 * np.square(learnt["width"][..., None])))
        inside = learnt["mean"] + (similar * learnt["weight"]).sum(-1)
        return torch.from_numpy(inside + self.config.slope * learnt["deviation"] * outside)

    def _places(self, contexts: np.ndarray) -> np.ndarray:
        """Contexts [S, C, F] in units of the train ranges, one value for each factor."""
        multipliers, widths = factors(self.task.contexts, contexts)
        return multipliers / widths


def _process(places: np.ndarray, shortfall: np.ndarray) -> tuple[np.ndarray, ...]:
    """Of a run: places [J, F], their weights [J] in the posterior mean, the kernel's width, and two moments.

    What has no shortfall weighs nothing. Raises ValueError if fewer than two have one.
    """
    known = np.isfinite(shortfall)
    if known.sum() < 2:
        raise ValueError(
            f"{known.sum()} of the run's train contexts have a reference, and 2 or more are needed"
        )
    mean, deviation = shortfall[known].mean(), shortfall[known].std()
    weight, width = np.zeros(len(shortfall)), 1.0
    if deviation > 1e-8:
        kernel = ConstantKernel(1.0, (1e-2, 1e2)) * RBF(0.3, (0.05, 10.0)) + WhiteKernel(0.1, (1e-4, 1e1))
        process = GaussianProcessRegressor(kernel)
        # With more threads the linear algebra of many contexts would be rounded otherwise.
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # at a bound of the kernel's, which are meant
            process.fit(places[known], (shortfall[known] - mean) / deviation)
        scaled = process.kernel_.k1
        weight[known] = process.alpha_ * scaled.k1.constant_value * deviation
        width = scaled.k2.length_scale
    return places, weight, np.asarray(width), np.asarray(mean), np.asarray(deviation)


build = MBTL
