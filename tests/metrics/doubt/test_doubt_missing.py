"""What is missing is a row with its reason; what is wrong is refused in one line."""

from pathlib import Path

import doubt_frames as frames
import numpy as np
import pandas as pd
import pytest
from doubt_frames import SAID, one

from meta_rl.errors import UserError
from meta_rl.metrics.doubt.table import doubt_metrics
from meta_rl.tables import io
from meta_rl.tables.doubt_metrics import TABLE

N, SEEDS, BUDGETS = 20, 3, ("0", "50", "episode")
UNCERTAINTY = frames.uncertainty(SEEDS, N, SAID, BUDGETS)
EVALUATION = frames.evaluation(SEEDS, N)
SCORES = frames.scores(N)


def silenced(rows: pd.Series, reason: str) -> pd.DataFrame:
    return UNCERTAINTY.assign(
        doubt=UNCERTAINTY["doubt"].mask(rows), reason=UNCERTAINTY["reason"].mask(rows, reason)
    )


def test_area_over_budgets() -> None:
    told = UNCERTAINTY["estimator"].eq("shortfall")
    less = UNCERTAINTY["budget"].map({"0": -1.0, "50": 0.0, "episode": 1.0})  # opposite, constant, shortfall
    table = doubt_metrics(
        UNCERTAINTY.assign(doubt=UNCERTAINTY["doubt"].where(~told, UNCERTAINTY["doubt"] * less)),
        EVALUATION,
        SCORES,
    )
    at = [one(table, "naurc", "shortfall", budget=budget)["estimate"] for budget in BUDGETS]
    assert at[1:] == [1, 0]
    assert at[0] > 1.5
    assert one(table, "naurc", "shortfall", budget="area")["estimate"] == pytest.approx((at[0] + 2) / 4)
    assert one(table, "naurc", "constant", budget="area")["estimate"] == 1
    assert one(table, "failure_auroc", "constant", budget="area")["estimate"] == 0.5


def test_who_has_no_doubt_yet_is_ignorant_in_the_area() -> None:
    rows = UNCERTAINTY["estimator"].eq("shortfall") & UNCERTAINTY["budget"].eq("0")
    for uncertainty in (silenced(rows, "needs a window"), UNCERTAINTY[~rows]):
        table = doubt_metrics(uncertainty, EVALUATION, SCORES)
        assert one(table, "naurc", "shortfall", budget="area")["estimate"] == pytest.approx(0.25)
        assert one(table, "spearman", "shortfall", budget="area")["estimate"] == pytest.approx(0.75)
    row = one(doubt_metrics(silenced(rows, "needs a window"), EVALUATION, SCORES), "naurc", "shortfall")
    assert (np.isnan(row["estimate"]), row["n_seeds"]) == (True, 0)
    assert row["reason"] == "3 of 3 runs: needs a window"


def test_who_never_doubts_has_no_area() -> None:
    table = doubt_metrics(silenced(UNCERTAINTY["estimator"].eq("random"), "no entropy"), EVALUATION, SCORES)
    row = one(table, "naurc", "random", budget="area")
    assert np.isnan(row["estimate"])
    assert row["reason"] == "3 of 3 runs: no entropy"


def test_a_doubt_missing_in_one_context_is_no_easier_problem() -> None:
    lost = (
        UNCERTAINTY["estimator"].eq("shortfall") & UNCERTAINTY["context_id"].eq(4) & UNCERTAINTY["seed"].eq(1)
    )
    lost &= UNCERTAINTY["split"].eq("extrapolation") & UNCERTAINTY["budget"].eq("0")
    table = doubt_metrics(silenced(lost, "diverged"), EVALUATION, SCORES)
    row = one(table, "naurc", "shortfall")
    assert (row["estimate"], row["n_seeds"], row["reason"]) == (0, 2, "1 of 3 runs: diverged")
    assert one(table, "naurc", "shortfall", region="interpolation")["n_seeds"] == 3
    assert one(table, "naurc", "shortfall", budget="area")["reason"] == "1 of 3 runs: diverged"
    without = doubt_metrics(UNCERTAINTY[~lost], EVALUATION, SCORES)
    assert one(without, "naurc", "shortfall")["reason"] == "1 of 3 runs: no doubt was computed"


def test_a_failed_run_is_told() -> None:
    table = doubt_metrics(UNCERTAINTY, EVALUATION[EVALUATION["seed"] != 2], SCORES)
    row = one(table, "naurc", "constant")
    assert (row["estimate"], row["n_seeds"], row["reason"]) == (1, 2, "1 of 3 runs: no episode was scored")


def test_an_estimator_that_one_run_lacks_is_told() -> None:
    lacks = UNCERTAINTY["estimator"].eq("random") & UNCERTAINTY["seed"].eq(0)
    row = one(doubt_metrics(UNCERTAINTY[~lacks], EVALUATION, SCORES), "naurc", "random")
    assert (row["n_seeds"], row["reason"]) == (2, "1 of 3 runs: no doubt was computed")


def test_runs_and_splits_that_are_no_results_do_not_count() -> None:
    more = EVALUATION.assign(split="calibration", episode_return=-1e9)
    table = doubt_metrics(UNCERTAINTY, pd.concat([EVALUATION, more, EVALUATION.assign(seed=9)]), SCORES)
    pd.testing.assert_frame_equal(table, doubt_metrics(UNCERTAINTY, EVALUATION, SCORES))


def test_nobody_doubts(tmp_path: Path) -> None:
    table = doubt_metrics(UNCERTAINTY[:0], EVALUATION[:0], SCORES[:0])
    assert table.empty
    io.write(table, TABLE, tmp_path / "table.parquet", {})


def test_episodes_without_a_column_snapshot_are_of_one_policy() -> None:
    table = doubt_metrics(UNCERTAINTY, EVALUATION.drop(columns="snapshot"), SCORES)
    pd.testing.assert_frame_equal(table, doubt_metrics(UNCERTAINTY, EVALUATION, SCORES))


@pytest.mark.parametrize(
    ("uncertainty", "evaluation", "scores", "message"),
    [
        (pd.concat([UNCERTAINTY, UNCERTAINTY[:1]]), EVALUATION, SCORES, "uncertainty: a context stands twice"),
        (UNCERTAINTY.assign(lower=1.0, upper=0.0), EVALUATION, SCORES, "'lower' is above 'upper'"),
        (UNCERTAINTY, EVALUATION.assign(snapshot=EVALUATION["episode"]), SCORES, "seed 0, played with several"),
        (UNCERTAINTY, EVALUATION.query("episode == 0"), SCORES, "seed 0, has one episode in a context; two at least"),
        (UNCERTAINTY, EVALUATION, SCORES.query("context_id != 3"), "played context 3 of split 'extrapolation', which"),
        (UNCERTAINTY, EVALUATION.query("context_id != 3"), SCORES, "doubts in context 3 of split '.*', but has no"),
        (UNCERTAINTY, EVALUATION, SCORES.assign(benchmark="pole"), "scores: benchmark 'cart' is missing"),
    ],
)  # fmt: skip
def test_wrong_tables_are_refused(
    uncertainty: pd.DataFrame, evaluation: pd.DataFrame, scores: pd.DataFrame, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        doubt_metrics(uncertainty, evaluation, scores)
