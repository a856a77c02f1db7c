"""An ensemble of quantile critics: what chance does apart from what is not known (Dabney et al. 2018, "QR-DQN")."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss, smooth_l1_loss

from meta_rl.agents.critics import ensemble
from meta_rl.agents.critics.ensemble import Ensemble, WithPriors
from meta_rl.agents.critics.moments import mean, repeated, variance
from meta_rl.stack.heads import Heads
from meta_rl.streams import Streams

_ERRORS = {"absolute": l1_loss, "huber": smooth_l1_loss}


@dataclass(frozen=True)
class Config(ensemble.Config):
    """Fewer quantiles than the paper's 200, which are for images: the loss takes all pairs of them."""

    quantiles: Annotated[int, (2, 200), "quantiles of the return that each network predicts"] = 16
    loss: Annotated[str, ("absolute", "huber"), "error of which each quantile weighs the sides"] = "huber"


# Settings of a small one, for conformance tests.
SMALL = {"heads": 2, "quantiles": 5, "prior": 0.5}


SEARCH = {"loss": (("absolute", "huber"), "choice", "how much outliers count")}


class Quantile(Ensemble):
    """K heads of M quantiles each, [M, K, S, B, O]; a head's prior shifts all of its quantiles.

    The agent acts by the mean over heads and quantiles. A head's targets are the quantiles of its own target network.
    """

    def __init__(self, config: Any, streams: Streams) -> None:
        super().__init__(config, streams)
        self.axes = (config.quantiles, config.heads)
        middles = (torch.arange(config.quantiles) + 0.5) / config.quantiles
        self._middles = middles.view(-1, 1, 1, 1)

    def network(
        self, purpose: str, sizes: Sequence[int], activation: str = "relu", orthogonal: float | None = None
    ) -> nn.Module:
        wide = (*sizes[:-1], sizes[-1] * self.config.quantiles)
        heads, options = self.config.heads, (activation, orthogonal)
        learnt = Heads(self.streams, purpose, heads, wide, *options)
        prior = Heads(self.streams, f"{purpose}/prior", heads, sizes, *options)
        return WithPriors(learnt, prior, self.config.prior, self.config.quantiles)

    def expected(self, prediction: Tensor) -> Tensor:
        return mean(prediction)

    def errors(self, prediction: Tensor, target: Tensor) -> Tensor:
        """sum_i mean_j |tau_i - 1{u_ij < 0}| L(u_ij) with u_ij = target_j - prediction_i (Dabney, equation 10).

        With L(u) = |u| this is quantile regression, with Huber's error, over a width of 1, a smooth version of it.
        """
        found = repeated(prediction, len(target))
        wanted = target.unsqueeze(1).expand_as(found)
        weight = (self._middles - (wanted < found).float()).abs()
        return len(prediction) * mean(
            mean(weight * _ERRORS[self.config.loss](found, wanted, reduction="none"))
        )

    def doubt(self, votes: Tensor) -> dict[str, Tensor]:
        """Both parts of the variance of all quantiles of all heads, as standard deviations.

        `epistemic`^2 = mean over quantiles of the variance over heads, `aleatoric`^2 = variance over quantiles of the
        mean over heads.
        """
        return {
            "epistemic": mean(variance(votes.transpose(0, 1))).sqrt(),
            "aleatoric": variance(mean(votes.transpose(0, 1))).sqrt(),
        }
