"""Context features, the region that a benchmark declares over them, and the finite sets drawn from it."""

import hashlib
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from meta_rl.streams import Streams

# Held-out sets are frozen: a change of how they are drawn is a new version and a new benchmark.
VERSION = 1
TRAIN = "train"
# What tuning and uncertainty may be fitted on: inside the train region, and never a result.
DEVELOPMENT = ("validation", "calibration")
INTERPOLATION, EXTRAPOLATION = "interpolation", "extrapolation"
COMBINATORIAL, SINGLE, ALL = "combinatorial", "single_extrapolation", "all_extrapolation"
RESULTS = (INTERPOLATION, EXTRAPOLATION, COMBINATORIAL, SINGLE, ALL)

# How several features are combined in training (Kirk et al. 2023, JAIR 76, section 5.1; Benjamins et al. 2023).
BOX, L_SHAPE, AXES = TRAIN_SETS = ("A", "B", "C")
NARROW = 0.25  # part of a feature's range that an L-shape's arm of another feature covers


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

    `train_set` says which part of the box of train ranges is trained on: all of it (A), an L-shape (B: one
    feature varies while the others stay in the lowest quarter of their ranges) or the axes (C: one feature
    varies while the others keep their defaults).
    """

    features: tuple[Feature, ...]
    train: np.ndarray
    extrapolation: tuple[np.ndarray, ...]
    train_set: str = BOX

    @classmethod
    def of(
        cls, features: tuple[Feature, ...], ranges: dict[str, Any], train_set: str = BOX
    ) -> "ContextSpace":
        """From an environment's features and {name: {"train": [a, b], "extrapolation": [[a, b], ...]}}.

        Features stand in the environment's order.
        """
        varied = tuple(feature for feature in features if feature.name in ranges)
        spans = [ranges[feature.name] for feature in varied]
        return cls(
            features=varied,
            train=np.array([span["train"] for span in spans], dtype=np.float64),
            extrapolation=tuple(
                np.array(span.get("extrapolation", []), dtype=np.float64).reshape(-1, 2) for span in spans
            ),
            train_set=train_set,
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

    @property
    def regions(self) -> dict[str, int]:
        """The held-out regions of the space, each with the number that its contexts must be a multiple of."""
        sides = [len(intervals) for intervals in self.extrapolation]
        if len(sides) == 1:
            return {INTERPOLATION: 1, EXTRAPOLATION: sides[0]}
        arms = 1 if self.train_set == BOX else len(sides)
        between = {} if self.train_set == BOX else {COMBINATORIAL: 1}
        corners = {SINGLE: len(sides) * math.lcm(*sides), ALL: math.prod(sides)}
        return {INTERPOLATION: arms} | between | corners

    def draw_train(self, seed: int, count: int) -> np.ndarray:
        """Contexts of one run, float64 [count, F]: uniform in the train set, the same for every method."""
        draw = Streams([f"run {seed}"]).uniform("contexts", count, len(self.features))[0]
        return self._trained(draw) * self.defaults

    def draw_held_out(self, split: str, count: int) -> np.ndarray:
        """A frozen set [count, F]: scrambled Sobol points (Owen 1995) in the split's region.

        Where a region has several parts (sides, corners, arms), contexts take turns, so that all count the same.
        Each part has a sequence of its own, since every fourth point of one lies in the same half of the cube.
        """
        parts = self.regions[INTERPOLATION if split in DEVELOPMENT else split]
        parts = (
            1 if split == EXTRAPOLATION and parts == 2 else parts
        )  # every second point of one feature does not
        each = [_sobol(split, part, -(-count // parts), len(self.features)) for part in range(parts)]
        points = np.stack(each, axis=1).reshape(-1, len(self.features))[:count]
        return self._region(split, points) * self.defaults

    def _region(self, split: str, points: np.ndarray) -> np.ndarray:
        """Multipliers [C, F] in the region of a split, from points in the unit cube."""
        turn, features = np.arange(len(points)), len(self.features)
        if split == COMBINATORIAL:  # every feature beyond the part that it keeps in the arms of the others
            return self._inside(NARROW + (1 - NARROW) * points if self.train_set == L_SHAPE else points)
        if split in (EXTRAPOLATION, ALL):
            columns = []
            for feature, intervals in enumerate(self.extrapolation):
                columns.append(_within(intervals[turn % len(intervals)], points[:, feature]))
                turn = turn // len(intervals)
            return np.stack(columns, axis=1)
        if split == SINGLE:
            values = self._inside(points)
            for feature, intervals in enumerate(self.extrapolation):
                mine = turn % features == feature
                chosen = intervals[turn[mine] // features % len(intervals)]
                values[mine, feature] = _within(chosen, points[mine, feature])
            return values
        return self._trained(points)

    def _trained(self, points: np.ndarray) -> np.ndarray:
        """Multipliers [C, F] in the train set, from points in the unit cube; the arms take turns."""
        other = np.arange(len(points))[:, None] % len(self.features) != np.arange(len(self.features))
        if self.train_set == L_SHAPE:
            return self._inside(np.where(other, NARROW * points, points))
        if self.train_set == AXES:
            return np.where(other, 1.0, self._inside(points))
        return self._inside(points)

    def _inside(self, points: np.ndarray) -> np.ndarray:
        return self.train[:, 0] + points * np.ptp(self.train, axis=1)

    def grid(self, points: int) -> np.ndarray:
        """A geometric grid over train and extrapolation range, [points ** F, F], for reference policies."""
        axes = []
        for row, outside in zip(self.train, self.extrapolation, strict=True):
            ends = np.concatenate([row, outside.ravel()])
            axes.append(np.geomspace(ends.min(), ends.max(), points))
        grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
        return grid.reshape(-1, len(axes)) * self.defaults


def another(chosen: np.ndarray, draw: np.ndarray, count: int) -> np.ndarray:
    """Of `count` contexts one that is not the chosen one, int64; `draw` is U[0, 1). Of a single one, that one."""
    return (chosen + 1 + (draw * (count - 1)).astype(np.int64)) % count


def _within(intervals: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Multipliers [C] in an interval [C, 2] each."""
    return intervals[:, 0] + points * (intervals[:, 1] - intervals[:, 0])


def _sobol(split: str, part: int, count: int, dimensions: int) -> np.ndarray:
    """The first `count` points of a Sobol sequence scrambled with a seed of its own per part of a split."""
    from scipy.stats import qmc

    name = f"{VERSION}/{split}" + (f"/{part}" if part else "")
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")
    sampler = qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng(seed))
    return sampler.random_base2(max(0, int(count - 1).bit_length()))[:count]
