from pathlib import Path

import doubt_frames as frames
import numpy as np
import pandas as pd
import pytest
from doubt_frames import RANDOM, REFERENCE, SAID, SUCCESS, one

from meta_rl.metrics.doubt.selective import naugrc, naurc
from meta_rl.metrics.doubt.table import doubt_metrics
from meta_rl.tables import io
from meta_rl.tables.doubt_metrics import TABLE

N, SEEDS = 40, 5
UNCERTAINTY = frames.uncertainty(SEEDS, N, SAID)
EVALUATION = frames.evaluation(SEEDS, N, noise=8.0, episodes=6)
SCORES = frames.scores(N)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return doubt_metrics(UNCERTAINTY, EVALUATION, SCORES)


@pytest.fixture(scope="module")
def exact() -> pd.DataFrame:
    """Without episode noise."""
    return doubt_metrics(UNCERTAINTY, frames.evaluation(SEEDS, N), SCORES)


def test_the_table_is_valid(table: pd.DataFrame, tmp_path: Path) -> None:
    io.write(table, TABLE, tmp_path / "table.parquet", {})
    pd.testing.assert_frame_equal(io.read(tmp_path / "table.parquet", TABLE), table)


def test_known_answers(exact: pd.DataFrame) -> None:
    for metric in ("naurc", "naugrc"):
        assert one(exact, metric, "shortfall")["estimate"] == 0
        assert one(exact, metric, "constant")["estimate"] == 1
        assert one(exact, f"{metric}_floor")["estimate"] == 0
    for metric, truth, opposite in (("failure_auroc", 1, 0), ("spearman", 1, -1)):
        assert one(exact, metric, "shortfall")["estimate"] == pytest.approx(truth)
        assert one(exact, metric, "opposite")["estimate"] == pytest.approx(opposite)
    assert one(exact, "failure_auroc", "constant")["estimate"] == 0.5
    assert one(exact, "spearman", "constant")["estimate"] == 0
    assert one(exact, "spearman_ceiling")["estimate"] == 1
    assert one(exact, "failure_rate")["estimate"] == pytest.approx(np.mean(frames.mean_returns(N) < SUCCESS))
    assert one(exact, "gap_reference", "shortfall")["estimate"] == pytest.approx(0)


def test_the_distance_to_the_range_tells_location_but_no_failure(exact: pd.DataFrame) -> None:
    assert one(exact, "ood_auroc", "range_distance")["estimate"] == 1
    assert one(exact, "failure_auroc", "range_distance")["estimate"] == pytest.approx(0.5, abs=0.1)
    assert not exact.query("metric == 'ood_auroc'")["region"].ne("held_out").any()
    for region in frames.SPLITS:
        assert one(exact, "naurc", "range_distance", region=region)["estimate"] == 1, (
            "constant within a region"
        )
        assert one(exact, "spearman", "shortfall", region=region)["n_contexts"] == N / 2


