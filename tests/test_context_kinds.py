"""Lists, signs, ties and boxes: where their contexts lie, that each value counts the same, and what there is not."""

import math

import numpy as np
import pytest
from context_spaces import BETWEEN, INTERVAL, LIST, SIGN, mixed_spaces, multipliers, relaxed, sides, trained
from hypothesis import given
from hypothesis import strategies as st

from meta_rl.contexts import (
    ALL,
    DEVELOPMENT,
    EXTRAPOLATION,
    INTERPOLATION,
    RESULTS,
    SINGLE,
    TRAIN,
    ContextSpace,
    Feature,
)

A, B, C = (
    Feature(name, default, -99.0, 99.0, "m") for name, default in (("a", 2.0), ("b", -3.0), ("c", 5.0))
)
counts, seeds = st.integers(1, 60), st.integers(0, 10_000)
PAIRS = [{"a": [2.5, 3.0], "b": [0.5, 1.0]}, {"a": [0.1, 0.4], "b": [1.0, 1.5]}]


def space(boxes: dict | None = None, **ranges: dict) -> ContextSpace:
    return ContextSpace.of((A, B, C), ranges, boxes=boxes)


def drawn(one: ContextSpace, split: str, count: int) -> np.ndarray:
    return one.draw_train("run 7", count) if split == TRAIN else one.draw_held_out(split, count)


def cells(one: ContextSpace, values: np.ndarray) -> np.ndarray:
    """Per context and factor the number of the piece that it is in, of all that the factor has."""
    found = []
    for factor, own in zip(one.factors, multipliers(one, values).T, strict=True):
        pieces = np.concatenate([factor.train, factor.interpolation, factor.extrapolation])
        inside = (own[:, None] >= pieces[:, 0] - 1e-9) & (own[:, None] <= pieces[:, 1] + 1e-9)
        found.append(inside.argmax(axis=1))
    return np.stack(found, axis=1)


@given(mixed_spaces(), seeds, counts)
@relaxed
def test_what_is_trained_on_and_fitted_on_lies_in_the_train_set(
    one: ContextSpace, seed: int, count: int
) -> None:
    for values in (
        one.draw_train(f"run {seed}", count),
        *(one.draw_held_out(split, count) for split in DEVELOPMENT),
    ):
        assert values.shape == (count, len(one.features))
        assert trained(one, values).all()


@given(mixed_spaces(), st.integers(1, 3))
@relaxed
def test_held_out_contexts_lie_where_their_region_says_and_none_is_trained_on(
    one: ContextSpace, each: int
) -> None:
    learnt = set(map(tuple, one.draw_train("run 0", 200).tolist()))
    for split, parts in one.regions.items():
        values = one.draw_held_out(split, each * parts)
        assert not learnt & set(map(tuple, values.tolist()))
        if one.boxes and split == EXTRAPOLATION:
            low = np.floor(multipliers(one, values))
            assert (low == low[:, :1]).all()  # the factors of a context are in the same box
            assert np.bincount(low[:, 0].astype(int), minlength=6)[[3, 5]].tolist() == [each, each]
            continue
        found = sides(one, values)
        has_outside = np.array([len(factor.extrapolation) > 0 for factor in one.factors])
        has_between = np.array([len(factor.interpolation) > 0 for factor in one.factors])
        outside, between = (found >= 0) & (found < 100), found >= 100
        assert (outside.sum(axis=1) == {INTERPOLATION: 0, SINGLE: 1}.get(split, has_outside.sum())).all()
        assert (between == (has_between if split == INTERPOLATION else False)).all()


@given(mixed_spaces(), st.integers(1, 3))
@relaxed
def test_every_part_of_a_region_counts_the_same(one: ContextSpace, each: int) -> None:
    for split, parts in one.regions.items():
        if split in one.boxes:
            continue
        values = one.draw_held_out(split, each * parts)
        _, often = np.unique(cells(one, values), axis=0, return_counts=True)
        if split != SINGLE:
            assert often.tolist() == [each] * parts
            continue
        outside = (sides(one, values) >= 0).argmax(axis=1)  # which factor is outside
        _, of_factor = np.unique(outside, return_counts=True)
        assert len(set(of_factor.tolist())) == 1
        for factor in np.unique(outside):
            _, within = np.unique(cells(one, values[outside == factor]), axis=0, return_counts=True)
            assert len(set(within.tolist())) == 1


