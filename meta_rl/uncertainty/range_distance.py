"""Distance of the context from the train region: told the context, it knows what is new, not what is hard."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from meta_rl.contexts import TRAIN, ContextSpace
from meta_rl.draws import Part
from meta_rl.uncertainty.base import Estimator
from meta_rl.uncertainty.watched import Watched


@dataclass(frozen=True)
class Config:
    """Nothing to set."""


class RangeDistance(Estimator):
    """Euclidean distance to the nearest point of the train region, each factor in units of its train range."""

    reads = "context"

    def __call__(self, window: Watched, context: Tensor | None) -> Tensor:
        assert context is not None, "needs the context"
        return torch.from_numpy(distance(self.task.contexts, context.numpy()))


def distance(space: ContextSpace, contexts: np.ndarray) -> np.ndarray:
    """Of contexts [..., F] from the union of the parts of the train region, float64 [...].

    What is trained at a single value counts in units of that value. Tied features are one factor.
    """
    multipliers, widths = factors(space, contexts)
    return np.min([_from_part(part, multipliers, widths) for part in space.parts(TRAIN)], axis=0)


def factors(space: ContextSpace, contexts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The multipliers of contexts [..., F], one for each factor, and how wide the train range of each factor is."""
    firsts = np.cumsum([0, *(len(factor.features) for factor in space.factors)])[:-1]
    widths = np.array([np.ptp(factor.train) or np.abs(factor.train).max() for factor in space.factors])
    return (contexts / space.defaults)[..., firsts], widths


def _from_part(part: Part, multipliers: np.ndarray, widths: np.ndarray) -> np.ndarray:
    squared = np.zeros(multipliers.shape[:-1])
    for factor, (pieces, used, width) in enumerate(zip(part.pieces, part.used, widths, strict=True)):
        low, high = (pieces[:, 0] + end * np.ptp(pieces, axis=1) for end in used)
        value = multipliers[..., factor, None]
        away = np.maximum(np.maximum(low - value, value - high), 0.0).min(-1)
        squared += np.square(away / width)
    return np.sqrt(squared)


build = RangeDistance
