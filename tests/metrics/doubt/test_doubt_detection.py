from itertools import permutations

import numpy as np
import pytest
from sklearn import metrics

from meta_rl.metrics.doubt.detection import aupr, auroc, fpr95

POSITIVE = np.array([True, False, True, False, False])


def test_by_hand() -> None:
    # most doubt first: yes, no, yes, no, no
    doubt = np.array([[5.0, 4.0, 3.0, 2.0, 1.0]])
    np.testing.assert_allclose(auroc(doubt, POSITIVE), (3 + 2) / 6)
    np.testing.assert_allclose(aupr(doubt, POSITIVE), (1 + 2 / 3) / 2)
    np.testing.assert_allclose(fpr95(doubt, POSITIVE), 1 / 3)
    np.testing.assert_allclose(auroc(-doubt, POSITIVE), 1 / 6)  # the direction is fixed


@pytest.mark.parametrize("seed", range(5))
def test_agree_with_scikit_learn(seed: int) -> None:
    random = np.random.default_rng(seed)
    positive = random.random(80) < 0.3
    doubt = np.stack([random.normal(size=80) + positive, random.integers(0, 5, size=80)])
    np.testing.assert_allclose(
        auroc(doubt, positive), [metrics.roc_auc_score(positive, row) for row in doubt]
    )
    np.testing.assert_allclose(
        aupr(doubt, positive), [metrics.average_precision_score(positive, row) for row in doubt]
    )
    for row, found in zip(doubt, fpr95(doubt, positive), strict=True):
        false, true, _ = metrics.roc_curve(positive, row, drop_intermediate=False)
        after = np.argmax(true >= 0.95)
        share = (0.95 - true[after - 1]) / (true[after] - true[after - 1])
        assert found == pytest.approx(false[after - 1] + share * (false[after] - false[after - 1]))


def test_equal_doubt_counts_by_expectation() -> None:
    tied = np.array([[2.0, 2.0, 2.0, 1.0, 1.0]])
    orders = [[*first, *last] for first in permutations([5.0, 4.0, 3.0]) for last in permutations([2.0, 1.0])]
    np.testing.assert_allclose(auroc(tied, POSITIVE), auroc(np.array(orders), POSITIVE).mean())


@pytest.mark.parametrize("seed", range(10))
def test_a_constant_is_exactly_chance_in_any_order(seed: int) -> None:
    positive = np.random.default_rng(seed).random(101) < 0.37
    constant = np.full((1, 101), 0.7)
    assert auroc(constant, positive).item() == 0.5
    assert fpr95(constant, positive).item() == 0.95
    assert aupr(constant, positive).item() == pytest.approx(positive.mean(), rel=1e-15)


def test_random_is_near_chance_and_a_perfect_detector_perfect() -> None:
    random = np.random.default_rng(1)
    positive = random.random(3000) < 0.4
    doubt = np.stack([random.random(3000), positive])
    np.testing.assert_allclose(auroc(doubt, positive), [0.5, 1], atol=0.04)
    np.testing.assert_allclose(fpr95(doubt, positive), [0.95, 0], atol=0.04)
    np.testing.assert_allclose(aupr(doubt, positive), [0.4, 1], atol=0.04)


def test_one_kind_alone_cannot_be_detected() -> None:
    for kind in (np.ones(3, dtype=bool), np.zeros(3, dtype=bool)):
        for metric in (auroc, aupr, fpr95):
            assert np.isnan(metric(np.arange(6.0).reshape(2, 3), kind)).all()
