"""Doubts at random: the floor with an order, which predicts nothing."""

import hashlib
from dataclasses import dataclass

import torch
from torch import Tensor

from meta_rl.uncertainty.base import Estimator
from meta_rl.uncertainty.watched import Watched


@dataclass(frozen=True)
class Config:
    """Nothing to set."""


class Random(Estimator):
    """U[0, 1), drawn by run and first observation: a context's doubt does not depend on its place among others."""

    def __call__(self, window: Watched, context: Tensor | None) -> Tensor:
        first = window.observation[:, :, 0].contiguous().numpy()
        drawn = [
            [_uniform(key.encode() + b"\n" + one.tobytes()) for one in rows]
            for key, rows in zip(self.streams.keys, first, strict=True)
        ]
        return torch.tensor(drawn, dtype=torch.float64)


def _uniform(key: bytes) -> float:
    return float(int.from_bytes(hashlib.sha256(key).digest()[:6], "little") / 2**48)


build = Random