@given(mixed_spaces(), counts, counts)
@relaxed
def test_longer_sets_begin_with_shorter_ones(one: ContextSpace, first: int, second: int) -> None:
    small, large = sorted((first, second))
    for split in (TRAIN, *DEVELOPMENT, *one.regions):
        assert np.array_equal(drawn(one, split, large)[:small], drawn(one, split, small))


@given(mixed_spaces(), seeds)
@relaxed
def test_lists_take_turns_also_in_sets_of_any_size(one: ContextSpace, seed: int) -> None:
    """In training and where specialists stand: each value soon, and each cell once in a turn."""
    sizes = [len(factor.train) for factor in one.factors]
    soon, turn = one.draw_train(f"run {seed}", max(sizes)), one.draw_train(f"run {seed}", math.prod(sizes))
    assert [len(set(column)) for column in cells(one, soon).T] == sizes
    assert len(np.unique(cells(one, turn), axis=0)) == len(turn)
    if one.boxes:
        return
    shown = [1 if factor.interval else len(one.reach()[number]) for number, factor in enumerate(one.factors)]
    soon, turn = (multipliers(one, one.points(number)) for number in (max(shown), math.prod(shown)))
    lists = [number for number, factor in enumerate(one.factors) if not factor.interval]
    for number in lists:
        assert len(set(soon[:, number].round(9))) == shown[number]
    if lists:
        assert len(np.unique(turn[:, lists].round(9), axis=0)) == math.prod(shown)


@given(mixed_spaces(), counts)
@relaxed
def test_specialists_stand_within_reach(one: ContextSpace, count: int) -> None:
    values = multipliers(one, one.points(count))
    for own, pieces in zip(values.T, one.reach(), strict=True):
        inside = (own[:, None] >= pieces[:, 0] - 1e-9) & (own[:, None] <= pieces[:, 1] + 1e-9)
        assert inside.any(axis=1).all()
    assert np.array_equal(one.points(count), one.points(count))


def test_a_sample_of_specialists_covers_ratios_evenly() -> None:
    one = space(a=INTERVAL, b=SIGN)
    logarithms = np.log2(multipliers(one, one.points(64))[:, 0] / 0.2) / np.log2(2.5 / 0.2)
    assert np.histogram(logarithms, bins=8, range=(0, 1))[0].tolist() == [8] * 8
    for sign in (-1, 1):
        own = one.points(64)[one.points(64)[:, 1] == sign * -3.0][:, 0]
        assert len(own) == 32


def test_runs_meet_cells_in_orders_of_their_own() -> None:
    one = space(a=BETWEEN, b=LIST)
    orders = {tuple(map(tuple, one.draw_train(f"run {seed}", 9).tolist())) for seed in range(20)}
    assert len(orders) > 10  # of 36
    assert len({frozenset(order) for order in orders}) == 1


@pytest.mark.parametrize(
    ("ranges", "regions"),
    [
        ({"a": LIST}, {EXTRAPOLATION: 2}),  # all that lies inside is trained on
        ({"a": BETWEEN}, {INTERPOLATION: 2, EXTRAPOLATION: 2}),
        ({"a": SIGN}, {}),
        ({"a": SIGN, "b": INTERVAL}, {INTERPOLATION: 2, EXTRAPOLATION: 4}),
        ({"a": BETWEEN, "b": BETWEEN}, {INTERPOLATION: 4, SINGLE: 12, ALL: 4}),
        ({"a": INTERVAL, "b": LIST}, {INTERPOLATION: 3, SINGLE: 12, ALL: 4}),
        ({"a": INTERVAL, "b": LIST | {"extrapolation": []}}, {INTERPOLATION: 3, EXTRAPOLATION: 6}),
    ],
)
def test_regions_are_those_that_the_kinds_have(ranges: dict, regions: dict) -> None:
    one = space(**ranges)
    assert one.regions == regions
    assert list(one.regions) == [split for split in RESULTS if split in regions]
    for split in set(RESULTS) - regions.keys():
        assert one.parts(split) == ()


