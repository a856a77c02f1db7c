"""Context sets: reproducible, disjoint, within bounds, evenly spread, and frozen."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from context_spaces import DOWN, published, relaxed, sides, spaces, span
from hypothesis import given
from hypothesis import strategies as st

from meta_rl.benchmarks.published import BENCHMARKS
from meta_rl.contexts import DEVELOPMENT, EXTRAPOLATION, INTERPOLATION, ContextSpace, Feature
from meta_rl.draws import VERSION
from meta_rl.envs import cartpole

GOLDEN = json.loads((Path(__file__).parent / "golden/contexts.json").read_text())

seeds = st.integers(0, 10_000)
counts = st.integers(1, 300)
one_feature = spaces(features=1)


@relaxed
@given(spaces(features=2), seeds)
def test_train_contexts_follow_from_the_seed(space: ContextSpace, seed: int) -> None:
    drawn = space.draw_train(f"run {seed}", 20)
    space.draw_train(f"run {seed + 1}", 5)
    space.draw_held_out(INTERPOLATION, 10)
    assert np.array_equal(space.draw_train(f"run {seed}", 20), drawn)
    assert not np.isin(space.draw_train(f"run {seed + 1}", 20), drawn).any()


def test_train_contexts_are_uniform_and_independent_between_features() -> None:
    features = (Feature("a", 2.0, 0.1, 9.0, "m"), Feature("b", -1.0, -9.0, -0.1, "m"))
    space = ContextSpace.of(features, {"a": span(0.5, 1.5), "b": span(0.5, 2.5)})
    drawn = np.concatenate([space.draw_train(f"run {seed}", 100) for seed in range(100)])
    for values, (low, high) in zip(drawn.T, ([1.0, 3.0], [-2.5, -0.5]), strict=True):
        shares = np.histogram(values, bins=10, range=(low, high))[0] / len(values)
        assert shares.sum() == 1
        assert np.allclose(shares, 0.1, atol=0.015)
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.03


@relaxed
@given(one_feature, counts)
def test_held_out_splits_lie_on_their_side_of_the_train_range(space: ContextSpace, count: int) -> None:
    (feature,) = space.features
    inside, outside = (space.draw_held_out(split, count) for split in (INTERPOLATION, EXTRAPOLATION))
    assert inside.shape == outside.shape == (count, 1)
    assert (sides(space, inside) == -1).all()
    assert (sides(space, outside) >= 0).all()
    slack = 1e-12 * abs(feature.high)
    assert (outside >= feature.low - slack).all()
    assert (outside <= feature.high + slack).all()


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
    space = ContextSpace.of((DOWN,), {"gravity": span(0.2, 2.2)})
    assert [ends.tolist() for ends in space.bounds()] == [[-22.0], [-2.0]]
    beyond = space.draw_held_out(EXTRAPOLATION, 100)
    assert sorted(set(beyond.ravel() < -22)) == [False, True]
    assert all(-44 <= value < -22 or -2 < value <= -1 for value in beyond.ravel())
    assert space.grid(3)[[0, -1], 0].tolist() == [-1.0, -44.0]


@relaxed
@given(spaces(features=2), st.integers(2, 7))
def test_the_grid_covers_the_ends_in_equal_ratios(space: ContextSpace, points: int) -> None:
    grid = space.grid(points) / space.defaults
    assert grid.shape == (points**2, 2)
    for column, (low, high) in enumerate(factor.train[0] for factor in space.factors):
        axis = np.unique(grid[:, column].round(12))
        assert np.allclose(axis[[0, -1]], [low / 2, high * 2])
        assert len(axis) == points
        assert np.allclose(axis[1:] / axis[:-1], axis[1] / axis[0], rtol=1e-6)
    assert len(np.unique(grid.round(12), axis=0)) == points**2


def test_features_stand_in_the_order_of_the_environment() -> None:
    ranges = {"tau": span(0.5, 2), "gravity": span(0.2, 3)}
    space = ContextSpace.of(cartpole.features, ranges)
    assert space.names == ("gravity", "tau")
    assert space.defaults.tolist() == [9.8, 0.02]
    assert [factor.train.tolist() for factor in space.factors] == [[[0.2, 3]], [[0.5, 2]]]
    turned = ContextSpace.of(cartpole.features, dict(reversed(ranges.items())))
    assert np.array_equal(space.draw_train("run 0", 5), turned.draw_train("run 0", 5))


def test_published_benchmarks_name_features_in_the_order_of_their_environments() -> None:
    """Held-out sets are drawn in this order: it must not change what was published."""
    for name, benchmark in BENCHMARKS.items():
        named = [one.features or (factor,) for factor, one in benchmark.features.items()]
        assert published(name).names == tuple(feature for features in named for feature in features)


def drawn(name: str, split: str) -> np.ndarray:
    """A set as large as in the full study."""
    space = published(name if name in BENCHMARKS else f"cartpole_{name}")
    if split == "train of seed 0":
        return space.draw_train("run 0", 100)
    return space.draw_held_out(split, 100 if split == INTERPOLATION else 200)


@pytest.mark.parametrize("name", GOLDEN["sets"])
def test_the_sets_of_cartpole_are_frozen(name: str) -> None:
    """If this fails, results are not comparable with earlier ones: raise VERSION, then the golden file."""
    sets = {split: drawn(name, split) for split in GOLDEN["sets"][name]}
    found = {
        split: {
            "first": values[:2].squeeze().tolist(),
            "sha256": hashlib.sha256(values.tobytes()).hexdigest(),
        }
        for split, values in sets.items()
    }
    assert {"version": VERSION, "sets": found} == {"version": GOLDEN["version"], "sets": GOLDEN["sets"][name]}


def test_no_split_of_several_features_is_left_out() -> None:
    for train_set in ("", "_b", "_c"):
        name = f"cartpole_gravity_length{train_set}"
        assert set(GOLDEN["sets"][name]) == {"train of seed 0", *published(name).regions, *DEVELOPMENT}
