"""Dropout as a measure of doubt (Gal & Ghahramani 2016, "Dropout as a Bayesian approximation"): a control."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from meta_rl.agents.critics.moments import variance
from meta_rl.agents.critics.plain import Plain
from meta_rl.stack.masked import Masked


@dataclass(frozen=True)
class Config:
    """The usual rate and number of passes. That this doubt is weak has been found before: it is here to be beaten."""

    dropped: Annotated[float, (0.01, 0.9), "chance of a hidden unit to be left out"] = 0.1
    passes: Annotated[int, (2, 1000), "networks with units left out whose spread is the doubt"] = 20


# Settings of a small one, for conformance tests.
SMALL = {"passes": 5}


class Dropout(Plain):
    """One network that learns with other units left out in each transition, and acts with all of them.

    Units that stay count 1 / (1 - `dropped`) as much. The masks of the passes are drawn once and for all, so that to be
    asked changes nothing.
    """

    config: Any

    def network(
        self, purpose: str, sizes: Sequence[int], activation: str = "relu", orthogonal: float | None = None
    ) -> nn.Module:
        count = self.config.passes
        masks = [
            self._mask(f"{purpose}/passes", depth, count, units) for depth, units in enumerate(sizes[1:-1])
        ]
        return Masked(self.streams, purpose, sizes, masks, activation, orthogonal)

    def learning(self, network: nn.Module, inputs: Tensor) -> Tensor:
        assert isinstance(network, Masked)
        rows = inputs.shape[1]
        masks = [
            self._mask("learning", depth, rows, mask.shape[-1]).unsqueeze(1)
            for depth, mask in enumerate(network.masks)
        ]
        return network.through(masks, inputs)[0]

    def votes(self, network: nn.Module, inputs: Tensor) -> Tensor:
        assert isinstance(network, Masked)
        return network.through(network.masks, inputs)

    def doubt(self, votes: Tensor) -> dict[str, Tensor]:
        """`epistemic`: the standard deviation of the passes."""
        return {"epistemic": variance(votes).sqrt()}

    def _mask(self, purpose: str, depth: int, count: int, units: int) -> Tensor:
        """[S, count, units]"""
        chance = self.streams.uniform(f"critic/{purpose}/{depth}", count, units)
        kept = 1 - self.config.dropped
        return torch.from_numpy(chance < kept).float() / kept
