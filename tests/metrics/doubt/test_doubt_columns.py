"""Metrics of columns that only some tables have: intervals, forecasts and the value at an episode's end."""

import doubt_frames as frames
import numpy as np
import pandas as pd
import pytest
from doubt_frames import RANDOM, REFERENCE, SAID, one

from meta_rl.metrics.doubt.return_intervals import crps
from meta_rl.metrics.doubt.table import doubt_metrics

N, SEEDS = 20, 3
EVALUATION = frames.evaluation(SEEDS, N, noise=5.0, episodes=6)
SCORES = frames.scores(N)


@pytest.fixture(scope="module")
def uncertainty() -> pd.DataFrame:
    """`shortfall` has an interval that holds what is interpolation, but little of extrapolation."""
    frame = frames.uncertainty(SEEDS, N, {name: SAID[name] for name in ("constant", "shortfall")})
    has, inside = frame["estimator"].eq("shortfall"), frame["split"].eq("interpolation")
    centre = REFERENCE - frame["doubt"] + np.where(inside, 0.0, 40.0)
    return frame.assign(lower=(centre - 30).where(has), upper=(centre + 30).where(has))


def test_coverage_and_width_by_region(uncertainty: pd.DataFrame) -> None:
    table = doubt_metrics(uncertainty, EVALUATION, SCORES)
    assert one(table, "coverage", "shortfall", region="interpolation")["estimate"] == 1
    assert one(table, "coverage", "shortfall", region="extrapolation")["estimate"] < 0.1
    assert one(table, "coverage", "shortfall")["estimate"] < 0.6
    assert one(table, "width", "shortfall")["estimate"] == pytest.approx(60 / (REFERENCE - RANDOM))
    assert one(table, "interval_score", "shortfall", region="interpolation")["estimate"] == pytest.approx(60)
    assert one(table, "interval_score", "shortfall", region="extrapolation")["estimate"] > 200
    measured = table[table["metric"].isin(["coverage", "width", "interval_score", "crps"])]
    assert set(measured["estimator"]) == {"shortfall"}
    assert "crps" not in set(measured["metric"])


def test_an_interval_without_ends_or_in_some_contexts_only_is_no_interval(uncertainty: pd.DataFrame) -> None:
    first = uncertainty["context_id"].eq(0)
    for lower in (
        uncertainty["lower"].mask(first),
        uncertainty["lower"].mask(first & uncertainty["lower"].notna(), -np.inf),
    ):
        row = one(doubt_metrics(uncertainty.assign(lower=lower), EVALUATION, SCORES), "coverage", "shortfall")
        assert np.isnan(row["estimate"])
        assert row["reason"] == "3 of 3 runs: an interval or forecast is missing or has no end"


def test_crps_of_forecasts(uncertainty: pd.DataFrame) -> None:
    draws, none = np.arange(0.0, 100.0, 10.0), np.empty(0, dtype=np.float32)
    who = uncertainty["estimator"].eq("shortfall")
    forecast = [draws.astype(np.float32) if has else none for has in who]
    table = doubt_metrics(uncertainty.assign(forecast=forecast), EVALUATION, SCORES)
    assert set(table.loc[table["metric"] == "crps", "estimator"]) == {"shortfall"}
    odd = EVALUATION[EVALUATION["episode"] % 2 == 1]["episode_return"].to_numpy()
    assert one(table, "crps", "shortfall")["estimate"] == pytest.approx(crps(draws, odd).mean())


def test_values_are_calibrated_with_what_comes_after_the_time_limit(uncertainty: pd.DataFrame) -> None:
    returned = EVALUATION["episode_return"]
    evaluation = EVALUATION.assign(
        discounted_return=returned,
        tail_value=10.0,
        initial_value=returned + 10 + np.where(returned > 50, 2, -2),
    )
    table = doubt_metrics(uncertainty, evaluation, SCORES)
    odd = returned[EVALUATION["episode"] % 2 == 1]
    assert one(table, "value_bias")["estimate"] == pytest.approx(np.where(odd > 50, 2, -2).mean())
    assert 0 < one(table, "value_error")["estimate"] <= 2
    assert "value_bias" not in set(doubt_metrics(uncertainty, EVALUATION, SCORES)["metric"])
    infinite = evaluation.assign(initial_value=np.inf)
    assert (
        one(doubt_metrics(uncertainty, infinite, SCORES), "value_bias")["reason"]
        == "3 of 3 runs: a value is not finite"
    )
