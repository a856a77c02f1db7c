"""Context sets: reproducible, disjoint, within bounds, evenly spread, and frozen."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meta_rl.contexts import EXTRAPOLATION, INTERPOLATION, VERSION, ContextSpace, Feature
from meta_rl.envs import cartpole

GOLDEN = json.loads((Path(__file__).parent / "golden/contexts.json").read_text())


def span(low: float, high: float) -> dict[str, list]:
    """Ranges of a feature, with the extrapolation that a study has by default."""
    return {"train": [low, high], "extrapolation": [[low / 2, low], [high, 2 * high]]}


@st.composite
def spaces(draw: st.DrawFn, features: int = 1) -> ContextSpace:
    """Features with defaults of either sign and multipliers around 1."""
    drawn, ranges = [], {}
    for number in range(features):
        default = draw(st.floats(0.01, 100)) * draw(st.sampled_from([-1, 1]))
        low, high = draw(st.floats(0.05, 0.9)), draw(st.floats(1.1, 5))
        ends = sorted((default * low / 2, default * high * 2))
        drawn.append(Feature(f"feature_{number}", default, *ends, "unit"))
        ranges[f"feature_{number}"] = span(low, high)
    return ContextSpace.of(tuple(drawn), ranges)


relaxed = settings(deadline=None, max_examples=50)  # the first example imports scipy
seeds = st.integers(0, 10_000)
counts = st.integers(1, 300)


def inside(space: ContextSpace, values: np.ndarray) -> np.ndarray:
    low, high = space.bounds()
    slack = 1e-12 * np.abs(high)
    return ((values >= low - slack) & (values <= high + slack)).all(axis=1)


@relaxed
@given(spaces(features=2), seeds, counts)
def test_train_contexts_lie_in_the_train_range(space: ContextSpace, seed: int, count: int) -> None:
    drawn = space.draw_train(seed, count)
    assert drawn.shape == (count, 2)
    assert inside(space, drawn).all()


@relaxed
@given(spaces(features=2), seeds)
def test_train_contexts_follow_from_the_seed(space: ContextSpace, seed: int) -> None:
    drawn = space.draw_train(seed, 20)
    space.draw_train(seed + 1, 5)
    space.draw_held_out(INTERPOLATION, 10)
    assert np.array_equal(space.draw_train(seed, 20), drawn)
    assert not np.isin(space.draw_train(seed + 1, 20), drawn).any()


@relaxed
@given(spaces(), seeds)
def test_more_train_contexts_keep_the_first_ones(space: ContextSpace, seed: int) -> None:
    assert np.array_equal(space.draw_train(seed, 50)[:20], space.draw_train(seed, 20))


def test_train_contexts_are_uniform_and_independent_between_features() -> None:
    features = (Feature("a", 2.0, 0.1, 9.0, "m"), Feature("b", -1.0, -9.0, -0.1, "m"))
    space = ContextSpace.of(features, {"a": span(0.5, 1.5), "b": span(0.5, 2.5)})
    drawn = np.concatenate([space.draw_train(seed, 100) for seed in range(100)])
    for values, (low, high) in zip(drawn.T, ([1.0, 3.0], [-2.5, -0.5]), strict=True):
        shares = np.histogram(values, bins=10, range=(low, high))[0] / len(values)
        assert shares.sum() == 1
        assert np.allclose(shares, 0.1, atol=0.015)
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.03


@relaxed
@given(spaces(), counts)
def test_held_out_splits_lie_on_their_side_of_the_train_range(space: ContextSpace, count: int) -> None:
    (feature,) = space.features
    interpolation, extrapolation = (
        space.draw_held_out(split, count) for split in (INTERPOLATION, EXTRAPOLATION)
    )
    assert interpolation.shape == extrapolation.shape == (count, 1)
    assert inside(space, interpolation).all()
    assert not inside(space, extrapolation).any()
    assert not np.isin(interpolation, space.draw_train(0, count)).any()
    slack = 1e-12 * abs(feature.high)
    assert (extrapolation >= feature.low - slack).all()
    assert (extrapolation <= feature.high + slack).all()


@relaxed
@given(spaces(), st.integers(1, 100))
def test_both_sides_of_extrapolation_count_the_same(space: ContextSpace, pairs: int) -> None:
    multipliers = space.draw_held_out(EXTRAPOLATION, 2 * pairs) / space.defaults
    assert (multipliers < 1).sum() == (multipliers > 1).sum() == pairs


def test_each_side_of_extrapolation_is_covered_evenly() -> None:
    """Alternating sides along a Sobol sequence must not leave half of an interval empty."""
    space = ContextSpace.of(cartpole.features, {"tau": span(0.2, 2.2)})
    multipliers = space.draw_held_out(EXTRAPOLATION, 256)[:, 0] / space.defaults
    for ends in ((0.1, 0.2), (2.2, 4.4)):
        assert np.histogram(multipliers, bins=8, range=ends)[0].tolist() == [16] * 8


def test_interpolation_is_spread_evenly() -> None:
    space = ContextSpace.of(cartpole.features, {"tau": span(0.2, 2.2), "length": span(0.2, 2.2)})
    drawn = space.draw_held_out(INTERPOLATION, 256) / space.defaults
    for values in drawn.T:
        assert np.histogram(values, bins=64, range=(0.2, 2.2))[0].tolist() == [4] * 64
    cells = np.histogram2d(*drawn.T, bins=16, range=[(0.2, 2.2)] * 2)[0]
    assert (cells == 1).all()


def test_the_far_end_of_a_negative_feature_is_the_lower_one() -> None:
    gravity = Feature("gravity", -10.0, -44.0, -1.0, "m/s^2")
    space = ContextSpace.of((gravity,), {"gravity": span(0.2, 2.2)})
    assert [ends.tolist() for ends in space.bounds()] == [[-22.0], [-2.0]]
    beyond = space.draw_held_out(EXTRAPOLATION, 100)
    assert sorted(set(beyond.ravel() < -22)) == [False, True]
    assert all(-44 <= value < -22 or -2 < value <= -1 for value in beyond.ravel())
    assert space.grid(3)[[0, -1], 0].tolist() == [-1.0, -44.0]


@relaxed
@given(spaces(), st.sampled_from([INTERPOLATION, EXTRAPOLATION]), counts, counts)
def test_larger_held_out_sets_begin_with_the_smaller_ones(
    space: ContextSpace, split: str, first: int, second: int
) -> None:
    small, large = sorted((first, second))
    assert np.array_equal(space.draw_held_out(split, large)[:small], space.draw_held_out(split, small))


@relaxed
@given(spaces(features=2), st.integers(2, 7))
def test_the_grid_covers_the_ends_in_equal_ratios(space: ContextSpace, points: int) -> None:
    grid = space.grid(points) / space.defaults
    assert grid.shape == (points**2, 2)
    for column, (low, high) in enumerate(space.train):
        axis = np.unique(grid[:, column].round(12))
        assert np.allclose(axis[[0, -1]], [low / 2, high * 2])
        assert len(axis) == points
        assert np.allclose(axis[1:] / axis[:-1], axis[1] / axis[0], rtol=1e-6)
    assert len(np.unique(grid.round(12), axis=0)) == points**2


def test_features_are_taken_in_the_order_of_the_ranges() -> None:
    space = ContextSpace.of(cartpole.features, {"tau": span(0.5, 2), "gravity": span(0.2, 3)})
    assert space.names == ("tau", "gravity")
    assert space.defaults.tolist() == [0.02, 9.8]
    assert space.train.tolist() == [[0.5, 2], [0.2, 3]]


@pytest.mark.parametrize("feature", ["tau", "length", "gravity"])
def test_the_sets_of_cartpole_are_frozen(feature: str) -> None:
    """If this fails, results are not comparable with earlier ones: raise VERSION, then the golden file."""
    space = ContextSpace.of(cartpole.features, {feature: span(0.2, 2.2)})
    sets = {
        INTERPOLATION: space.draw_held_out(INTERPOLATION, 100),
        EXTRAPOLATION: space.draw_held_out(EXTRAPOLATION, 200),
        "train of seed 0": space.draw_train(0, 100),
    }
    found = {
        name: {"first": values[:2, 0].tolist(), "sha256": hashlib.sha256(values.tobytes()).hexdigest()}
        for name, values in sets.items()
    }
    assert {"version": VERSION, "sets": found} == {
        "version": GOLDEN["version"],
        "sets": GOLDEN["sets"][feature],
    }
