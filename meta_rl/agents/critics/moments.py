"""Over a first axis, added up one after the other, also going back: no sum depends on how much there is beside it."""

from functools import reduce

import torch
from torch import Tensor


def mean(values: Tensor) -> Tensor:
    """[K, ...] -> [...]"""
    return reduce(torch.add, values.unbind(0)) / len(values)


def repeated(values: Tensor, count: int) -> Tensor:
    """[...] -> [count, ...]. Of an expanded tensor, the stack's size decides how PyTorch adds up the gradient."""
    return torch.stack([values] * count)


def variance(values: Tensor) -> Tensor:
    """[K, ...] -> [...], of these K values and no others."""
    return mean((values - mean(values)).square())
