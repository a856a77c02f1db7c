"""Doubts episodes whose mean state is unusual: after DEEDEE (Aljaafari et al. 2025, arXiv 2510.21638).

Of an episode there is one vector, the mean m of the states that are shown. Two statistics say how far it lies from the
means m_j of the train contexts' episodes at the same budget, each dimension in standard deviations of these:

    global  |m - mean_j m_j| / sqrt(O)
    local   1 - mean_j exp(-|m - m_j|^2 / (2 h^2)), with h the median distance between two of them

The doubt is their sum, each standardised by its values over the train contexts (an episode is no neighbour of its own).

What could be verified is the abstract alone: an episodewise mean, and a similarity to a summary of training by an RBF
kernel, which complement each other. How the authors choose the kernel's width, weigh the two and decide is not known to
us, and no code was found; what is above is ours. They detect changed dynamics, and do not ask whether the agent fails.

Defined for every agent and method, and at a budget of 0, where the mean is the first state.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from meta_rl.uncertainty.base import Estimator, Evidence
from meta_rl.uncertainty.watched import Watched


@dataclass(frozen=True)
class Config:
    """Nothing to set."""


class DEEDEE(Estimator):
    """Distance and kernel similarity of the episode's mean state."""

    reads = "states"
    per_budget = True

    def fit(self, evidence: Evidence, budget: int | None) -> None:
        means = _means(evidence.train.window)
        centre, width = means.mean(1), means.std(1)
        width = np.where(width > 1e-8, width, 1.0)
        known = (means - centre[:, None]) / width[:, None]
        widths = np.array([_median_distance(run) for run in known])
        judged = np.stack(
            [_statistics(run, run, h, own=True) for run, h in zip(known, widths, strict=True)]
        )  # [S, C, 2]
        deviation = judged.std(1)
        self.monitor = {
            name: torch.from_numpy(value)
            for name, value in {
                "centre": centre,
                "width": width,
                "known": known,
                "bandwidth": widths,
                "usual": judged.mean(1),
                "deviation": np.where(deviation > 1e-8, deviation, 1.0),
            }.items()
        }

    def __call__(self, window: Watched, context: Tensor | None) -> Tensor:
        learnt = {name: value.numpy() for name, value in self.monitor.items()}
        means = (_means(window) - learnt["centre"][:, None]) / learnt["width"][:, None]
        judged = np.stack(
            [_statistics(*run) for run in zip(means, learnt["known"], learnt["bandwidth"], strict=True)]
        )
        usual, deviation = (learnt[name][:, None] for name in ("usual", "deviation"))
        return torch.from_numpy(((judged - usual) / deviation).sum(-1))


def _means(window: Watched) -> np.ndarray:
    """float64 [S, C, O]"""
    means: np.ndarray = window.mean_of_states(window.observation).numpy()
    return means


def _distances(these: np.ndarray, those: np.ndarray) -> np.ndarray:
    """Squared, [A, O] and [B, O] -> [A, B]."""
    squared: np.ndarray = np.square(these[:, None] - those).sum(-1)
    return squared


def _median_distance(means: np.ndarray) -> float:
    """1 where all are the same, or there is one alone."""
    pairs = np.triu_indices(len(means), 1)
    found = np.sqrt(_distances(means, means)[pairs])
    return float(np.median(found)) if (found > 1e-8).any() else 1.0


def _statistics(means: np.ndarray, known: np.ndarray, bandwidth: float, own: bool = False) -> np.ndarray:
    """[C, 2] of means [C, O] beside the known ones [J, O]; `own`: they are the same episodes."""
    similar = np.exp(-_distances(means, known) / (2 * bandwidth**2))
    if own:
        np.fill_diagonal(similar, 0.0)
    neighbours = max(1, len(known) - own)
    return np.stack(
        [np.sqrt(np.square(means).mean(-1)), 1 - similar.sum(-1) / neighbours],
        -1,
    )


build = DEEDEE
