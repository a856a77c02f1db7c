from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from meta_rl.metrics import comparisons


def test_family_is_every_method_with_none_and_explicit_once() -> None:
    assert comparisons.family(["jrpl", "none", "explicit", "iida"], {}) == [
        ("explicit", "none"),
        ("iida", "none"),
        ("iida", "explicit"),
        ("jrpl", "none"),
        ("jrpl", "explicit"),
    ]
    assert comparisons.family(["none", "iida"], {}) == [("iida", "none")]
    assert comparisons.family(["iida", "jrpl"], {}) == []


def test_a_method_is_compared_with_its_control_once() -> None:
    controls = {"explicit": "shuffled", "jrpl": "random_encoder"}
    assert comparisons.family(["explicit", "shuffled"], controls) == [("explicit", "shuffled")]
    assert comparisons.family(["jrpl", "random_encoder", "shuffled"], controls) == [
        ("jrpl", "random_encoder")
    ]
    assert comparisons.family(["none", "explicit", "shuffled"], controls) == [
        ("explicit", "none"),
        ("explicit", "shuffled"),
        ("shuffled", "none"),
    ]


@pytest.mark.parametrize(
    ("differences", "p"),
    [
        ([1.0, 2.0, 3.0], 2 / 8),  # only +++ and --- reach 6
        ([1.0, 2.0, -3.0], 8 / 8),  # the sum is 0
        ([-1.0, 2.0, 3.0], 4 / 8),  # 4 is reached by 6, 4, -4, -6
        ([0.0, 0.0], 1.0),
        ([0.1, 0.2, 0.3, -0.6], 1.0),  # a sum of 0 up to rounding
    ],
)
def test_sign_flip_by_hand(differences: list[float], p: float) -> None:
    assert comparisons.sign_flip(np.array(differences)) == p


def test_sign_flip_agrees_with_scipy_and_monte_carlo_with_the_exact_test() -> None:
    differences = np.random.default_rng(2).normal(0.4, 1, size=12)
    exact = stats.permutation_test((differences,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert comparisons.sign_flip(differences) == pytest.approx(exact.pvalue)
    longer = np.append(differences, [0.0])  # a difference of 0 changes no sum, so no p
    error = np.sqrt(exact.pvalue * (1 - exact.pvalue) / 9999)
    assert comparisons.sign_flip(longer) == pytest.approx(exact.pvalue, abs=4 * error)
    assert comparisons.sign_flip(longer) == comparisons.sign_flip(longer)


def test_sign_flip_of_a_missing_run_is_missing() -> None:
    assert np.isnan(comparisons.sign_flip(np.array([1.0, np.nan])))


@pytest.mark.parametrize("n", [1, 5, 8, 12])
def test_smallest_p_is_attained_when_all_differences_agree(n: int) -> None:
    assert comparisons.sign_flip(np.arange(1.0, n + 1)) == comparisons.smallest_p(n) == 2 / 2**n


def test_monte_carlo_never_gives_less_than_its_draws_allow() -> None:
    assert comparisons.smallest_p(40) == 1e-4
    assert comparisons.sign_flip(np.ones(40)) == pytest.approx(1e-4)


@given(st.lists(st.integers(-20, 20), min_size=1, max_size=10), st.randoms(use_true_random=False))
def test_sign_flip_ignores_order_direction_and_scale(values: list[int], random: Random) -> None:
    p = comparisons.sign_flip(np.array(values, dtype=float))
    random.shuffle(values)
    assert comparisons.sign_flip(np.array(values) * -0.1) == p
    assert comparisons.smallest_p(len(values)) <= p <= 1


def test_holm_by_hand() -> None:
    np.testing.assert_allclose(comparisons.holm(np.array([0.01, 0.04, 0.03])), [0.03, 0.06, 0.06])
    np.testing.assert_allclose(comparisons.holm(np.array([0.5, 0.9])), [1.0, 1.0])
    assert len(comparisons.holm(np.array([]))) == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_lies_between_the_raw_and_the_bonferroni_value(p_values: list[float]) -> None:
    raw = np.array(p_values)
    adjusted = comparisons.holm(raw)
    assert (raw <= adjusted).all()
    assert (adjusted <= np.minimum(raw * len(raw), 1)).all()


@pytest.mark.parametrize(
    ("p_holm", "low", "high", "expected"),
    [
        (0.01, 1.0, 2.0, "better"),
        (0.01, -2.0, -1.0, "worse"),
        (0.01, -1.0, 2.0, "inconclusive"),
        (0.06, 1.0, 2.0, "inconclusive"),
        (0.01, np.nan, np.nan, "inconclusive"),
        (np.nan, 1.0, 2.0, "inconclusive"),
    ],
)
def test_verdict(p_holm: float, low: float, high: float, expected: str) -> None:
    assert comparisons.verdict(p_holm, low, high) == expected


def test_five_runs_are_too_few_for_any_verdict() -> None:
    assert comparisons.smallest_p(5) > comparisons.ALPHA
