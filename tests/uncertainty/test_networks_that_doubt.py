"""What rnd and the ensemble of dynamics compute, beside formulas of their own kind."""

import numpy as np
import torch
from drawn_windows import estimator, window
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from meta_rl.uncertainty.base import Evidence, Shown
from meta_rl.uncertainty.dynamics import Disagreement, Predicted, Surprise
from meta_rl.uncertainty.watched import Watched


def walk(noise: float, seed: int, contexts: int = 8, shift: float = 0.0) -> Watched:
    """s' = 0.8 s +- 0.5 and noise, where the action alternates."""
    random = np.random.default_rng(seed)
    states = [random.normal(size=(1, contexts, 3))]
    for time in range(20):
        push = 0.5 if time % 2 else -0.5
        states.append(0.8 * states[-1] + push + shift + noise * random.normal(size=states[0].shape))
    return window(np.stack(states, 2))


def judged(which: object, means: torch.Tensor, spreads: torch.Tensor, change: torch.Tensor) -> torch.Tensor:
    members = [Predicted(*one) for one in zip(means, spreads, strict=True)]
    found: torch.Tensor = which.build.judged(None, members, change)  # type: ignore[attr-defined]
    return found


def test_surprise_is_the_negative_log_likelihood_of_the_mixture() -> None:
    torch.manual_seed(0)
    means, spreads = torch.randn(2, 5, 3, 4, 6, dtype=torch.float64)
    change = torch.randn(3, 4, 6, dtype=torch.float64)
    parts = Independent(Normal(means.movedim(0, -2), (spreads / 2).exp().movedim(0, -2)), 1)
    mixture = MixtureSameFamily(Categorical(torch.ones(3, 4, 5, dtype=torch.float64)), parts)
    torch.testing.assert_close(judged(Surprise, means, spreads, change), -mixture.log_prob(change))


def test_surprise_is_finite_where_no_member_expected_what_came() -> None:
    found = judged(
        Surprise, torch.zeros(5, 1, 1, 2), torch.full((5, 1, 1, 2), -10.0), torch.full((1, 1, 2), 1e4)
    )
    assert torch.isfinite(found).all()


def test_disagreement_is_the_variance_between_the_means_of_the_members() -> None:
    torch.manual_seed(0)
    means = torch.randn(5, 3, 4, 6, dtype=torch.float64)
    found = judged(Disagreement, means, means, means[0])
    torch.testing.assert_close(found, means.var(0, unbiased=False).mean(-1))
    assert judged(Disagreement, means[:1].expand(5, -1, -1, -1), means, means[0]).max() < 1e-30


def test_surprise_of_what_it_was_fitted_on_is_about_the_entropy_of_the_noise() -> None:
    """In units of the change's deviation d the density of the best model has the entropy of N(0, (noise / d)^2)."""
    train, noise = walk(0.1, 0, contexts=60), 0.1
    one = estimator("dynamics_surprise", updates=600)
    one.fit(Evidence(Shown(train)), None)
    _, deviation = train.moments(train.observation[:, :, 1:] - train.observation[:, :, :-1])
    entropy = (0.5 * np.log(2 * np.pi * np.e) + (noise / deviation).log()).sum()
    found = one(walk(noise, 1), None)
    assert abs(float(found.mean() - entropy)) < 0.25
    assert (one(walk(0.3, 1), None) > found + 1).all()  # noise that is three times as strong


def test_states_that_were_never_seen_are_doubted_and_seen_ones_less_for_having_been_learnt() -> None:
    seen, new = walk(0.1, 1), walk(0.1, 1, shift=1.0)
    for name in ("rnd", "dynamics_disagreement"):
        few, many = (estimator(name, updates=updates) for updates in (1, 400))
        for one in (few, many):
            one.fit(Evidence(Shown(walk(0.1, 0))), None)
        assert many(seen, None).max() < many(new, None).min()
        assert many(seen, None).mean() < 0.3 * few(seen, None).mean()


def test_what_is_learnt_goes_through_a_monitor() -> None:
    for name in ("rnd", "dynamics_surprise"):
        one, other = (estimator(name, updates=5) for _ in range(2))
        one.fit(Evidence(Shown(walk(0.1, 0))), None)
        other.monitor = {key: value.clone() for key, value in one.monitor.items()}
        assert torch.equal(one(walk(0.1, 1), None), other(walk(0.1, 1), None))
        assert {len(value) for value in one.monitor.values()} == {1}
