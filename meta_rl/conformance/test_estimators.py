"""What every registered estimator of doubt must do: one that is added is picked up."""

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from meta_rl import registry
from meta_rl.conformance.planted import PLANTED, TASK, Planted
from meta_rl.conformance.small import ESTIMATORS
from meta_rl.entries import SIGNALS
from meta_rl.streams import Streams
from meta_rl.uncertainty.base import Estimator

KEYS = [f"planted run {seed}" for seed in range(5)]
NAMES = list(registry.ESTIMATORS)
WHOLE, BUDGETS = None, (0, 10, None)


def build(name: str, keys: list[str], **settings: Any) -> Estimator:
    module = registry.load("estimator", name)
    streams = Streams([f"{key}/{name}" for key in keys])
    one: Estimator = module.build(module.Config(**settings), TASK, streams)
    return one


def fitted(name: str, toy: Planted, budget: int | None = WHOLE, small: bool = True) -> Estimator:
    """With the settings of small studies, or with its own."""
    settings = ESTIMATORS.get(name, {}) if small else {}
    one, entry = build(name, toy.keys, **settings), registry.ESTIMATORS[name]
    if entry.fits:
        one.fit(toy.evidence(entry, budget), budget)
    return one


def doubts(name: str, toy: Planted, budget: int | None = WHOLE, small: bool = True) -> np.ndarray:
    one = fitted(name, toy, budget, small)
    return toy.doubt(one, registry.ESTIMATORS[name], budget).numpy()


def speaks(name: str, budget: int | None) -> bool:
    return budget != 0 or "transitions" not in registry.ESTIMATORS[name].needs


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("budget", BUDGETS)
def test_a_finite_doubt_for_every_run_and_context(name: str, budget: int | None) -> None:
    if not speaks(name, budget):
        return
    toy = Planted(KEYS[:2], "", contexts=12)
    found = doubts(name, toy, budget)
    assert found.shape == (2, 12)
    assert found.dtype == np.float64
    assert np.isfinite(found).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_run_is_doubted_alike_alone_and_in_a_stack(name: str) -> None:
    kind = build(name, KEYS[:1]).reads
    stack = doubts(name, Planted(KEYS, kind, contexts=13))
    for place in (0, 3):
        alone = doubts(name, Planted([KEYS[place]], kind, contexts=13))
        np.testing.assert_array_equal(alone[0], stack[place])


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_contexts_is_of_no_effect(name: str) -> None:
    toy = Planted(KEYS[:2], build(name, KEYS[:1]).reads, contexts=21)
    order = np.random.default_rng(0).permutation(21)
    one, entry = fitted(name, toy), registry.ESTIMATORS[name]
    usual, turned = toy.doubt(one, entry, WHOLE), toy.doubt(one, entry, WHOLE, order)
    np.testing.assert_allclose(turned, usual[:, order], rtol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_shown_what_its_line_declares_and_no_more(name: str) -> None:
    entry = registry.ESTIMATORS[name]
    toy = Planted(KEYS[:1], "", contexts=5)
    shown = toy._shown(entry, toy.test, WHOLE)
    assert (shown.context is not None) == ("context" in entry.needs)
    assert (shown.window.encoding is not None) == ("encoding" in entry.needs)
    assert set(shown.window.signals) == {"value"} | (entry.needs & SIGNALS)
    assert (shown.window.doubts is not None) == ("doubts" in entry.needs)
    assert (shown.shortfall is not None) == ("shortfall" in entry.needs)
    evidence = toy.evidence(entry, WHOLE)
    for split in ("validation", "calibration"):
        assert (getattr(evidence, split) is not None) == (split in entry.needs)


@pytest.mark.parametrize("name", NAMES)
def test_a_window_shows_nothing_behind_its_budget(name: str) -> None:
    """What comes after the budget may be anything."""
    if not speaks(name, 10):
        return
    toy, entry = Planted(KEYS[:1], "", contexts=5), registry.ESTIMATORS[name]
    one = fitted(name, toy, 10)
    before = toy.doubt(one, entry, 10)
    watched, contexts, failing = toy.test

    def later(value: torch.Tensor) -> torch.Tensor:
        behind = torch.arange(12, value.shape[2]) if value.dim() > 2 else torch.arange(0)
        return value.clone().index_fill_(2, behind, 7.0) if len(behind) else value

    plain = {name: later(getattr(watched, name)) for name in ("observation", "action", "reward", "encoding")}
    signals = {name: later(value) for name, value in watched.signals.items()}
    toy.test = watched._replace(**plain, signals=signals), contexts, failing
    np.testing.assert_array_equal(toy.doubt(one, entry, 10).numpy(), before.numpy())


@pytest.mark.parametrize("name", NAMES)
def test_planted_failures_are_found_and_without_the_signal_they_are_not(name: str) -> None:
    kind = build(name, KEYS[:1]).reads
    assert kind in {"", *PLANTED}, (
        f"reads '{kind}', which cannot be planted; choose from {', '.join(PLANTED)}"
    )
    toy, twin = Planted(KEYS, kind), Planted(KEYS, "")
    if kind:
        assert _auroc(doubts(name, toy, small=False), toy.failures()) >= 0.9
    assert abs(_auroc(doubts(name, twin, small=False), twin.failures()) - 0.5) <= 0.05


def _auroc(doubt: np.ndarray, failures: np.ndarray) -> float:
    """Mean over runs."""
    return float(np.mean([roc_auc_score(fails, one) for fails, one in zip(failures, doubt, strict=True)]))
