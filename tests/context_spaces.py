"""Context spaces to test with, and where in them a context lies."""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from meta_rl import registry
from meta_rl.benchmarks import BENCHMARKS
from meta_rl.contexts import NARROW, TRAIN_SETS, ContextSpace, Feature

relaxed = settings(deadline=None, max_examples=50)  # the first example imports scipy
DOWN = Feature("gravity", -10.0, -44.0, -1.0, "m/s^2")
SLACK = 1e-9  # multipliers are values divided by defaults: they are off by a rounding


def span(low: float, high: float) -> dict[str, list]:
    """Ranges of a feature, with the extrapolation that a study has by default."""
    return {"train": [low, high], "extrapolation": [[low / 2, low], [high, 2 * high]]}


def published(name: str) -> ContextSpace:
    benchmark = BENCHMARKS[name]
    environment = registry.load("environment", benchmark.environment)
    return ContextSpace.of(environment.features, benchmark.ranges, benchmark.train_set)


@st.composite
def spaces(
    draw: st.DrawFn, features: int | None = None, train_sets: tuple[str, ...] = ("A",)
) -> ContextSpace:
    """Features (1 to 3 unless said) with defaults of either sign and multipliers around 1."""
    drawn, ranges = [], {}
    for number in range(features or draw(st.integers(1, 3))):
        default = draw(st.floats(0.01, 100)) * draw(st.sampled_from([-1, 1]))
        low, high = draw(st.floats(0.05, 0.9)), draw(st.floats(1.1, 5))
        ends = sorted((default * low / 2, default * high * 2))
        drawn.append(Feature(f"feature_{number}", default, *ends, "unit"))
        ranges[f"feature_{number}"] = span(low, high)
    return ContextSpace.of(tuple(drawn), ranges, draw(st.sampled_from(train_sets)))


@st.composite
def sided_spaces(draw: st.DrawFn, features: int | None = None) -> ContextSpace:
    """Of every train set, with one to three intervals outside the train range of each feature."""
    space = draw(spaces(features, TRAIN_SETS))
    chosen = []
    for _, high in space.train:
        below_and_above = space.extrapolation[len(chosen)]
        intervals = [*below_and_above, np.array([3 * high, 4 * high])]
        chosen.append(np.array(draw(st.lists(st.sampled_from(intervals), min_size=1, unique_by=tuple))))
    return ContextSpace(space.features, space.train, tuple(chosen), space.train_set)


def sides(space: ContextSpace, values: np.ndarray) -> np.ndarray:
    """Per context and feature [C, F]: -1 in the train range, else the number of the interval that it is in."""
    multipliers, found = values / space.defaults, np.full(values.shape, -2)
    for feature, (row, outside) in enumerate(zip(space.train, space.extrapolation, strict=True)):
        for number, (low, high) in enumerate([*outside, row]):
            here = (multipliers[:, feature] >= low - SLACK) & (multipliers[:, feature] <= high + SLACK)
            found[here, feature] = number if number < len(outside) else -1
    assert (found > -2).all(), "a context lies between the intervals"
    return found


def arms(space: ContextSpace, values: np.ndarray) -> np.ndarray:
    """Per context and feature [C, F]: whether it may be in the arm of the train set along that feature."""
    multipliers = values / space.defaults
    place = (multipliers - space.train[:, 0]) / np.ptp(space.train, axis=1)
    rest = {"A": np.ones(place.shape, bool), "B": place <= NARROW + SLACK, "C": values == space.defaults}
    others = ~np.eye(len(space.features), dtype=bool)
    kept = (rest[space.train_set][:, None] | ~others).all(axis=2)
    return kept & (sides(space, values) == -1)


def trained(space: ContextSpace, values: np.ndarray) -> np.ndarray:
    """Which contexts lie in the train set, bool [C]."""
    return arms(space, values).any(axis=1) & (sides(space, values) == -1).all(axis=1)
