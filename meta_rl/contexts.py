"""Context features, the region that a benchmark declares over them, and the finite sets drawn from it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from meta_rl.draws import WHOLE, Part, frozen, sobol, take, turns, whole
from meta_rl.streams import Streams

TRAIN = "train"
# What tuning and uncertainty may be fitted on: inside the train region, and never a result.
VALIDATION = "validation"
DEVELOPMENT = (VALIDATION, "calibration")
INTERPOLATION, EXTRAPOLATION = "interpolation", "extrapolation"
COMBINATORIAL, SINGLE, ALL = "combinatorial", "single_extrapolation", "all_extrapolation"
RESULTS = (INTERPOLATION, EXTRAPOLATION, COMBINATORIAL, SINGLE, ALL)
# What it takes that a space has a region.
NEEDS = {
    INTERPOLATION: "an interval, or values between those of a list: all else inside is trained on",
    EXTRAPOLATION: "boxes, or just one factor with values outside its train range",
    COMBINATORIAL: "train set B or C: A leaves nothing between",
    SINGLE: "several factors with values outside their train ranges, and no boxes",
    ALL: "several factors with values outside their train ranges, and no boxes",
}

# How several factors are combined in training (Kirk et al. 2023, JAIR 76, section 5.1; Benjamins et al. 2023).
BOX, L_SHAPE, AXES = TRAIN_SETS = ("A", "B", "C")
NARROW = 0.25  # part of a factor's range that an L-shape's arm of another factor covers
GRIDDED = 2  # factors of a grid at most, for it has points ** factors contexts


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

    @property
    def turns(self) -> bool:
        """Whether it can take the other sign, as that of an actuator can."""
        return self.low <= -self.default <= self.high


@dataclass(frozen=True)
class Factor:
    """A multiplier of the default of one feature, or of several that are tied to each other.

    What it can be are pieces [P, 2]: intervals, or values, which are intervals of no width. `train` is one interval,
    or a list of values; `interpolation` (between them) and `extrapolation` (outside) may be empty.
    """

    name: str
    features: tuple[Feature, ...]
    train: np.ndarray
    interpolation: np.ndarray
    extrapolation: np.ndarray

    @property
    def interval(self) -> bool:
        """Whether it is trained on a range, and not on a list of values."""
        return len(self.train) == 1


@dataclass(frozen=True)
class ContextSpace:
    """What a benchmark varies: the product of M factors, which multiply the defaults of F features.

    Multipliers make ranges sign-aware: with a default of -10, twice the upper end is the far end, not the near one.

    `train_set` says which part of the product of train ranges is trained on: all of it (A), an L-shape (B: one
    factor varies while the others stay in the lowest quarter of their ranges) or the axes (C: one factor
    varies while the others keep their defaults). `boxes` are unions that stand in place of the products for `train`
    and for `extrapolation`, each box a piece of every factor.
    """

    factors: tuple[Factor, ...]
    train_set: str = BOX
    boxes: Mapping[str, tuple[Part, ...]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        features: tuple[Feature, ...],
        ranges: Mapping[str, Any],
        train_set: str = BOX,
        boxes: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    ) -> "ContextSpace":
        """From an environment's features and what a study says of `features`, `train_set` and `boxes`.

        Factors stand in the order of their features in the environment; that of values and boxes has no meaning.
        """
        by_name = {feature.name: feature for feature in features}
        factors = tuple(
            Factor(
                name,
                tuple(by_name[one] for one in said.get("features", [name])),
                _pieces(said["values"] if "values" in said else [said[TRAIN]]),
                _pieces(said.get(INTERPOLATION, [])),
                _pieces(said.get(EXTRAPOLATION, [])),
            )
            for name, said in ordered(features, ranges)
        )
        unions = {
            region: _sorted(
                whole(_pieces([box[one.name]]) if one.name in box else one.train for one in factors)
                for box in union
            )
            for region, union in (boxes or {}).items()
        }
        return cls(factors, train_set, unions)

    @property
    def features(self) -> tuple[Feature, ...]:
        return tuple(feature for factor in self.factors for feature in factor.features)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(feature.name for feature in self.features)

    @property
    def defaults(self) -> np.ndarray:
        return np.array([feature.default for feature in self.features])

    @property
    def between(self) -> np.ndarray:
        """Of which features all from the lowest to the highest train value is trained on, bool [F]."""
        whole = TRAIN not in self.boxes
        return np.array([whole and factor.interval for factor in self.factors for _ in factor.features])

    @property
    def ranged(self) -> bool:
        """Whether that is so of all features."""
        return bool(self.between.all())

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest train value per feature, each [F], in the features' units."""
        ends = np.array([(factor.train.min(), factor.train.max()) for factor in self.factors])
        low, high = np.sort(self.values(ends.T), axis=0)
        return low, high

    @property
    def regions(self) -> dict[str, int]:
        """The held-out regions of the space, each with the number that its contexts must be a multiple of."""
        return {split: turns(parts) for split in RESULTS if (parts := self.parts(split))}

    def parts(self, split: str) -> tuple[Part, ...]:
        """The parts of a split's region, which contexts take in turns; none where the space has no such region."""
        train = [factor.train for factor in self.factors]
        outside = [
            factor.extrapolation if len(factor.extrapolation) else factor.train for factor in self.factors
        ]
        outer = [number for number, factor in enumerate(self.factors) if len(factor.extrapolation)]
        if split in (TRAIN, *DEVELOPMENT):
            return self._trained()
        if split == INTERPOLATION:
            return self._between()
        if split == COMBINATORIAL and self.train_set != BOX and len(train) > 1:
            # Each factor is beyond what it keeps in the arms of the others.
            beyond = (NARROW if self.train_set == L_SHAPE else 0.0, 1.0)
            return (Part(tuple(train), (beyond,) * len(train)),)
        if split == EXTRAPOLATION and split in self.boxes:
            return self.boxes[split]
        if split == SINGLE and len(outer) > 1:
            return tuple(whole(_replaced(train, number, outside[number])) for number in outer)
        if outer and split == (ALL if len(outer) > 1 else EXTRAPOLATION):
            return (whole(outside),)
        return ()

    def _trained(self) -> tuple[Part, ...]:
        """The train set: all of it, or the arms of the L-shape or of the axes, or boxes."""
        train = [factor.train for factor in self.factors]
        if self.train_set == L_SHAPE:
            narrow = [(0.0, NARROW)] * len(train)
            return tuple(
                Part(tuple(train), tuple(_replaced(narrow, arm, WHOLE))) for arm in range(len(train))
            )
        if self.train_set == AXES:
            defaults = [np.ones((1, 2))] * len(train)
            return tuple(whole(_replaced(defaults, arm, train[arm])) for arm in range(len(train)))
        return self.boxes.get(TRAIN, (whole(train),))

    def _between(self) -> tuple[Part, ...]:
        """What is inside and can be held out: values between those of lists, else other points of intervals."""
        trained = self._trained()
        if any(len(factor.interpolation) for factor in self.factors):
            between = [factor.interpolation for factor in self.factors]
            return tuple(
                Part(tuple(new if len(new) else old for new, old in zip(between, pieces, strict=True)), used)
                for pieces, used in trained
            )
        wide = any(np.ptp(pieces, axis=1).any() for part in trained for pieces in part.pieces)
        return trained if wide else ()

    def draw_train(self, run: str, count: int) -> np.ndarray:
        """Contexts of the run with this key, float64 [count, F]: uniform in the train set, for all methods alike."""
        streams = Streams([run])
        points = streams.uniform("contexts", count, len(self.factors))[0]
        return self.values(take(self._trained(), points, lambda n: streams.uniform(f"order of {n}", n)[0]))

    def draw_held_out(self, split: str, count: int) -> np.ndarray:
        """A frozen set [count, F]: scrambled Sobol points (Owen 1995) in the split's region.

        Where a region has several parts (sides, corners, arms, cells), contexts take turns, so that all count the
        same.
        """
        parts = self.parts(split)
        mix = frozen(f"{split}/order").random if split in DEVELOPMENT else None
        return self.values(take(parts, self._points(split, turns(parts), count), mix))

    @property
    def gridded(self) -> bool:
        """Whether reference policies can stand on a grid: over one or two intervals, and their product."""
        return len(self.factors) <= GRIDDED and self.ranged and not self.boxes

    def grid(self, points: int) -> np.ndarray:
        """A geometric grid over train and extrapolation range, [points ** M, F], for reference policies."""
        axes = [np.geomspace(reach.min(), reach.max(), points) for reach in self.reach()]
        grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
        return self.values(grid.reshape(-1, len(axes)))

    def points(self, count: int) -> np.ndarray:
        """A frozen sample [count, F] of all that `grid` covers, for reference policies in any space.

        Intervals are covered evenly in ratios, as by a grid. Lists take turns: as many points as the longest list has
        values show each of them, and as many as there are cells show every cell.
        """
        reach = self.reach()
        drawn = self._points("points", math.prod(map(len, reach)), count)
        for number, factor in enumerate(self.factors):
            if factor.interval:
                ratio = reach[number].max() / reach[number].min()
                drawn[:, number] = (ratio ** drawn[:, number] - 1) / (ratio - 1)
        return self.values(take((whole(reach),), drawn, frozen("points/order").random))

    def reach(self) -> list[np.ndarray]:
        """Per factor what is trained on or tested in: of an interval all between the ends, else the pieces [P, 2]."""
        found = []
        for number, factor in enumerate(self.factors):
            joint = [part.pieces[number] for union in self.boxes.values() for part in union]
            own = np.concatenate([factor.train, factor.interpolation, factor.extrapolation, *joint])
            found.append(np.array([[own.min(), own.max()]]) if factor.interval else np.unique(own, axis=0))
        return found

    def _points(self, name: str, parts: int, count: int) -> np.ndarray:
        """Points [count, M] in the unit cube.

        Each part has a sequence of its own, since every fourth point of one lies in the same half of the cube (every
        second point of one factor does not).
        """
        parts = 1 if parts == 2 and len(self.factors) == 1 else min(parts, count)
        each = [sobol(name, part, -(-count // parts), len(self.factors)) for part in range(parts)]
        return np.stack(each, axis=1).reshape(-1, len(self.factors))[:count]

    def values(self, multipliers: np.ndarray) -> np.ndarray:
        """Contexts [C, F] in the features' units, from the factors' multipliers [C, M]."""
        return (
            np.repeat(multipliers, [len(factor.features) for factor in self.factors], axis=1) * self.defaults
        )


def ordered(features: tuple[Feature, ...], ranges: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """What a study says of its factors, in the order of the environment's features; of tied ones the first counts."""
    place = {feature.name: number for number, feature in enumerate(features)}
    return sorted(
        ranges.items(), key=lambda item: min(place[one] for one in item[1].get("features", [item[0]]))
    )


def another(chosen: np.ndarray, draw: np.ndarray, count: int) -> np.ndarray:
    """Of `count` contexts one that is not the chosen one, int64; `draw` is U[0, 1). Of a single one, that one."""
    return (chosen + 1 + (draw * (count - 1)).astype(np.int64)) % count


def _pieces(said: Sequence[Any]) -> np.ndarray:
    """Intervals [a, b], and values as intervals of no width: [P, 2], sorted."""
    pieces = np.array([one if np.ndim(one) else [one, one] for one in said], dtype=np.float64).reshape(-1, 2)
    return pieces[np.lexsort(pieces.T[::-1])]


def _sorted(parts: Iterable[Part]) -> tuple[Part, ...]:
    return tuple(sorted(parts, key=lambda part: [pieces.tolist() for pieces in part.pieces]))


def _replaced(items: list[Any], place: int, item: Any) -> list[Any]:
    return [*items[:place], item, *items[place + 1 :]]
