import numpy as np
import pytest
from scipy import stats

from meta_rl.metrics.doubt.ranks import agreement, spearman


def test_spearman_agrees_with_scipy_with_ties() -> None:
    random = np.random.default_rng(0)
    doubt, shortfall = random.integers(0, 6, size=(4, 30)), random.integers(0, 8, size=30)
    expected = [stats.spearmanr(row, shortfall).statistic for row in doubt]
    np.testing.assert_allclose(spearman(doubt, shortfall), expected)


def test_spearman_of_a_constant_is_0_and_of_constant_shortfalls_missing() -> None:
    shortfall = np.array([3.0, 1.0, 2.0])
    np.testing.assert_array_equal(
        spearman(np.array([[1.0, 1, 1], [3, 1, 2], [1, 3, 2]]), shortfall), [0, 1, -1]
    )
    assert np.isnan(spearman(np.array([[1.0, 2, 3], [1, 1, 1]]), np.ones(3))).all()


def test_agreement_of_two_rankings_by_hand() -> None:
    first = np.array([0.1, 0.2, 0.3, 0.4, np.nan])
    assert agreement(first, np.array([1.0, 2.0, 3.0, 4.0, 0.0])) == pytest.approx(1)
    assert agreement(first, np.array([1.0, 2.0, 4.0, 3.0, 0.0])) == pytest.approx((5 - 1) / 6)
    assert np.isnan(agreement(first, np.array([1.0, 2.0, np.nan, np.nan, 1.0])))
