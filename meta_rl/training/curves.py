"""Learning curves: what a training measures of itself between two points."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch

POINTS = 50  # of a learning curve

Point = dict[str, Any]  # {"env_steps": [S], "figures": {name: (mean [S], count [S])}}


class Log:
    """Means of figures per seed since they were last asked for."""

    def __init__(self, seeds: int) -> None:
        self._zeros = np.zeros(seeds)
        self._sums: dict[str, np.ndarray] = {}
        self._counts: dict[str, np.ndarray] = {}

    def add(self, sums: Mapping[str, np.ndarray], counts: np.ndarray | int) -> None:
        """Sums [S] over `counts` values [S] of each figure."""
        for name, value in sums.items():
            self._sums[name] = self._sums.get(name, self._zeros) + value
            self._counts[name] = self._counts.get(name, self._zeros) + counts

    def take(self, runs: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Mean and count [S] of each figure of these runs (bool [S]), which start anew; of the others 0."""
        means = {}
        for name, total in self._sums.items():
            counts = self._counts[name]
            means[name] = (total / np.maximum(counts, 1), np.where(runs, counts, 0))
            self._sums[name], self._counts[name] = np.where(runs, 0.0, total), np.where(runs, 0.0, counts)
        return means

    def state_dict(self) -> dict[str, Any]:
        return {
            "sums": {name: torch.from_numpy(value) for name, value in self._sums.items()},
            "counts": {name: torch.from_numpy(value) for name, value in self._counts.items()},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._sums = {name: value.numpy() for name, value in state["sums"].items()}
        self._counts = {name: value.numpy() for name, value in state["counts"].items()}


def as_tensors(points: list[Point]) -> list[Point]:
    """Points as a checkpoint holds them."""
    return [_converted(point, torch.from_numpy) for point in points]


def as_arrays(points: list[Point]) -> list[Point]:
    """The same, back again."""
    return [_converted(point, torch.Tensor.numpy) for point in points]


def _converted(point: Point, convert: Callable[[Any], Any]) -> Point:
    figures = {name: tuple(map(convert, values)) for name, values in point["figures"].items()}
    return {"env_steps": convert(point["env_steps"]), "figures": figures}


def rows(points: list[Point], run: dict[str, Any], seeds: np.ndarray, paid: int) -> pd.DataFrame:
    """Rows of the table `learning`, for runs that paid `paid` env_steps before their first; `run` are its key columns.

    A figure without a value is left out, one that is not finite is a divergence.
    """
    frames = [
        pd.DataFrame(
            {
                **run,
                "seed": seeds,
                "env_steps": point["env_steps"] + paid,
                "metric": name,
                "value": np.where(np.isfinite(value), value, np.nan),
                "status": np.where(np.isfinite(value), "ok", "diverged"),
            }
        )[counts > 0]
        for point in points
        for name, (value, counts) in point["figures"].items()
    ]
    return pd.concat(frames)
