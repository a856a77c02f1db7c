"""The regions of a benchmark: each set lies where its split says, its parts count the same, and none overlap."""

import math

import numpy as np
import pytest
from context_spaces import DOWN, arms, published, relaxed, sided_spaces, sides, spaces, span, trained
from hypothesis import given
from hypothesis import strategies as st

from meta_rl.contexts import (
    ALL,
    COMBINATORIAL,
    DEVELOPMENT,
    EXTRAPOLATION,
    INTERPOLATION,
    NARROW,
    RESULTS,
    SINGLE,
    TRAIN_SETS,
    ContextSpace,
    Feature,
)

NAMES = [f"cartpole_gravity_length{train_set}" for train_set in ("", "_b", "_c")]
several = sided_spaces(features=2) | sided_spaces(features=3)
counts = st.integers(1, 100)
rounds = st.integers(1, 5)


def splits(space: ContextSpace) -> list[str]:
    return [*space.regions, *DEVELOPMENT]


@given(several)
@relaxed
def test_regions_are_those_of_the_train_set(space: ContextSpace) -> None:
    lengths = [len(factor.extrapolation) for factor in space.factors]
    arms = 1 if space.train_set == "A" else len(lengths)
    expected = {INTERPOLATION: arms, SINGLE: len(lengths) * math.lcm(*lengths), ALL: math.prod(lengths)}
    if space.train_set != "A":  # of a box nothing is left between
        expected[COMBINATORIAL] = 1
    assert space.regions == expected
    assert list(space.regions) == [split for split in RESULTS if split in expected]


@given(sided_spaces(features=1))
@relaxed
def test_one_feature_has_no_combinations(space: ContextSpace) -> None:
    assert space.regions == {INTERPOLATION: 1, EXTRAPOLATION: len(space.factors[0].extrapolation)}


@given(sided_spaces(), st.integers(0, 10_000), counts)
@relaxed
def test_what_is_trained_on_and_fitted_on_lies_in_the_train_set(
    space: ContextSpace, seed: int, count: int
) -> None:
    sets = [space.draw_held_out(split, count) for split in (INTERPOLATION, *DEVELOPMENT)]
    for values in (space.draw_train(f"run {seed}", count), *sets):
        assert values.shape == (count, len(space.features))
        assert trained(space, values).all()


@given(several, st.integers(0, 10_000), rounds)
@relaxed
def test_the_arms_of_a_train_set_count_the_same(space: ContextSpace, seed: int, each: int) -> None:
    count = each * len(space.features)
    for values in (space.draw_train(f"run {seed}", count), space.draw_held_out(INTERPOLATION, count)):
        in_arm = arms(space, values).sum(axis=0)
        if space.train_set == "C":  # the axes meet in one point only
            assert in_arm.tolist() == [each] * len(space.features)
        else:
            assert (in_arm >= each).all()


@given(several, counts)
@relaxed
def test_combinatorial_contexts_combine_what_was_trained_apart(space: ContextSpace, count: int) -> None:
    if space.train_set == "A":
        return
    values = space.draw_held_out(COMBINATORIAL, count)
    assert (sides(space, values) == -1).all()
    assert not trained(space, values).any()
    if space.train_set == "B":
        train = np.array([factor.train[0] for factor in space.factors])
        place = (values / space.defaults - train[:, 0]) / np.ptp(train, axis=1)
        assert (place > NARROW - 1e-9).all()


