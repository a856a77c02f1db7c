"""Doubts where the agent's critic expects returns to spread: chance, which no amount of data would end.

For agents over quantile critics (`dqn_quantile`, `sac_quantile`; Dabney et al. 2018, arXiv 1710.10044).
"""

from dataclasses import dataclass

from torch import Tensor

from meta_rl.uncertainty.base import Estimator
from meta_rl.uncertainty.watched import Watched


@dataclass(frozen=True)
class Config:
    """Nothing to set."""


class CriticNoise(Estimator):
    """Mean over the states that are shown of the standard deviation over quantiles, each the mean of all heads."""

    reads = "aleatoric"

    def __call__(self, window: Watched, context: Tensor | None) -> Tensor:
        return window.mean_of_states(window.signals[self.reads].squeeze(-1))


build = CriticNoise
