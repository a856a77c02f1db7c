"""Masksembles (Durasov et al. 2021, arXiv 2012.08334): one network behind a few masks that stay."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch
from torch import Tensor, nn

from meta_rl.agents.critics.moments import mean, variance
from meta_rl.agents.critics.plain import Plain
from meta_rl.stack.masked import AlwaysMasked
from meta_rl.streams import Streams


@dataclass(frozen=True)
class Config:
    """Defaults are the paper's for images: 4 masks, each of which leaves out about half of the units."""

    masks: Annotated[int, (2, 100), "masks of the hidden units"] = 4
    scale: Annotated[float, (1, 10), "how much less than all units a mask keeps: 1 / scale of them"] = 2.0


# Settings of a small one, for conformance tests.
SMALL = {"masks": 3}


class Masks(Plain):
    """One network whose K masks are members of an ensemble that share weights: [K, S, B, O].

    The agent acts by the mean of the members. Each learns from a part of every minibatch, as in the paper, and has
    targets of its own. Unlike there, units that no mask would keep are given to one of them instead of being dropped.
    """

    def __init__(self, config: Any, streams: Streams) -> None:
        super().__init__(config, streams)
        self.axes = (config.masks,)

    def network(
        self, purpose: str, sizes: Sequence[int], activation: str = "relu", orthogonal: float | None = None
    ) -> nn.Module:
        masks = [self._mask(f"{purpose}/masks/{depth}", units) for depth, units in enumerate(sizes[1:-1])]
        return AlwaysMasked(self.streams, purpose, sizes, masks, activation, orthogonal)

    def learning(self, network: nn.Module, inputs: Tensor) -> Tensor:
        """Each row by the mask whose turn it is, [1, S, B, O]."""
        assert isinstance(network, AlwaysMasked)
        turn = self._turn(inputs.shape[1])
        return network.through([mask[:, turn, 0].unsqueeze(1) for mask in network.masks], inputs)

    def mean(self, prediction: Tensor) -> Tensor:
        return mean(prediction)

    def loss(self, prediction: Tensor, target: Tensor, place: Tensor | None) -> Tensor:
        rows = prediction.shape[-1]
        own = target[self._turn(rows), :, torch.arange(rows)].T  # [S, B]
        return self.errors(prediction[0], own).mean(-1)

    def doubt(self, votes: Tensor) -> dict[str, Tensor]:
        """`epistemic`: the standard deviation of the members."""
        return {"epistemic": variance(votes).sqrt()}

    def _turn(self, rows: int) -> Tensor:
        """Which mask each row of a minibatch is learnt behind; minibatches are shuffled."""
        return torch.arange(rows) * self.config.masks // rows

    def _mask(self, purpose: str, units: int) -> Tensor:
        """[S, K, units]: each mask keeps as many, and each unit is kept by one at least."""
        chance = self.streams.uniform(f"critic/{purpose}", self.config.masks, units)
        kept = chance.argsort(-1).argsort(-1) < max(1, round(units / self.config.scale))
        first = np.arange(self.config.masks)[:, None] == chance.argmin(1)[:, None]
        return torch.from_numpy(kept | first & ~kept.any(1, keepdims=True)).float()