@given(several, rounds)
@relaxed
def test_one_feature_at_a_time_leaves_its_range_to_each_side_as_often(space: ContextSpace, each: int) -> None:
    count = each * space.regions[SINGLE]
    found = sides(space, space.draw_held_out(SINGLE, count))
    outside = found >= 0
    assert (outside.sum(axis=1) == 1).all()
    for feature, intervals in enumerate(factor.extrapolation for factor in space.factors):
        of_side = np.bincount(found[outside[:, feature], feature], minlength=len(intervals))
        assert of_side.tolist() == [count // len(space.features) // len(intervals)] * len(intervals)


@given(sided_spaces(), rounds)
@relaxed
def test_all_features_leave_their_ranges_to_each_corner_as_often(space: ContextSpace, each: int) -> None:
    split = EXTRAPOLATION if len(space.features) == 1 else ALL
    found = sides(space, space.draw_held_out(split, each * space.regions[split]))
    corners, of_corner = np.unique(found, axis=0, return_counts=True)
    assert (corners >= 0).all()
    assert of_corner.tolist() == [each] * space.regions[split]


@given(sided_spaces(), counts, counts, st.data())
@relaxed
def test_longer_sets_begin_with_shorter_ones(
    space: ContextSpace, first: int, second: int, data: st.DataObject
) -> None:
    split = data.draw(st.sampled_from(splits(space)))
    small, large = sorted((first, second))
    assert np.array_equal(space.draw_held_out(split, large)[:small], space.draw_held_out(split, small))


@given(spaces(train_sets=TRAIN_SETS), st.integers(0, 10_000))
@relaxed
def test_longer_train_sets_begin_with_shorter_ones(space: ContextSpace, seed: int) -> None:
    assert np.array_equal(space.draw_train(f"run {seed}", 50)[:21], space.draw_train(f"run {seed}", 21))


@pytest.mark.parametrize("name", ["cartpole_tau", *NAMES])
def test_no_two_sets_have_a_context_in_common(name: str) -> None:
    """Train contexts of 300 seeds, and twice as many held-out ones as the full study has."""
    space = published(name)
    sets = [space.draw_train(f"run {seed}", 100) for seed in range(300)]
    sets += [space.draw_held_out(split, 256) for split in splits(space)]
    together = np.concatenate(sets)
    assert len(np.unique(together, axis=0)) == len(together)


@pytest.mark.parametrize("name", NAMES)
def test_every_part_is_covered_evenly(name: str) -> None:
    """Taking turns along one Sobol sequence would leave half of an interval empty."""
    space, each = published(name), 64
    (train,) = space.factors[0].train
    edge = train[0] + NARROW * np.ptp(train)
    spans = [train, (train[0], edge), (edge, train[1]), *space.factors[0].extrapolation]
    for split in splits(space):
        parts = space.regions[INTERPOLATION if split in DEVELOPMENT else split]
        multipliers = space.draw_held_out(split, parts * each) / space.defaults
        for values in multipliers.reshape(each, parts * 2).T:
            if not (space.train_set == "C" and np.all(values == 1)):
                assert any(
                    np.histogram(values, bins=16, range=tuple(ends))[0].tolist() == [4] * 16 for ends in spans
                )


@pytest.mark.parametrize("train_set", TRAIN_SETS)
def test_far_is_far_from_zero_where_defaults_are_negative(train_set: str) -> None:
    length = Feature("length", 0.5, 0.05, 2.2, "m")
    space = ContextSpace.of((DOWN, length), dict.fromkeys(("gravity", "length"), span(0.2, 2.2)), train_set)
    far = space.draw_held_out(ALL, 100)
    low, high = far[:, 0] < -22, far[:, 0] > -2
    assert low.sum() == high.sum() == 50
    assert (far[low, 0] >= -44).all()
    assert (far[high, 0] <= -1).all()
    single = space.draw_held_out(SINGLE, 100)
    assert ((single[:, 0] < -22).sum(), (single[:, 0] > -2).sum()) == (25, 25)
    trained = space.draw_train("run 0", 100)[:, 0]
    assert ((trained >= -22) & (trained <= -2)).all()
    if train_set == "B":  # the narrow part lies at the lowest multipliers: at the end near 0
        assert (trained[1::2] >= -2 - NARROW * 20).all()
    if train_set == "C":
        assert (trained[1::2] == -10).all()
