"""A bootstrapped ensemble with random priors (Osband, Aslanides & Cassirer 2018, arXiv 1806.03335; below "RP")."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from meta_rl.agents.critics.moments import mean, repeated, variance
from meta_rl.agents.critics.plain import Plain
from meta_rl.stack.heads import Heads
from meta_rl.streams import KEYS, Streams, numbered


@dataclass(frozen=True)
class Config:
    """Defaults are bsuite's (Osband et al. 2020, `boot_dqn`), but for its 20 heads: each costs nearly as an agent does.

    Deep ensembles have five, too (Lakshminarayanan et al. 2017).
    """

    heads: Annotated[int, (2, 100), "networks of the ensemble"] = 5
    bootstrap: Annotated[float, (0.01, 1), "part of the transitions that each head learns from"] = 0.5
    prior: Annotated[float, (0, 1e6), "scale of the random network that each head adds to what it learns"] = (
        3.0
    )


# Settings of a small one, for conformance tests.
SMALL = {"heads": 3, "prior": 0.5}


class WithPriors(nn.Module):
    """K heads f_k + `scale` p_k, where p_k is of the same form as f_k and stays as it began (RP, algorithm 1).

    If f_k tells `several` numbers for each one of p_k, p_k shifts them all: they come as [several, K, S, B, O].
    """

    def __init__(self, learnt: Heads, prior: Heads, scale: float, several: int = 0) -> None:
        super().__init__()
        self.learnt, self.prior = learnt, prior.frozen()
        self._scale, self._several = scale, several

    def forward(self, x: Tensor) -> Tensor:
        learnt, prior = self.learnt(x), self._scale * self.prior(x)
        if self._several:
            learnt = learnt.unflatten(-1, (self._several, -1)).movedim(-2, 0)
            prior = repeated(prior, self._several)
        return learnt + prior


class Ensemble(Plain):
    """K heads, each with a start, a prior, targets and a part of the transitions of its own: [K, S, B, O].

    The agent acts by the mean of the heads. How far they are apart is what more data would end: epistemic doubt.
    Whether a head learns from a transition is said once and for all by a number drawn for its place in memory.
    """

    def __init__(self, config: Any, streams: Streams) -> None:
        super().__init__(config, streams)
        self.axes = (config.heads,)
        self._keys = streams.integers("critic/bootstrap", KEYS, config.heads).T[..., None]  # [K, S, 1]

    def network(
        self, purpose: str, sizes: Sequence[int], activation: str = "relu", orthogonal: float | None = None
    ) -> nn.Module:
        learnt, prior = (
            Heads(self.streams, name, self.config.heads, sizes, activation, orthogonal)
            for name in (purpose, f"{purpose}/prior")
        )
        return WithPriors(learnt, prior, self.config.prior)

    def mean(self, prediction: Tensor) -> Tensor:
        return mean(self.expected(prediction))

    def own(self, place: Tensor | None) -> Tensor:
        """1 where a head learns from a transition, else 0, [K, S, B]."""
        assert place is not None, "where it was remembered"
        return torch.from_numpy(numbered(self._keys, place.numpy()) < self.config.bootstrap).float()

    def loss(self, prediction: Tensor, target: Tensor, place: Tensor | None) -> Tensor:
        """The mean over heads of each one's mean error in the transitions that are its own."""
        own = self.own(place)
        errors = (self.errors(prediction, target) * own).sum(-1) / own.sum(-1).clamp(min=1.0)
        return mean(errors)

    def doubt(self, votes: Tensor) -> dict[str, Tensor]:
        """`epistemic`: the standard deviation of the heads."""
        return {"epistemic": variance(votes).sqrt()}
