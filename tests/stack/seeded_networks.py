"""Networks and data of given seeds."""

from typing import Any

import torch
from torch import Tensor

from meta_rl.stack.networks import MLP
from meta_rl.streams import Streams


def network(seeds: list[int], sizes: tuple[int, ...], *how: Any) -> MLP:
    return MLP(Streams([f"run {seed}" for seed in seeds]), "test", sizes, *how)


def data(seeds: list[int], *shape: int, purpose: str = "data") -> Tensor:
    return torch.from_numpy(Streams([f"run {seed}" for seed in seeds]).normal(purpose, *shape)).float()
