"""Context spaces to test with, and where in them a context lies."""

from dataclasses import replace

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from meta_rl import registry
from meta_rl.benchmarks.published import BENCHMARKS
from meta_rl.contexts import NARROW, TRAIN_SETS, ContextSpace, Feature

relaxed = settings(deadline=None, max_examples=50)  # the first example imports scipy
DOWN = Feature("gravity", -10.0, -44.0, -1.0, "m/s^2")
SLACK = 1e-9  # multipliers are values divided by defaults: they are off by a rounding


INTERVAL = {"train": [0.5, 2.0], "extrapolation": [[0.2, 0.5], [2.0, 2.5]]}
LIST = {"values": [0.2, 1.0, 1.8], "extrapolation": [0.1, 2.5]}
BETWEEN = LIST | {"interpolation": [0.6, 1.4]}
SIGN = {"values": [-1.0, 1.0], "extrapolation": []}


def span(low: float, high: float) -> dict[str, list]:
    """Ranges of a feature, with the extrapolation that a study has by default."""
    return {"train": [low, high], "extrapolation": [[low / 2, low], [high, 2 * high]]}


def published(name: str) -> ContextSpace:
    benchmark = BENCHMARKS[name]
    environment = registry.load("environment", benchmark.environment)
    return ContextSpace.of(environment.features, *benchmark.space)


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
    for factor in space.factors:
        high = factor.train.max()
        intervals = [*factor.extrapolation, np.array([3 * high, 4 * high])]
        taken = draw(st.lists(st.sampled_from(intervals), min_size=1, unique_by=tuple))
        chosen.append(replace(factor, extrapolation=np.array(taken)))
    return replace(space, factors=tuple(chosen))


@st.composite
def mixed_spaces(draw: st.DrawFn, factors: int | None = None) -> ContextSpace:
    """Intervals, lists, signs and ties, each with or without something outside; now and then boxes outside."""
    boxed = draw(st.booleans())
    features, ranges = [], {}
    for number in range(factors or draw(st.integers(1, 3))):
        tied = [f"feature_{number}_{name}" for name in "ab"[: draw(st.integers(1, 2))]]
        for name in tied:
            default = draw(st.floats(0.01, 100)) * draw(st.sampled_from([-1, 1]))
            features.append(Feature(name, default, -1e6, 1e6, "unit"))
        said = draw(st.sampled_from([INTERVAL, LIST, BETWEEN, SIGN]))
        outside = (
            [] if boxed else draw(st.sampled_from([[], said["extrapolation"], said["extrapolation"][:1]]))
        )
        ranges[f"factor_{number}"] = said | {"features": tied, "extrapolation": outside}
    boxes = (
        {"extrapolation": [{name: [low, low + 0.5] for name in ranges} for low in (3.0, 5.0)]}
        if boxed
        else {}
    )
    return ContextSpace.of(tuple(features), ranges, boxes=boxes)


def multipliers(space: ContextSpace, values: np.ndarray) -> np.ndarray:
    """Of each factor [C, M]; its features are all multiplied alike."""
    found, first = [], 0
    for factor in space.factors:
        own = (values / space.defaults)[:, first : first + len(factor.features)]
        assert np.allclose(own, own[:, :1], rtol=1e-12)
        found.append(own[:, 0])
        first += len(factor.features)
    return np.stack(found, axis=1)


def sides(space: ContextSpace, values: np.ndarray) -> np.ndarray:
    """Per context and factor [C, M]: -1 where it is trained on, else the number of the piece; between from 100 on."""
    found = np.full((len(values), len(space.factors)), -2)
    for column, (factor, own) in enumerate(zip(space.factors, multipliers(space, values).T, strict=True)):
        numbered = [*enumerate(factor.extrapolation), *enumerate(factor.interpolation, 100)]
        for number, (low, high) in [*numbered, *((-1, piece) for piece in factor.train)]:
            found[(own >= low - SLACK) & (own <= high + SLACK), column] = number
    assert (found > -2).all(), "a context lies between the intervals"
    return found


def arms(space: ContextSpace, values: np.ndarray) -> np.ndarray:
    """Per context and factor [C, M]: whether it may be in the arm of the train set along that factor."""
    own = multipliers(space, values)
    kept = np.ones(own.shape, bool)
    if space.train_set == "B":
        ends = np.array([factor.train[0] for factor in space.factors])
        kept = (own - ends[:, 0]) / np.ptp(ends, axis=1) <= NARROW + SLACK
    if space.train_set == "C":
        kept = own == 1
    others = ~np.eye(len(space.factors), dtype=bool)
    return (kept[:, None] | ~others).all(axis=2) & (sides(space, values) == -1)


def trained(space: ContextSpace, values: np.ndarray) -> np.ndarray:
    """Which contexts lie in the train set, bool [C]."""
    return arms(space, values).any(axis=1) & (sides(space, values) == -1).all(axis=1)
