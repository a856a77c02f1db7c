import doubt_frames as frames
import numpy as np
import pandas as pd
import pytest
from doubt_frames import REFERENCE, SAID, one

from meta_rl.metrics.comparisons import holm, sign_flip, smallest_p
from meta_rl.metrics.doubt.contrasts import BASELINES
from meta_rl.metrics.doubt.selective import naurc
from meta_rl.metrics.doubt.table import doubt_metrics

N, SEEDS = 20, 10
# One estimator that is good in some runs only, so that pairs differ.
SAID = SAID | {"fair": lambda returns, random: 100 - returns + 60 * random.standard_normal(len(returns))}
UNCERTAINTY = frames.uncertainty(SEEDS, N, SAID)
EVALUATION = frames.evaluation(SEEDS, N)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return doubt_metrics(UNCERTAINTY, EVALUATION, frames.scores(N))


@pytest.fixture(scope="module")
def per_run() -> dict[str, np.ndarray]:
    """nAURC of each run, by estimator."""
    shortfall = REFERENCE - frames.mean_returns(N)
    return {
        name: np.array([naurc(run["doubt"].to_numpy(), shortfall) for _, run in own.groupby("seed")])
        for name, own in UNCERTAINTY.groupby("estimator")
    }


def test_differences_are_paired_by_run_and_corrected_for_their_question(
    table: pd.DataFrame, per_run: dict[str, np.ndarray]
) -> None:
    others = [name for name in SAID if name != "random"]
    p_values = []
    for name in others:
        difference = per_run[name] - per_run["random"]
        row = one(table, "naurc_difference", name, compared_with="random")
        assert row["estimate"] == pytest.approx(difference.mean())
        assert row["low"] < row["estimate"] < row["high"]
        p_values.append(sign_flip(difference))
    adjusted = holm(np.array(p_values))
    for name, p, p_holm in zip(others, p_values, adjusted, strict=True):
        assert one(table, "naurc_p_value", name, compared_with="random")["estimate"] == p
        row = one(table, "naurc_p_holm", name, compared_with="random")
        assert (row["estimate"], row["n_seeds"]) == (pytest.approx(p_holm), SEEDS)
        assert one(table, "naurc_smallest_p_holm", name, compared_with="random")["estimate"] == pytest.approx(
            len(others) * smallest_p(SEEDS)
        )
    assert one(table, "naurc_p_holm", "shortfall", compared_with="random")["estimate"] < 0.05


def test_the_baselines_are_compared_once(table: pd.DataFrame) -> None:
    compared = table[table["compared_with"].notna()]
    pairs = set(zip(compared["estimator"], compared["compared_with"], strict=True))
    assert ("range_distance", "random") in pairs
    assert ("random", "range_distance") not in pairs
    assert {baseline for _, baseline in pairs} == set(BASELINES)
    assert not any(estimator == baseline for estimator, baseline in pairs)


def test_nothing_is_compared_with_a_baseline_that_was_not_asked() -> None:
    without = UNCERTAINTY[UNCERTAINTY["estimator"] != "range_distance"]
    table = doubt_metrics(without, EVALUATION, frames.scores(N))
    assert set(table["compared_with"].dropna()) == {"random"}


def test_runs_of_which_one_side_lacks_a_value_are_no_pairs(table: pd.DataFrame) -> None:
    lost = UNCERTAINTY["estimator"].eq("random") & UNCERTAINTY["seed"].lt(4)
    found = doubt_metrics(
        UNCERTAINTY.assign(doubt=UNCERTAINTY["doubt"].mask(lost)), EVALUATION, frames.scores(N)
    )
    row = one(found, "naurc_difference", "shortfall", compared_with="random")
    assert (row["n_seeds"], row["reason"]) == (6, "4 of 10 runs: one of the two has no value")
    assert one(found, "naurc_difference", "shortfall", compared_with="range_distance")["n_seeds"] == SEEDS


def test_both_rankings_agree_where_estimators_differ_clearly(table: pd.DataFrame) -> None:
    row = one(table, "rank_agreement", budget="0")
    assert 0.6 < row["estimate"] <= 1