def test_metrics_recomputed_with_pandas(table: pd.DataFrame) -> None:
    odd = (
        EVALUATION[EVALUATION["episode"] % 2 == 1]
        .groupby(["seed", "split", "context_id"])["episode_return"]
        .mean()
    )
    even = (
        EVALUATION[EVALUATION["episode"] % 2 == 0]
        .groupby(["seed", "split", "context_id"])["episode_return"]
        .mean()
    )
    doubt = UNCERTAINTY.query("estimator == 'random'").set_index(["seed", "split", "context_id"])["doubt"]
    joined = pd.DataFrame({"shortfall": REFERENCE - odd, "ranking": REFERENCE - even, "doubt": doubt})
    runs = joined.groupby("seed")
    for metric, function in (("naurc", naurc), ("naugrc", naugrc)):
        for name, estimator, column in ((metric, "random", "doubt"), (f"{metric}_floor", None, "ranking")):
            expected = runs.apply(
                lambda run, f=function, by=column: f(run[by].to_numpy(), run["shortfall"].to_numpy())
            )
            assert one(table, name, estimator)["estimate"] == pytest.approx(expected.mean())
    correlation = runs.apply(lambda run: run["doubt"].corr(run["shortfall"], method="spearman"))
    assert one(table, "spearman", "random")["estimate"] == pytest.approx(correlation.mean())
    kept = runs.apply(lambda run: run.sort_values("doubt")["shortfall"].iloc[: N - N // 5])
    assert one(table, "return_abstain", "random")["estimate"] == pytest.approx(REFERENCE - kept.mean())
    assert one(table, "return_never")["estimate"] == pytest.approx(REFERENCE - joined["shortfall"].mean())
    assert 0 < one(table, "naurc_floor")["estimate"] < one(table, "naurc", "random")["estimate"]


def test_random_is_near_ignorance_and_intervals_hold_it(table: pd.DataFrame) -> None:
    for metric, ignorance in (("naurc", 1), ("naugrc", 1), ("failure_auroc", 0.5), ("spearman", 0)):
        row = one(table, metric, "random")
        assert row["low"] < ignorance < row["high"]


def test_the_order_of_rows_changes_no_bit(table: pd.DataFrame) -> None:
    shuffled = (
        frame.sample(frac=1, random_state=i) for i, frame in enumerate((UNCERTAINTY, EVALUATION, SCORES))
    )
    pd.testing.assert_frame_equal(doubt_metrics(*shuffled), table, check_exact=True)


def test_no_ranks_where_contexts_differ_by_noise_alone() -> None:
    flat = doubt_metrics(UNCERTAINTY, frames.evaluation(SEEDS, N, noise=8.0, spread=0.0), SCORES)
    for metric in ("naurc", "naugrc", "spearman"):
        row = one(flat, metric, "random")
        assert (np.isnan(row["estimate"]), row["n_seeds"]) == (True, 0)
        assert row["reason"] == "5 of 5 runs: shortfalls of contexts vary no more than episodes do"
    assert np.isfinite(one(flat, "return_reference", "random")["estimate"])


def test_contexts_in_which_nobody_can_succeed_count_for_failure_only() -> None:
    hopeless = SCORES["context_id"] < 5
    scores = SCORES.assign(
        solvable=SCORES["solvable"].mask(hopeless, "false").mask(SCORES["context_id"] == 6, "unknown")
    )
    evaluation = frames.evaluation(SEEDS, N)
    table = doubt_metrics(UNCERTAINTY, evaluation, scores)
    row = one(table, "naurc", "random")
    assert (row["n_contexts"], row["n_solvable"]) == (N - 10, N - 12)
    assert one(table, "failure_auroc", "random")["n_contexts"] == N
    kept = ~hopeless
    without = doubt_metrics(
        UNCERTAINTY[UNCERTAINTY["context_id"] >= 5], evaluation[evaluation["context_id"] >= 5], scores[kept]
    )
    for metric in ("naurc", "naugrc", "spearman", "area_reference", "return_priced"):
        assert one(table, metric, "random")["estimate"] == one(without, metric, "random")["estimate"]


def test_failure_metrics_are_missing_where_nothing_fails() -> None:
    table = doubt_metrics(UNCERTAINTY, EVALUATION, SCORES.assign(success=-1e3))
    assert one(table, "failure_rate")["estimate"] == 0
    assert (
        one(table, "failure_auroc", "shortfall")["reason"]
        == "5 of 5 runs: the policy fails in all contexts, or in none"
    )
    assert one(table, "naurc", "shortfall")["n_seeds"] == SEEDS


def test_halves_are_of_the_episodes_that_there_are() -> None:
    """Snapshots take turns in the episodes of a run: those of one may all have odd numbers."""
    renumbered = EVALUATION.assign(episode=2 * EVALUATION["episode"] + 1)
    pd.testing.assert_frame_equal(
        doubt_metrics(UNCERTAINTY, renumbered, SCORES), doubt_metrics(UNCERTAINTY, EVALUATION, SCORES)
    )


def test_the_price_of_a_query_is_measured_in_delta(exact: pd.DataFrame) -> None:
    assert one(exact, "return_priced_always")["estimate"] == pytest.approx(
        REFERENCE - (REFERENCE - RANDOM) / 2
    )
    best = max(one(exact, "return_priced_always")["estimate"], one(exact, "return_never")["estimate"])
    for estimator in ("shortfall", "constant", "random"):
        assert one(exact, "return_priced", estimator)["estimate"] >= best - 1e-9
    assert one(exact, "return_priced", "shortfall")["estimate"] == pytest.approx(
        one(exact, "return_priced_oracle")["estimate"]
    )


def test_nothing_is_measured_in_delta_where_random_is_as_good_as_the_reference() -> None:
    table = doubt_metrics(UNCERTAINTY, EVALUATION, SCORES.assign(random=REFERENCE))
    row = one(table, "return_priced", "random")
    assert np.isnan(row["estimate"])
    assert row["reason"] == "5 of 5 runs: the reference is no better than random in half of the contexts"
    assert np.isfinite(one(table, "return_reference", "random")["estimate"])
