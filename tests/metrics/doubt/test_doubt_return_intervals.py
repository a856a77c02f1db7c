import numpy as np
import pytest

from meta_rl.metrics.doubt.return_intervals import coverage, crps, interval_score, width

LOWER, UPPER = np.array([1.0, 1.0]), np.array([5.0, 4.0])
RETURNS = np.array([[3.0, 5.0, np.nan], [0.0, 4.0, 2.0]])


def test_by_hand() -> None:
    assert coverage(LOWER, UPPER, RETURNS) == pytest.approx((1 + 2 / 3) / 2)  # ends are inside
    assert width(LOWER, UPPER) == 3.5
    # one return is 1 below: 20 more in one of three episodes
    assert interval_score(LOWER, UPPER, RETURNS) == pytest.approx((4 + (3 * 3 + 20) / 3) / 2)
    # above as well, 2 over the end (scoringrules 0.10.0 gives 4, 23 and 65 for the three intervals below)
    for low, high, value, score in ((1, 5, 3, 4), (1, 4, 0, 23), (2, 7, 10, 65)):
        ends = np.array([float(low)]), np.array([float(high)])
        assert interval_score(*ends, np.array([[float(value)]])) == pytest.approx(score)


@pytest.mark.parametrize(
    ("draws", "value", "expected"),
    [
        ([4.0, 1.0, 8.0, 2.0], 3.0, 1 / 3),
        ([0.0, 0.0, 3.0, 5.0], 0.0, 0.5),
        ([-2.0, 7.0, 7.0, 9.0], 10.0, 2.0),
    ],
)
def test_crps_agrees_with_the_fair_estimator_of_scoringrules(
    draws: list[float], value: float, expected: float
) -> None:
    """Expected: crps_ensemble(..., estimator="fair") of scoringrules 0.10.0."""
    assert crps(np.array(draws), np.array([value])) == pytest.approx(expected)


def test_crps_does_not_favour_small_forecasts() -> None:
    random = np.random.default_rng(0)
    truth = random.normal(size=2000)
    for draws in (2, 20):
        found = [crps(random.normal(size=draws), truth[i : i + 1])[0] for i in range(2000)]
        assert np.mean(found) == pytest.approx(1 / np.sqrt(np.pi), abs=5 * np.std(found) / 2000**0.5)


def test_one_draw_is_no_forecast() -> None:
    assert np.isnan(crps(np.array([1.0]), np.array([2.0, 3.0]))).all()
