"""deedee and latent_distance, beside numbers computed otherwise."""

import numpy as np
import torch
from drawn_windows import estimator, window
from scipy.spatial.distance import cdist, mahalanobis, pdist
from sklearn.covariance import LedoitWolf

from meta_rl.uncertainty.base import Evidence, Shown
from meta_rl.uncertainty.watched import Watched


def episodes(contexts: int, seed: int, middle: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(middle, 1, (2, contexts, 7, 3)).astype(np.float32)


def encoded(codes: np.ndarray) -> Watched:
    """The last state's z is given, and those before are of no account."""
    before = np.full((*codes.shape[:2], 5, codes.shape[-1]), 9.0)
    encoding = torch.from_numpy(np.concatenate((before, codes[:, :, None]), 2)).float()
    return window(episodes(codes.shape[1], 0), encoding=encoding)


def test_deedee_is_the_sum_of_two_standardised_statistics() -> None:
    train, new = episodes(9, 0), episodes(4, 1, middle=0.5)
    one = estimator("deedee", runs=2)
    one.fit(Evidence(Shown(window(train))), None)
    found = one(window(new), None).numpy()
    for run in range(2):
        means, fresh = (states[run, :, :-1].astype(float).mean(1) for states in (train, new))
        centre, width = means.mean(0), means.std(0)
        means, fresh = (means - centre) / width, (fresh - centre) / width
        bandwidth = np.median(pdist(means))

        def similar(these: np.ndarray, those: np.ndarray, bandwidth: float = bandwidth) -> np.ndarray:
            return np.exp(-0.5 * (cdist(these, those) / bandwidth) ** 2)

        own = np.linalg.norm(means, axis=1) / np.sqrt(3), 1 - (similar(means, means).sum(1) - 1) / 8
        other = np.linalg.norm(fresh, axis=1) / np.sqrt(3), 1 - similar(fresh, means).mean(1)
        wanted = sum((theirs - ours.mean()) / ours.std() for ours, theirs in zip(own, other, strict=True))
        np.testing.assert_allclose(found[run], wanted, rtol=1e-5)


def test_latent_distance_is_that_of_mahalanobis_under_the_shrunk_covariance() -> None:
    random = np.random.default_rng(2)
    mixing = np.array([[3.0, 1.0], [0.0, 0.2]])
    train, new = (random.normal(size=(2, count, 2)) @ mixing + 4 for count in (12, 5))
    train, new = train.astype(np.float32).astype(float), new.astype(np.float32).astype(float)
    one = estimator("latent_distance", runs=2)
    one.fit(Evidence(Shown(encoded(train))), None)
    found = one(encoded(new), None).numpy()
    for run in range(2):
        mean, deviation = train[run].mean(0), train[run].std(0)
        known, fresh = (train[run] - mean) / deviation, (new[run] - mean) / deviation
        form = np.linalg.inv(LedoitWolf().fit(known).covariance_)
        np.testing.assert_allclose(found[run], [mahalanobis(z, np.zeros(2), form) for z in fresh], rtol=1e-6)


def test_fewer_contexts_than_dimensions_and_ones_that_do_not_vary_have_a_finite_distance() -> None:
    random = np.random.default_rng(2)
    few = np.concatenate((random.normal(size=(2, 3, 6)), np.ones((2, 3, 2))), -1)
    one = estimator("latent_distance", runs=2)
    one.fit(Evidence(Shown(encoded(few))), None)
    assert torch.isfinite(one(encoded(few), None)).all()
    one.fit(Evidence(Shown(encoded(np.ones((2, 3, 2))))), None)
    np.testing.assert_array_equal(one(encoded(np.ones((2, 4, 2))), None), np.zeros((2, 4)))
    assert (one(encoded(np.full((2, 1, 2), 2.0)), None) > 1).all()
