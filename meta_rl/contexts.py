"""Context features, the region that a benchmark declares over them, and the finite sets drawn from it."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from meta_rl.streams import Streams

# Held-out sets are frozen: a change of how they are drawn is a new version and a new benchmark.
VERSION = 1
TRAIN, INTERPOLATION, EXTRAPOLATION = "train", "interpolation", "extrapolation"


@dataclass(frozen=True)
class Feature:
    """One physical parameter of an environment.

    `low` and `high` are the inclusive bounds within which the environment is valid, in `unit`; ranges in a
    study are multipliers of `default`.
    """

    name: str
    default: float
    low: float
    high: float
    unit: str


@dataclass(frozen=True)
class ContextSpace:
    """The features that a benchmark varies (F of them) and their ranges, as multipliers of the defaults.

    `train` is [F, 2]; `extrapolation` holds, per feature, intervals outside the train range. Multipliers make
    ranges sign-aware: with a default of -10, twice the upper end is the far end, not the near one.
    """

    features: tuple[Feature, ...]
    train: np.ndarray
    extrapolation: tuple[np.ndarray, ...]

    @classmethod
    def of(cls, features: tuple[Feature, ...], ranges: dict[str, Any]) -> "ContextSpace":
        """From an environment's features and {name: {"train": [a, b], "extrapolation": [[a, b], ...]}}."""
        by_name = {feature.name: feature for feature in features}
        return cls(
            features=tuple(by_name[name] for name in ranges),
            train=np.array([span["train"] for span in ranges.values()], dtype=np.float64),
            extrapolation=tuple(
                np.array(span.get("extrapolation", []), dtype=np.float64).reshape(-1, 2)
                for span in ranges.values()
            ),
        )

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(feature.name for feature in self.features)

    @property
    def defaults(self) -> np.ndarray:
        return np.array([feature.default for feature in self.features])

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest train value per feature, each [F], in the features' units."""
        ends = np.sort(self.train * self.defaults[:, None], axis=1)
        return ends[:, 0], ends[:, 1]

    def draw_train(self, seed: int, count: int) -> np.ndarray:
        """Contexts of one run, float64 [count, F]: uniform in the train range, the same for every method."""
        draw = Streams([f"run {seed}"]).uniform("contexts", count, len(self.features))[0]
        return (self.train[:, 0] + draw * np.ptp(self.train, axis=1)) * self.defaults

    def draw_held_out(self, split: str, count: int) -> np.ndarray:
        """A frozen set [count, F]: scrambled Sobol points (Owen 1995) in the split's region.

        Extrapolation alternates between the sides of the train range, so that both count the same.
        """
        points = _sobol(split, count, len(self.features))
        low, high = self.train.T
        if split == EXTRAPOLATION:
            (intervals,) = self.extrapolation  # regions of several features need splits of their own
            low, high = np.split(intervals[np.arange(count) % len(intervals)], 2, axis=1)
        return (low + points * (high - low)) * self.defaults

    def grid(self, points: int) -> np.ndarray:
        """A geometric grid over train and extrapolation range, [points ** F, F], for reference policies."""
        axes = []
        for row, outside in zip(self.train, self.extrapolation, strict=True):
            ends = np.concatenate([row, outside.ravel()])
            axes.append(np.geomspace(ends.min(), ends.max(), points))
        grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
        return grid.reshape(-1, len(axes)) * self.defaults


def _sobol(split: str, count: int, dimensions: int) -> np.ndarray:
    """The first `count` points of a Sobol sequence scrambled with a seed of its own per split."""
    from scipy.stats import qmc

    digest = hashlib.sha256(f"{VERSION}/{split}".encode()).digest()
    seed = int.from_bytes(digest[:8], "little")
    sampler = qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng(seed))
    return sampler.random_base2(max(0, int(count - 1).bit_length()))[:count]
