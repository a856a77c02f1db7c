import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meta_rl.metrics.doubt.selective import augrc, aurc, in_order, naugrc, naurc

SHORTFALL = np.array([0.0, 1.0, 2.0, 3.0])
AREAS = [(naurc, aurc), (naugrc, augrc)]
# Of torch-uncertainty's AUSE (metrics/sparsification.py), run once on these values.
SCORES = np.array([0.1, 0.7, 0.3, 0.9, 0.2, 0.5, 0.8, 0.4, 0.6, 1.0, 0.05, 0.65])
ERRORS = np.array([0.0, 40.0, 5.0, 90.0, 30.0, 10.0, 70.0, 0.0, 25.0, 60.0, 15.0, 3.0])
AUSE_OF_SUMS = 0.0513925701379776  # version 0.11.0, float32: curves of sums
AUSE_OF_MEANS = 0.16662188386326315  # version 0.13.0: curves of means


def test_areas_by_hand() -> None:
    # means of the first k: 0, .5, 1, 1.5; sums: 0, 1, 3, 6
    assert aurc(SHORTFALL, SHORTFALL) == 0.75
    assert augrc(SHORTFALL, SHORTFALL) == 10 / 16
    # most doubt where there is none: means 3, 2.5, 2, 1.5; sums 3, 5, 6, 6
    assert aurc(-SHORTFALL, SHORTFALL) == 2.25
    assert augrc(-SHORTFALL, SHORTFALL) == 20 / 16
    # the constant: means 1.5; sums 1.5, 3, 4.5, 6
    assert naurc(-SHORTFALL, SHORTFALL) == (2.25 - 0.75) / (1.5 - 0.75)
    assert naugrc(-SHORTFALL, SHORTFALL) == (20 - 10) / (15 - 10)


def test_ties_get_the_mean_over_all_their_orders() -> None:
    shortfall = np.array([5.0, 1.0, 2.0, 9.0])
    tied = np.array([0.0, 1.0, 1.0, 2.0])
    either = [np.array([0.0, 1.0, 1.5, 2.0]), np.array([0.0, 1.5, 1.0, 2.0])]
    np.testing.assert_array_equal(in_order(tied, shortfall), [5.0, 1.5, 1.5, 9.0])
    for normalised, area in AREAS:
        assert area(tied, shortfall) == pytest.approx(np.mean([area(order, shortfall) for order in either]))
        assert normalised(tied, shortfall) == pytest.approx(
            np.mean([normalised(order, shortfall) for order in either])
        )


@pytest.mark.parametrize("seed", range(20))
def test_a_constant_is_exactly_1_and_the_shortfall_exactly_0_in_any_order(seed: int) -> None:
    random = np.random.default_rng(seed)
    shortfall = random.normal(size=100)
    if seed % 2:
        shortfall = np.round(shortfall, 1)  # with ties
    shortfall *= 10.0 ** random.integers(-3, 4)
    for normalised, _ in AREAS:
        assert normalised(np.full(100, 0.3), shortfall) == 1.0
        assert normalised(shortfall, shortfall) == 0.0
        assert normalised(np.exp(shortfall / np.ptp(shortfall)), shortfall) == pytest.approx(0, abs=1e-12)


def test_random_doubt_is_near_1() -> None:
    random = np.random.default_rng(0)
    shortfall = random.exponential(size=2000)
    for normalised, _ in AREAS:
        assert normalised(random.random(2000), shortfall) == pytest.approx(1, abs=0.1)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.floats(-1e3, 1e3)), min_size=2, max_size=12),
    st.randoms(use_true_random=False),
)
def test_the_order_of_contexts_changes_no_bit(pairs: list[tuple[int, float]], random: object) -> None:
    before = [area(*np.array(pairs, dtype=float).T) for _, area in AREAS]
    random.shuffle(pairs)  # type: ignore[attr-defined]
    assert [area(*np.array(pairs, dtype=float).T) for _, area in AREAS] == before


def test_no_scale_where_all_shortfalls_are_equal() -> None:
    for normalised, _ in AREAS:
        assert np.isnan(normalised(np.arange(5.0), np.full(5, 0.1)))


def test_naugrc_is_1_less_a_gini_correlation() -> None:
    random = np.random.default_rng(1)
    doubt, shortfall = random.normal(size=(2, 50))
    rank = [np.argsort(np.argsort(of)) for of in (doubt, shortfall)]
    gini = np.cov(rank[0], shortfall)[0, 1] / np.cov(rank[1], shortfall)[0, 1]
    assert naugrc(doubt, shortfall) == pytest.approx(1 - gini)


def test_augrc_agrees_with_the_sparsification_error_of_sums() -> None:
    n, total, order = len(ERRORS), ERRORS.sum(), np.argsort(SCORES)
    first = (
        ERRORS[order[0]] - ERRORS.min()
    )  # trapezoids give the last of its points, one context kept, half a weight
    excess = augrc(SCORES, ERRORS) - augrc(ERRORS, ERRORS)
    assert (n**2 * excess - first / 2) / total / (n + 1) == pytest.approx(AUSE_OF_SUMS, rel=1e-6)


def test_aurc_agrees_with_the_sparsification_error_of_means() -> None:
    n, first = len(ERRORS), ERRORS[np.argsort(SCORES)[0]] - ERRORS.min()
    excess = aurc(SCORES, ERRORS) - aurc(ERRORS, ERRORS)
    assert (excess - first / (2 * n)) / ERRORS.mean() == pytest.approx(AUSE_OF_MEANS, rel=1e-12)
