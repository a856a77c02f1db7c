"""Intervals of returns: the quantile, its oracle, and how often they cover."""

import numpy as np
import pytest
import torch
from drawn_windows import estimator, window
from scipy.stats import betabinom

from meta_rl.uncertainty.base import Estimator, Evidence, Shown
from meta_rl.uncertainty.conformal import quantile

RUNS, CALIBRATION, NEW, LEVEL = 40, 60, 200, 0.9


def drawn(random: np.random.Generator, contexts: int, episodes: int) -> Shown:
    """Contexts whose return shows in the value of the first state, and returns with noise."""
    quality = random.normal(size=(RUNS, contexts))
    seen = quality + 0.5 * random.normal(size=quality.shape)
    returned = 10 * quality[..., None] + 3 * random.standard_t(4, size=(*quality.shape, episodes))
    value = torch.from_numpy(seen).float()[..., None, None].expand(-1, -1, 4, 1)
    states = random.normal(size=(RUNS, contexts, 5, 3))
    return Shown(window(states, signals={"value": value}), returned=torch.from_numpy(returned))


@pytest.fixture(scope="module")
def fitted() -> Estimator:
    random = np.random.default_rng(3)
    one = estimator("conformal", RUNS, level=LEVEL)
    sets = (drawn(random, contexts, episodes) for contexts, episodes in ((5, 1), (64, 10), (CALIBRATION, 10)))
    one.fit(Evidence(*sets), None)
    return one


def test_coverage_of_contexts_that_are_drawn_alike_is_that_of_the_level(fitted: Estimator) -> None:
    """Of n calibration contexts with rank k, m new ones are covered k / (n + 1) of the time: beta-binomial."""
    new = drawn(np.random.default_rng(4), NEW, 1)
    ends = fitted.interval(new.window, None)
    assert ends is not None
    assert new.returned is not None
    returned = new.returned[..., 0]
    covered = ((ends[0] <= returned) & (returned <= ends[1])).sum(1).numpy()
    rank = int(np.ceil((CALIBRATION + 1) * LEVEL))
    one = betabinom(NEW, rank, CALIBRATION + 1 - rank)
    inside = (covered >= one.ppf(0.005)) & (covered <= one.ppf(0.995))
    assert inside.mean() >= 0.9
    sigma = one.std() / np.sqrt(RUNS)
    assert abs(covered.mean() - one.mean()) < 2.6 * sigma  # 99 % band of all runs together


def test_contexts_that_are_harder_than_they_look_are_covered_less(fitted: Estimator) -> None:
    new = drawn(np.random.default_rng(4), NEW, 1)
    ends = fitted.interval(new.window, None)
    assert ends is not None
    assert new.returned is not None
    lower = new.returned[..., 0] - 15
    assert ((ends[0] <= lower) & (lower <= ends[1])).double().mean() < 0.5


def test_doubt_is_minus_the_lower_end_and_the_width_is_one_for_all(fitted: Estimator) -> None:
    shown = drawn(np.random.default_rng(5), 7, 1).window
    ends = fitted.interval(shown, None)
    assert ends is not None
    torch.testing.assert_close(fitted(shown, None), -ends[0], rtol=0, atol=0)
    width = ends[1] - ends[0]
    torch.testing.assert_close(width, width[:, :1].expand_as(width))
    assert width.min() > 0


# Residuals and half widths of `ConformalRegressor().fit(residuals).predict_int([0.0], confidence=level)`, crepes 0.9.1.
ORACLE = (
    (
        0.9,
        [0.01, 2.99, -2.74, -8.91, -4.55, -9.92, 0.6, 13.4, -4.92, -6.2, 4.9, 3.57, 1.05, -9.3, -0.29, 6.95, -13.44,
         -4.58, -19.01, -12.9, -18.42, -2.35, -12.67, 2.71, 1.57],
        18.42,
    ),
    (
        0.8,
        [-1.87, -25.17, -5.39, -0.49, 1.13, -15.3, -4.78, -9.79, -8.09, 10.61, -8.08, -0.33, 8.84, -5.84, -1.12, 1.1,
         0.64, -12.25, 0.76, 13.59],
        12.25,
    ),
    (0.75, [-15.47, 8.59, 1.19, -6.41, 20.0, 7.62, -11.99, 0.75, 5.77, -1.89, 6.83, -0.67], 11.99),
)  # fmt: skip


@pytest.mark.parametrize(("level", "residuals", "width"), ORACLE)
def test_the_quantile_is_that_of_crepes(level: float, residuals: list[float], width: float) -> None:
    assert quantile(np.abs(residuals), level) == width


def test_the_quantile_is_exact_where_the_rank_is_a_whole_number() -> None:
    """(19 + 1) 0.9 is 18. (crepes 0.9.1 takes the 19th there, as 1 - 0.9 falls short of 0.1.)"""
    assert quantile(np.arange(1.0, 20), 0.9) == 18
    assert quantile(np.arange(1.0, 10), 0.9) == 9


def test_too_few_calibration_contexts_have_no_interval() -> None:
    with pytest.raises(ValueError, match=r"8 calibration contexts are too few for an interval at level 0\.9"):
        quantile(np.arange(8.0), 0.9)
