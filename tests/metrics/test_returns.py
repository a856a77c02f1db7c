from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from meta_rl.metrics import returns

NAN = np.nan
VALUES = arrays(
    float,
    array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12),
    elements=st.integers(-100, 100).map(float),
)
PER_RUN = (returns.run_mean, returns.run_worst)


def test_iqm_cuts_a_quarter_of_the_runs_at_each_end() -> None:
    assert returns.iqm(np.array([0.0, 10, 11, 12, 13, 14, 15, 1000])) == 12.5
    assert returns.iqm(np.array([0.0, 10, 20, 30, 1000])) == 20.0  # 5 / 4 rounds down to one run a side
    assert returns.iqm(np.array([0.0, 10, 50])) == 20.0


def test_iqm_over_runs_keeps_the_ends_of_the_range_that_a_pooled_one_trims() -> None:
    values = np.tile([0.0, 100, 100, 100], (8, 1))  # every run fails in one context of four
    assert returns.iqm(values.ravel()) == 100.0
    assert returns.iqm(returns.run_mean(values)) == 75.0


def test_a_missing_run_is_not_trimmed_away() -> None:
    assert np.isnan(returns.iqm(np.array([1.0, 2, 3, 4, NAN])))


def test_run_mean_uses_the_contexts_that_a_run_played() -> None:
    values = np.array([[1.0, 3.0, NAN], [NAN, NAN, 5.0], [NAN, NAN, NAN]])
    np.testing.assert_equal(returns.run_mean(values), [2.0, 5.0, NAN])


def test_run_worst_is_the_mean_of_a_tenth_and_at_least_of_one_context() -> None:
    assert returns.run_worst(np.arange(20.0)[None, ::-1]) == [0.5]
    assert returns.run_worst(np.array([[7.0, 3.0, 9.0]])) == [3.0]
    np.testing.assert_equal(returns.run_worst(np.array([[NAN, 4.0, 5.0], [NAN, NAN, NAN]])), [4.0, NAN])


def test_optimality_gap_does_not_reward_scores_above_one() -> None:
    np.testing.assert_allclose(returns.run_optimality_gap(np.array([[0.5, 1.5], [NAN, 0.8]])), [0.25, 0.2])


def test_performance_profile_is_the_share_of_a_runs_contexts_above_each_threshold() -> None:
    values = np.array([[0.2, 0.8], [0.6, NAN], [NAN, NAN]])
    profile = returns.run_profile(values, np.array([0.0, 0.5, 0.7, 0.8]))
    np.testing.assert_equal(profile, [[1.0, 0.5, 0.5, 0.0], [1.0, 1.0, 0.0, 0.0], [NAN] * 4])


def test_probability_of_improvement_counts_ties_half_and_stays_within_a_context() -> None:
    x = np.array([[1.0, 10.0], [3.0, 10.0]])
    y = np.array([[2.0, 10.0], [0.0, 11.0]])
    # context 0: 1>0, 3>2, 3>0 of four pairs; context 1: two ties and two losses
    assert returns.probability_of_improvement(x, y) == pytest.approx((3 / 4 + 1 / 4) / 2)


@given(VALUES, st.integers(-50, 50))
def test_a_constant_shifts_every_aggregate(values: np.ndarray, constant: int) -> None:
    for per_run in PER_RUN:
        for aggregate in returns.AGGREGATES.values():
            shifted = aggregate(per_run(values + constant))
            assert shifted == pytest.approx(aggregate(per_run(values)) + constant, abs=1e-9)


@given(VALUES, st.randoms(use_true_random=False))
def test_the_order_of_runs_and_contexts_does_not_matter(values: np.ndarray, random: Random) -> None:
    rows, columns = list(range(values.shape[0])), list(range(values.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    for per_run in PER_RUN:
        for aggregate in returns.AGGREGATES.values():
            permuted = aggregate(per_run(values[rows][:, columns]))
            assert permuted == pytest.approx(aggregate(per_run(values)), abs=1e-9)


@given(VALUES)
def test_improvement_and_its_reverse_add_up_to_one(x: np.ndarray) -> None:
    y = np.roll(x, 1, axis=0) + 1
    both = returns.probability_of_improvement(x, y) + returns.probability_of_improvement(y, x)
    assert both == pytest.approx(1.0)
    assert returns.probability_of_improvement(x, x) == pytest.approx(0.5)
