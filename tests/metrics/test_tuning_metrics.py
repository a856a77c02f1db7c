"""Scores, incumbents and importances, on trials whose numbers are known."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from meta_rl.metrics import tuning

Trial = tuple[int, list[float]]  # rung, return of each seed


def trials(
    *made: Trial, repetition: int = 1000, settings: list[dict[str, Any]] | None = None
) -> pd.DataFrame:
    """The first trial is the default's; a seed that returned NaN diverged and counts as -1."""
    rows = []
    for number, (rung, returns) in enumerate(made):
        for offset, value in enumerate(returns):
            rows.append(
                {
                    "benchmark": "b", "agent": "dqn", "method": "none", "repetition": repetition, "trial": number,
                    "seed": repetition + offset, "source": "dehb" if number else "default",
                    "settings": json.dumps(settings[number] if settings else {"rate": number}), "rung": rung,
                    "env_steps": 900 // 3**rung, "seconds": 2.0,
                    "validation_return": -1.0 if np.isnan(value) else value,
                    "status": "diverged" if np.isnan(value) else "ok",
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


TRIALS = trials(
    (0, [1, 2, 3, 100]), (1, [9, 9, 9, 9]), (0, [np.nan, 2, 2, 2]), (0, [5, 5, 5, 5]), (0, [5, 5, 5, 5])
)


def test_a_score_is_the_iqm_over_seeds_and_failures_are_counted() -> None:
    scored = tuning.scores(TRIALS)
    assert scored["score"].tolist() == [2.5, 9, 2, 5, 5]
    assert scored["failures"].tolist() == [0, 0, 1, 0, 0]
    assert scored["env_steps"].tolist() == [3600, 1200, 3600, 3600, 3600]
    assert scored["spent"].tolist() == [3600, 4800, 8400, 12000, 15600]
    assert scored["seconds"].tolist() == [8.0] * 5


def test_only_trials_that_were_trained_to_the_end_become_incumbents() -> None:
    scored = tuning.scores(TRIALS)
    assert tuning.traces(scored)["score"].tolist() == [2.5, 2.5, 2.5, 5, 5]
    (best,) = tuning.incumbents(scored).to_dict("records")
    assert (best["trial"], best["score"]) == (3, 5), "the first of equals"


def test_the_repetition_with_the_largest_gain_is_chosen() -> None:
    """Not the one with the highest score: its seeds may be the easier ones."""
    easy = trials((0, [8, 8, 8, 8]), (0, [9, 9, 9, 9]), repetition=2000)
    scored = tuning.scores(pd.concat([TRIALS, easy]))
    assert tuning.incumbents(scored)["score"].tolist() == [5, 9]
    (best,) = tuning.chosen(scored).to_dict("records")
    assert (best["repetition"], best["default"], best["gain"]) == (1000, 2.5, 2.5)


SEARCH = {
    "rate": {"values": [1e-5, 1e-1], "scale": "log"},
    "hidden": {"values": [[8], [64]], "scale": "choice"},
    "loss": {"values": ["huber"], "scale": "choice"},
}


def test_what_decides_is_important_and_what_does_not_is_not() -> None:
    draw = np.random.default_rng(0)
    settings = [
        {"rate": float(10 ** draw.uniform(-5, -1)), "hidden": [[8], [64]][number % 2], "loss": "huber"}
        for number in range(60)
    ]
    settings[0] |= {"rate": 0.0, "hidden": [3]}  # what a study sets may lie outside
    made = [(0, [abs(np.log10(max(one["rate"], 1e-5)) + 3)] * 2) for one in settings]
    found = tuning.importance(tuning.scores(trials(*made, settings=settings)), SEARCH)
    assert found["setting"].tolist() == ["rate", "hidden"]
    assert found["importance"][0] > 0.5 > 0.1 > found["importance"][1]
    assert found["fit"][0] > 0.8


def test_importance_does_not_mistake_the_length_of_a_training_for_a_setting() -> None:
    """Longer trainings score higher, and nothing else does: no forest may say that it can tell."""
    draw = np.random.default_rng(1)
    settings = [
        {"rate": float(10 ** draw.uniform(-5, -1)), "hidden": [8], "loss": "huber"} for _ in range(90)
    ]
    made = [(rung, [100.0 - 40 * rung + draw.normal()] * 2) for rung in (0, 1, 2) * 30]
    found = tuning.importance(tuning.scores(trials(*made, settings=settings)), SEARCH)
    assert found["fit"][0] < 0.1
    assert found["importance"].max() < 0.2


@pytest.mark.parametrize("returns", [[1.0] * 40, list(range(5))])
def test_importance_needs_trials_that_differ(returns: list[float]) -> None:
    made: list[Trial] = [(0, [value, value]) for value in returns]
    settings = [{"rate": 1e-3, "hidden": [8], "loss": "huber"}] * len(made)
    assert tuning.importance(tuning.scores(trials(*made, settings=settings)), SEARCH).empty
