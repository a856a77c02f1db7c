"""Doubts where the heads of the agent's critic disagree about the greedy action's worth: what more data would end.

For agents over an ensemble, quantiles, masks or dropout (`ppo_ensemble` and so on). Such an agent is another one than
the plain agent and has a return of its own, which must stand beside its doubt. Bootstrapped ensembles with random
priors: Osband et al. 2018, arXiv 1806.03335; Masksembles: Durasov et al. 2021, arXiv 2012.08334; quantiles: Dabney et
al. 2018, arXiv 1710.10044; dropout: Gal & Ghahramani 2016, arXiv 1506.02142.
"""

from dataclasses import dataclass

from torch import Tensor

from meta_rl.uncertainty.base import Estimator
from meta_rl.uncertainty.watched import Watched


@dataclass(frozen=True)
class Config:
    """Nothing to set."""


class CriticDisagreement(Estimator):
    """Mean over the states that are shown of the standard deviation over heads, in the unit of returns."""

    reads = "epistemic"

    def __call__(self, window: Watched, context: Tensor | None) -> Tensor:
        return window.mean_of_states(window.signals[self.reads].squeeze(-1))


build = CriticDisagreement
