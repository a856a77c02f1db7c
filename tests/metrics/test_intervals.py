import numpy as np
import pytest
from scipy import stats

from meta_rl.metrics import intervals
from meta_rl.metrics.returns import AGGREGATES


def test_t_interval_of_the_mean_agrees_with_scipy() -> None:
    runs = np.array([3.0, 5, 4, 8, 6])
    expected = stats.ttest_1samp(runs, 0).confidence_interval(0.95)
    np.testing.assert_allclose(intervals.interval(runs, "mean"), expected)


def test_interval_of_the_iqm_is_that_of_the_mean_moved_to_it() -> None:
    runs = np.array([0.0, 5, 4, 8, 3])  # mean 4, IQM 4; with 9 instead of 8 the mean moves and the IQM stays
    np.testing.assert_allclose(intervals.interval(runs, "iqm"), intervals.interval(runs, "mean"))
    low, high = intervals.interval(np.where(runs == 8, 9, runs), "iqm")
    assert (low + high) / 2 == pytest.approx(4)


def test_interval_of_the_iqm_sees_runs_that_the_iqm_trims() -> None:
    low, high = intervals.interval(np.array([100.0, 360, 360, 360, 500]), "iqm")
    assert high - low > 100


def test_interval_of_the_median_is_a_pair_of_runs() -> None:
    runs = np.array([5.0, 1, 4, 2, 6, 3])
    assert list(intervals.interval(runs, "median")) == [1, 6]  # misses with 2 / 2^6 = 0.03
    assert list(intervals.interval(np.arange(12.0), "median")) == [2, 9]  # tabled: 3rd and 10th of 12
    assert np.isnan(intervals.interval(runs[:5], "median")).all()  # 2 / 2^5 = 0.06 is too much


@pytest.mark.parametrize("statistic", AGGREGATES)
def test_no_interval_where_none_is_defensible(statistic: str) -> None:
    for n in (1, 2, 4):
        assert np.isnan(intervals.interval(np.arange(float(n)), statistic)).all()
    for n in (6, 12):
        runs = np.where(np.arange(n) == 1, np.nan, np.arange(n))
        assert np.isnan(intervals.interval(runs, statistic)).all()


@pytest.mark.parametrize("statistic", AGGREGATES)
@pytest.mark.parametrize("n", [2, 3, 4, 7, 9, 10, 15])
def test_intervals_shift_with_the_data_hold_the_estimate_and_treat_columns_alike(
    n: int, statistic: str
) -> None:
    runs = np.random.default_rng(n).normal(size=(n, 3))
    low, high = intervals.interval(runs, statistic)
    estimate = AGGREGATES[statistic](runs)
    assert np.isnan(low).all() or ((low <= estimate) & (estimate <= high)).all()
    np.testing.assert_allclose(intervals.interval(runs + 5, statistic), np.stack([low, high]) + 5)
    np.testing.assert_allclose(intervals.interval(runs[:, 1], statistic), [low[1], high[1]])


def test_bootstrap_is_reproducible_and_depends_on_its_seed() -> None:
    runs = np.random.default_rng(0).normal(size=12)
    first = intervals.interval(runs, "iqm", seed=1)
    np.random.default_rng(5).normal(size=3)
    np.testing.assert_array_equal(first, intervals.interval(runs, "iqm", seed=1))
    assert (first != intervals.interval(runs, "iqm", seed=2)).any()


def test_bootstrap_keeps_what_stands_in_a_row_together() -> None:
    level = np.random.default_rng(0).normal(size=20)
    pairs = np.stack([level, level + 1], axis=1)  # a difference of exactly 1, blocked by seed
    low, high = intervals.bootstrap(lambda rows: (rows[:, 1] - rows[:, 0]).mean(), pairs)
    assert (low, high) == pytest.approx((1.0, 1.0))


def test_plain_percentile_interval_of_the_mean_is_too_narrow_and_the_widened_one_is_not() -> None:
    runs = np.random.default_rng(3).normal(size=(10, 2000))
    low, high = intervals.bootstrap(AGGREGATES["mean"], runs)
    plain = np.mean((low <= 0) & (high >= 0))
    assert plain == pytest.approx(0.90, abs=0.02)
    assert intervals.coverage(10, "mean", "normal") - plain > 0.03


# Binomial error at 2000 repetitions and .95 is .005; the tolerance is three of them.
@pytest.mark.parametrize(
    ("n", "statistic", "population", "expected"),
    [
        (5, "mean", "normal", 0.95),
        (10, "mean", "normal", 0.95),
        (20, "mean", "normal", 0.95),
        (5, "iqm", "normal", 0.94),
        (10, "iqm", "normal", 0.94),
        (20, "iqm", "normal", 0.95),
        (10, "iqm", "failing", 0.93),
        (6, "median", "normal", 1 - 2 / 2**6),
    ],
)
def test_coverage(n: int, statistic: str, population: str, expected: float) -> None:
    assert intervals.coverage(n, statistic, population) == pytest.approx(expected, abs=0.015)


def test_coverage_of_no_interval_is_missing() -> None:
    assert np.isnan(intervals.coverage(5, "median", "normal"))


def test_coverage_shows_what_failing_runs_do_to_few_runs() -> None:
    assert intervals.coverage(5, "iqm", "failing") == pytest.approx(0.80, abs=0.03)
    assert intervals.coverage(8, "iqm", "failing") == pytest.approx(0.885, abs=0.025)


def test_coverage_of_the_iqm_is_least_where_half_of_few_runs_fail() -> None:
    shares = [intervals.coverage(n, "iqm", "halved") for n in (6, 7, 8, 9)]
    assert shares == pytest.approx([0.77, 0.88, 0.71, 0.80], abs=0.03)
    assert intervals.coverage(8, "mean", "halved") > 0.9


def test_an_interval_ends_where_what_is_possible_ends() -> None:
    runs = np.array([-200.0, -200, -200, -200, -40])
    ends = intervals.interval(runs, "iqm")
    assert ends[0] < -200
    assert list(intervals.within(ends, np.array([-200.0, 0.0]))) == [-200, ends[1]]
    both = intervals.within(np.stack([ends, ends], axis=1), np.array([[-200.0, -np.inf], [-190.0, np.inf]]))
    np.testing.assert_array_equal(both, [[-200, ends[0]], [-190, ends[1]]])
    missing = np.full(2, np.nan)
    assert np.isnan(intervals.within(missing, np.array([0.0, 1.0]))).all()


@pytest.mark.parametrize("n", [5, 20])
def test_coverage_is_reproducible(n: int) -> None:
    assert intervals.coverage(n, "iqm", "normal", 200) == intervals.coverage(n, "iqm", "normal", 200)
