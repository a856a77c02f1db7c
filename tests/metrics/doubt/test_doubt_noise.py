import numpy as np
import pytest

from meta_rl.metrics.doubt.noise import beyond_noise, ceiling


def test_contexts_that_differ_by_their_episodes_alone_are_rarely_taken_for_different() -> None:
    random = np.random.default_rng(0)
    taken = [beyond_noise(random.normal(size=(50, 10))) for _ in range(400)]
    assert np.mean(taken) == pytest.approx(0.05, abs=0.035)


def test_contexts_that_differ_are_seen() -> None:
    random = np.random.default_rng(0)
    seen = [beyond_noise(random.normal(size=(50, 1)) + random.normal(size=(50, 10))) for _ in range(50)]
    assert all(seen)


def test_without_episode_noise_any_difference_counts_beyond_rounding() -> None:
    values = np.repeat([[0.1], [0.2], [0.3]], 4, axis=1)
    assert beyond_noise(values)
    assert not beyond_noise(np.full((3, 4), 0.1))
    assert not beyond_noise(0.1 + values * 1e-15)
    assert not beyond_noise(values[:1])


def test_one_episode_per_context_says_nothing_about_noise() -> None:
    assert not beyond_noise(np.arange(5.0)[:, None])


def test_f_test_by_hand_with_unequal_numbers_of_episodes() -> None:
    # means 1, 5; between: (2 * 4 + 2 * 4) / 1 = 16; within: 4 of 2 + 0 -> 4 / 2 = 2; F(1, 2) = 8, p = .106
    values = np.array([[0.0, 2.0, np.nan], [5.0 - 1, 5.0 + 1, np.nan]])
    assert not beyond_noise(values)
    # p = .030 for means 1, 9: F = 64 / 2
    assert beyond_noise(np.array([[0.0, 2.0, np.nan], [8.0, 10.0, np.nan]]))


def test_ceiling_is_what_the_true_means_reach() -> None:
    random = np.random.default_rng(1)
    means = random.normal(size=(2000, 1))
    values = means + 2 * random.normal(size=(2000, 8))
    reached = np.corrcoef(means[:, 0], values[:, :4].mean(axis=1))[0, 1]
    assert ceiling(values, 4) == pytest.approx(reached, abs=0.03)
    assert reached == pytest.approx(np.sqrt(1 / (1 + 4 / 4)), abs=0.03)
    assert ceiling(np.repeat(means, 4, axis=1), 4) == 1.0


def test_no_ceiling_without_variance_between_contexts() -> None:
    assert np.isnan(ceiling(np.array([[0.0, 1.0], [1.0, 0.0]]), 1))
