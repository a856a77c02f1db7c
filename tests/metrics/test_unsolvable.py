"""Contexts in which nobody can succeed: they enter no mean, and are reported apart."""

import metric_frames as frames
import numpy as np
import pandas as pd
import pytest
from metric_frames import LEVELS, row, study

from meta_rl.metrics.scores import scores
from meta_rl.metrics.summary import metrics

LIMITS = {"length": (4.0, "the force does not suffice")}


@pytest.fixture(scope="module")
def limited() -> pd.DataFrame:
    seeds, contexts = range(5), frames.contexts(range(5))
    references = frames.references(contexts)
    evaluation = frames.evaluation(contexts, seeds, LEVELS)
    measured = scores(evaluation, references, contexts, 101, LIMITS)
    return metrics(measured, references, frames.encodings(contexts, seeds), contexts)


def test_where_nobody_can_succeed_a_context_enters_no_mean_and_is_reported_apart(
    limited: pd.DataFrame,
) -> None:
    level = 55 + 2  # of the middle run
    for metric in ("iqm_return", "mean_return", "median_return"):
        found = row(limited, metric, "iida", "extrapolation")
        assert found["estimate"] == pytest.approx(level - np.mean([1, 2, 3, 4]))
        assert (found["n_seeds"], found["n_contexts"], found["n_solvable"]) == (5, 4, 0)
    apart = row(limited, "unsolvable_return", "iida", "extrapolation")
    assert apart["estimate"] == pytest.approx(level - np.mean([5, 6]))
    assert (apart["n_seeds"], apart["n_contexts"], apart["n_solvable"]) == (5, 2, 0)
    assert apart["low"] < apart["estimate"] < apart["high"]
    assert row(limited, "cvar_return", "iida", "extrapolation")["estimate"] == pytest.approx(level - 4)
    assert row(limited, "mean_score", "iida", "extrapolation")["estimate"] == pytest.approx(
        (level - 22.5) / 80
    )
    # train contexts are within the limit, but one of interpolation is not
    assert set(limited.loc[limited["metric"] == "unsolvable_return", "split"]) == {
        "interpolation",
        "extrapolation",
    }
    assert "unsolvable_return" not in set(metrics(*study(5))["metric"])


def test_comparisons_and_references_leave_out_the_same_contexts(limited: pd.DataFrame) -> None:
    for metric in ("return_difference", "probability_of_improvement"):
        found = row(limited, metric, "iida", "extrapolation", "none")
        assert found["n_contexts"] == 4
    assert row(limited, "probability_of_improvement", "iida", "extrapolation", "none")["estimate"] == 1
    assert row(limited, "context_value", "reference", "extrapolation")["n_contexts"] == 4
    assert row(limited, "encoding_r2", "iida", "extrapolation")["n_contexts"] == 6


def test_what_a_reference_is_worth_does_not_depend_on_contexts_in_which_nobody_can_succeed() -> None:
    measured, references, *others = study(5)
    lost = measured["split"].eq("extrapolation") & measured["context_id"].isin([4, 5])
    measured = measured.assign(solvable=measured["solvable"].mask(lost, "false"))
    worse = references["split"].eq("extrapolation") & references["context_id"].isin([4, 5])
    specialist = references["member"].eq("specialist_dqn_0")
    references = references.assign(episode_return=references["episode_return"].mask(worse & specialist, -1e6))
    table = metrics(measured, references, *others)
    assert row(table, "context_value", "reference", "extrapolation")["estimate"] == 0
    assert row(table, "specialist_return", "specialist", "extrapolation")["estimate"] == 100


def test_a_region_in_which_nobody_can_succeed_has_no_mean_but_what_is_reported_apart() -> None:
    measured, *others = study(10)
    measured = measured.assign(
        solvable=measured["solvable"].mask(measured["split"] == "extrapolation", "false")
    )
    table = metrics(measured, *others)
    for metric in ("iqm_return", "mean_score", "generalisation_gap"):
        assert np.isnan(row(table, metric, "iida", "extrapolation")["estimate"])
    for metric in ("return_difference", "probability_of_improvement", "p_holm"):
        assert np.isnan(row(table, metric, "iida", "extrapolation", "none")["estimate"])
    assert row(table, "iqm_return", "iida", "extrapolation")["n_contexts"] == 0
    assert row(table, "unsolvable_return", "iida", "extrapolation")["n_contexts"] == 6
    assert "context_value" not in set(table.loc[table["split"] == "extrapolation", "metric"])
