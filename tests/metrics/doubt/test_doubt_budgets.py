import numpy as np
import pytest

from meta_rl.metrics.doubt import budgets, value_calibration


def test_budgets_in_order() -> None:
    assert budgets.ordered(["episode", "50", "0", "200", "50"]) == ["0", "50", "200", "episode"]


def test_area_by_hand() -> None:
    assert budgets.area(np.array([1.0, 0.6, 0.2])) == pytest.approx(0.6)
    assert budgets.area(np.array([1.0, 0.2, 0.2])) == pytest.approx((0.6 + 0.2) / 2)
    assert budgets.area(np.array([1.0, 0.0])) == 0.5


def test_a_critic_that_looks_beyond_the_time_limit_is_right() -> None:
    # reward 1 for ever, gamma .9, truncated after 3 steps; V is 10 everywhere
    discounted = 1 + 0.9 + 0.81
    off = value_calibration.excess(np.array([[10.0]]), np.array([[discounted]]), np.array([[0.9**3 * 10]]))
    np.testing.assert_allclose(off, 0, atol=1e-12)


def test_bias_and_error_of_values_by_hand() -> None:
    off = np.array([[1.0, 3.0, np.nan], [-4.0, -2.0, -3.0]])
    assert value_calibration.bias(off) == (2 - 3) / 2
    assert value_calibration.error(off) == (2 + 3) / 2