def test_boxes_stand_in_place_of_the_regions_outside() -> None:
    inside = {"train": [0.5, 1.5]}
    one = space({"extrapolation": PAIRS}, a=inside, b=inside)
    assert one.regions == {INTERPOLATION: 1, EXTRAPOLATION: 2}
    a, b = multipliers(one, one.draw_held_out(EXTRAPOLATION, 128)).T
    first = a > 2
    assert first.tolist() == [False, True] * 64  # in turns, the lower box first
    for own, box in ((first, PAIRS[0]), (~first, PAIRS[1])):
        assert np.histogram(a[own], bins=16, range=box["a"])[0].tolist() == [4] * 16
        assert np.histogram(b[own], bins=16, range=box["b"])[0].tolist() == [4] * 16


def test_values_between_those_of_a_list_stay_in_the_boxes_that_are_trained_on() -> None:
    listed = {"values": [1, 2, 3], "interpolation": [1.5]}
    one = space({"train": [{"b": [0.5, 0.6]}]}, a=listed, b={"train": [0.5, 2]})
    a, b = multipliers(one, one.draw_held_out(INTERPOLATION, 64)).T
    assert set(a) == {1.5}
    assert b.min() >= 0.5
    assert b.max() <= 0.6 + 1e-9


def test_the_order_of_values_and_boxes_has_no_meaning() -> None:
    turned = space({"extrapolation": PAIRS[::-1]}, a={"values": [3, 1, 2]}, b={"train": [0.5, 1.5]})
    one = space({"extrapolation": PAIRS}, a={"values": [1, 2, 3]}, b={"train": [0.5, 1.5]})
    for split in (EXTRAPOLATION, INTERPOLATION):
        assert np.array_equal(one.draw_held_out(split, 12), turned.draw_held_out(split, 12))
    assert np.array_equal(one.draw_train("run 0", 12), turned.draw_train("run 0", 12))


def test_boxes_may_be_trained_on() -> None:
    union = [{"a": [0.5, 0.8], "b": [0.5, 0.8]}, {"a": [1.2, 1.5]}]
    one = space({"train": union}, a={"train": [0.5, 1.5]}, b={"train": [0.5, 1.5]})
    for values in (one.draw_train("run 0", 100), one.draw_held_out(INTERPOLATION, 100)):
        a, b = multipliers(one, values).T
        low = a < 0.9
        assert low.sum() == 50
        assert (a[low] <= 0.8).all()
        assert (b[low] <= 0.8).all()
        assert (a[~low] >= 1.2).all()
        assert b[~low].max() > 1.4
    assert [ends.tolist() for ends in one.bounds()] == [[1.0, -4.5], [3.0, -1.5]]
    assert not one.ranged


def test_one_multiplier_serves_all_tied_features_each_with_its_default() -> None:
    one = space(both={"features": ["a", "b"], "train": [0.5, 2.0]}, c=INTERVAL)
    assert one.names == ("a", "b", "c")
    values = one.draw_train("run 0", 50)
    assert np.allclose(values[:, 0] / 2.0, values[:, 1] / -3.0)
    assert [ends.tolist() for ends in one.bounds()] == [[1.0, -6.0, 2.5], [4.0, -1.5, 10.0]]
    assert one.gridded
    assert one.grid(3).shape == (9, 3)


def test_the_bounds_of_a_sign_are_the_default_either_way() -> None:
    one = space(b=SIGN)
    assert [ends.tolist() for ends in one.bounds()] == [[-3.0], [3.0]]
    assert sorted(set(one.draw_train("run 0", 10).ravel())) == [-3.0, 3.0]
    assert not one.gridded
