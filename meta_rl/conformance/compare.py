"""What tests compare to the last bit: all that is in a nest of tuples, and weights by name."""

from typing import Any

import torch
from torch import Tensor


def leaves(value: Any) -> list[Tensor]:
    """The tensors in a nest of tuples, in their order."""
    if isinstance(value, tuple):
        return [leaf for part in value for leaf in leaves(part)]
    return [value] if torch.is_tensor(value) else []


def check_leaves(ours: Any, theirs: Any) -> None:
    for a, b in zip(leaves(ours), leaves(theirs), strict=True):
        assert torch.equal(a, b)


def check_weights(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> None:
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        assert torch.equal(value, theirs[name]), name
