import numpy as np
import pytest

from meta_rl.metrics.doubt.deployment import PRICES, abstaining, priced, to_reference
from meta_rl.metrics.doubt.selective import augrc

RETURNS, REFERENCE = np.array([10.0, 4.0, 8.0, 2.0]), np.array([10.0, 9.0, 8.0, 7.0])
DOUBT = np.array([0.1, 0.4, 0.2, 0.3])  # puts aside 4, then 2, 8, 10


def test_curves_by_hand() -> None:
    np.testing.assert_allclose(abstaining(DOUBT, RETURNS), [24 / 4, 20 / 3, 18 / 2, 10])
    np.testing.assert_allclose(to_reference(DOUBT, RETURNS, REFERENCE), np.array([24, 29, 34, 34, 34]) / 4)


def test_nobody_doubted_is_a_line_between_never_and_always() -> None:
    curve = to_reference(np.ones(4), RETURNS, REFERENCE)
    np.testing.assert_allclose(curve, np.linspace(RETURNS.mean(), REFERENCE.mean(), 5))
    np.testing.assert_allclose(abstaining(np.ones(4), RETURNS), RETURNS.mean())


def test_area_of_hand_over_is_the_mean_reference_less_augrc() -> None:
    area = to_reference(DOUBT, RETURNS, REFERENCE)[:-1].mean()
    assert area == pytest.approx(REFERENCE.mean() - augrc(DOUBT, REFERENCE - RETURNS))


def test_price_decides_how_many_are_handed_over() -> None:
    curve = to_reference(DOUBT, RETURNS, REFERENCE)
    # free: as few as give all; where a hand-over costs more than the 5 that it brings, none
    assert priced(curve, curve, 0.0) == 8.5
    net = [max(34 / 4 - price * 10 / 2, 29 / 4 - price * 10 / 4, 24 / 4) for price in PRICES]
    assert priced(curve, curve, 10.0) == pytest.approx(np.mean(net))


def test_planned_on_other_episodes_than_scored() -> None:
    curve = to_reference(DOUBT, RETURNS, REFERENCE)
    flat = np.zeros(5)
    assert priced(flat, curve, 10.0) == curve[0]  # nothing seemed to be gained, so nothing was handed over
