"""Random subsets of an episode: one that grows with it, and one drawn at once."""

import torch
from torch import Tensor


def reservoir_place(taken: Tensor, size: int, chance: Tensor) -> Tensor:
    """Where the next of a stream goes in a sample of `size`, int64; `size` or more: nowhere.

    After it, each of `taken` + 1 is in the sample with the same probability (Vitter 1985, algorithm R). `taken` is
    int64, `chance` U[0, 1), float64, both of any shape.
    """
    return torch.where(taken < size, taken, (chance * (taken + 1)).long())


def subset(count: Tensor, size: int, chance: Tensor) -> Tensor:
    """A uniform subset of `size` of the numbers below `count`, int64 [..., size]; 0, 1, ... where there are no more.

    `count` is int64 [...], `chance` U[0, 1), float64 [..., size] (Floyd's algorithm: Bentley & Floyd 1987).
    """
    chosen = torch.arange(size).expand(*count.shape, size).clone()
    many = count > size
    for place in range(size):
        newest = (count - size + place).clamp(min=place)
        drawn = (chance[..., place] * (newest + 1)).long()
        twice = (chosen[..., :place] == drawn.unsqueeze(-1)).any(-1)
        chosen[..., place] = torch.where(many, torch.where(twice, newest, drawn), chosen[..., place])
    return chosen
