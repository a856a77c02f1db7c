import metric_frames as frames
import numpy as np
import pandas as pd
import pytest
from metric_frames import LEVELS, row, study

from meta_rl.metrics import comparisons, returns
from meta_rl.metrics.scores import scores
from meta_rl.metrics.summary import metrics
from meta_rl.tables.metrics import TABLE

CONTROLS = {"jrpl": "random_encoder"}


@pytest.fixture(scope="module")
def small() -> pd.DataFrame:
    return metrics(*study(5))


@pytest.fixture(scope="module")
def large() -> pd.DataFrame:
    return metrics(*study(10))


def test_the_table_is_valid(small: pd.DataFrame) -> None:
    assert list(small.columns) == [column.name for column in TABLE.columns]
    assert not small.duplicated(list(TABLE.key)).any()


def test_aggregates(small: pd.DataFrame) -> None:
    # run s: 55 + s - mean(1..6) on extrapolation
    for metric in ("iqm_return", "mean_return", "median_return"):
        assert row(small, metric, "iida", "extrapolation")["estimate"] == pytest.approx(55 + 2 - 3.5)
    assert row(small, "cvar_return", "iida", "extrapolation")["estimate"] == pytest.approx(55 + 2 - 6)
    assert row(small, "mean_score", "iida", "interpolation")["estimate"] == pytest.approx((57 - 3 - 20) / 80)
    assert row(small, "optimality_gap", "iida", "interpolation")["estimate"] == pytest.approx((100 - 54) / 80)
    assert row(small, "iqm_return", "iida", "train")["estimate"] == pytest.approx(57 - 2.5)


def test_runs_that_fail_in_their_own_contexts_have_collapsed(small: pd.DataFrame) -> None:
    # run s returns 40 + s - 2.5 there; the success threshold is 100
    assert row(small, "collapse_rate", "none", "train")["estimate"] == 1.0
    seeds = range(5)
    contexts = frames.contexts(seeds)
    references = frames.references(contexts)
    measured = scores(frames.evaluation(contexts, seeds, LEVELS), references, contexts, success=39.0)
    table = metrics(measured, references, frames.encodings(contexts, seeds), contexts)
    assert row(table, "collapse_rate", "none", "train")["estimate"] == pytest.approx(2 / 5)
    assert set(table.loc[table["metric"] == "collapse_rate", "split"]) == {"train"}


def test_a_method_minus_its_control_is_a_comparison_like_the_others() -> None:
    table = metrics(*study(5), {"iida": "explicit", "explicit": "none"})
    assert table.equals(metrics(*study(5))), "these pairs are compared anyhow"
    levels = {"jrpl": 50.0, "random_encoder": 40.0}
    contexts = frames.contexts(range(5))
    references = frames.references(contexts)
    measured = scores(frames.evaluation(contexts, range(5), levels), references, contexts, success=100)
    table = metrics(measured, references, frames.encodings(contexts, range(5)).iloc[:0], contexts, CONTROLS)
    gained = row(table, "return_difference", "jrpl", "interpolation", "random_encoder")
    assert gained["estimate"] == pytest.approx(10)
    assert set(table["compared_with"].dropna()) == {"random_encoder"}


def test_the_headline_is_an_iqm_over_runs_not_over_runs_and_contexts() -> None:
    measured, *others = study(5)
    failed = measured["context_id"].eq(0) & measured["split"].eq("interpolation")
    measured["episode_return"] = measured["episode_return"].mask(failed, -1000.0)
    found = row(metrics(measured, *others), "iqm_return", "none", "interpolation")["estimate"]
    values = measured.query("method == 'none' and split == 'interpolation'")
    assert found == pytest.approx(returns.iqm(values.groupby("seed")["episode_return"].mean().to_numpy()))
    assert found < 0 < returns.iqm(values["episode_return"].to_numpy())


def test_counts(small: pd.DataFrame) -> None:
    for split, size in frames.SPLITS.items():
        found = row(small, "iqm_return", "none", split)
        assert (found["n_seeds"], found["n_contexts"], found["n_solvable"]) == (5, size, size)


def test_generalisation_gap_is_paired_by_run(small: pd.DataFrame) -> None:
    found = row(small, "generalisation_gap", "none", "extrapolation")
    # the level of a seed cancels: mean length 3.5 against 2.5 in every run
    assert (found["estimate"], found["low"], found["high"]) == pytest.approx((1 / 80,) * 3)
    assert "train" not in set(small.loc[small["metric"].eq("generalisation_gap"), "split"])


def test_comparisons_are_paired_and_of_one_family(small: pd.DataFrame) -> None:
    found = row(small, "return_difference", "iida", "interpolation", "none")
    assert (found["estimate"], found["low"], found["high"]) == pytest.approx((15, 15, 15))
    pairs = small.loc[small["metric"].eq("p_holm") & small["split"].eq("interpolation")]
    assert set(zip(pairs["method"], pairs["compared_with"], strict=True)) == set(
        comparisons.family(LEVELS, {})
    )
    assert row(small, "p_value", "iida", "interpolation", "none")["estimate"] == 2 / 2**5
    assert row(small, "p_holm", "iida", "interpolation", "none")["estimate"] == 3 * 2 / 2**5
    assert row(small, "smallest_p_holm", "iida", "interpolation", "none")["estimate"] == 3 * 2 / 2**5
    assert row(small, "probability_of_improvement", "iida", "interpolation", "none")["estimate"] == 1
    assert not small["compared_with"].notna()[small["split"].eq("train")].any()


def test_ten_runs_suffice_for_a_verdict_and_five_do_not(small: pd.DataFrame, large: pd.DataFrame) -> None:
    for table, expected in ((small, "inconclusive"), (large, "better")):
        difference = row(table, "return_difference", "explicit", "extrapolation", "none")
        p_holm = row(table, "p_holm", "explicit", "extrapolation", "none")["estimate"]
        assert comparisons.verdict(p_holm, difference["low"], difference["high"]) == expected


def test_probability_of_improvement_has_an_interval_from_ten_runs_on(
    small: pd.DataFrame, large: pd.DataFrame
) -> None:
    name = "probability_of_improvement"
    assert np.isnan(row(small, name, "iida", "interpolation", "explicit")["low"])
    found = row(large, name, "iida", "interpolation", "explicit")
    assert 0 <= found["low"] < found["estimate"] < found["high"] < 0.5


def test_encoding_rows_are_of_methods_that_encode(small: pd.DataFrame) -> None:
    found = small[small["metric"].eq("encoding_r2")]
    assert set(found["method"]) == {"iida"}
    assert set(found["split"]) == {"interpolation", "extrapolation"}
    real, control = (
        row(small, name, "iida", "interpolation") for name in ("encoding_r2", "encoding_r2_shuffled")
    )
    assert real["estimate"] > control["estimate"]


def test_context_value_is_a_row_of_the_reference(small: pd.DataFrame) -> None:
    found = row(small, "context_value", "reference", "extrapolation")
    assert (found["estimate"], found["n_seeds"], found["n_contexts"]) == (0, 0, 6)


def test_a_study_without_encoders_or_informative_contexts_has_no_scores_but_returns() -> None:
    measured, references, encodings, contexts = study(3)
    measured = measured.assign(informative=False, score=np.nan)
    table = metrics(measured, references, encodings.iloc[:0], contexts)
    assert row(table, "iqm_return", "none", "train")["estimate"] == pytest.approx(41 - 2.5)
    found = row(table, "iqm_score", "none", "interpolation")
    assert np.isnan(found["estimate"])
    assert (found["n_seeds"], found["n_contexts"]) == (3, 0)


def bounded(possible: tuple[float, float]) -> pd.DataFrame:
    """Runs of two methods, of which some fail, where nothing below 0 and nothing above 100 is returned."""
    seeds = range(5)
    contexts = frames.contexts(seeds)
    evaluation = frames.evaluation(contexts, seeds, LEVELS)
    failed = evaluation["seed"].isin([0, 1, 2]) & (evaluation["method"] == "none")
    evaluation["episode_return"] = evaluation["episode_return"].mask(failed, 0.0)
    evaluation["episode_return"] = evaluation["episode_return"].mask(
        evaluation["seed"].isin([0, 1, 2]) & (evaluation["method"] == "iida"), 100.0
    )
    measured = scores(evaluation, frames.references(contexts), contexts, success=50, possible=possible)
    return metrics(measured, frames.references(contexts), frames.encodings(contexts, seeds), contexts)


def test_intervals_end_where_what_is_possible_ends() -> None:
    free, cut = bounded((-np.inf, np.inf)), bounded((0.0, 100.0))
    pd.testing.assert_frame_equal(free.drop(columns=["low", "high"]), cut.drop(columns=["low", "high"]))
    # random returns 20 and the reference 100: a return of 0 is a score of -0.25
    for metric, method, low, high in (
        ("iqm_return", "none", 0.0, None),
        ("mean_return", "iida", None, 100.0),
        ("cvar_return", "none", 0.0, None),
        ("mean_score", "none", -0.25, None),
        ("iqm_score", "iida", None, 1.0),
        ("optimality_gap", "none", None, 1.25),
    ):
        before, after = (row(table, metric, method, "interpolation") for table in (free, cut))
        assert after["low"] == (before["low"] if low is None else pytest.approx(low))
        assert after["high"] == (before["high"] if high is None else pytest.approx(high))
        assert (before["low"] < after["low"]) == (low is not None), metric
        assert (before["high"] > after["high"]) == (high is not None), metric
    assert row(free, "optimality_gap", "iida", "interpolation")["low"] == 0.0  # whatever returns can be
    before, after = (
        row(table, "return_difference", "iida", "interpolation", "none") for table in (free, cut)
    )
    assert before["high"] > after["high"] == 100
    gaps = (row(table, "generalisation_gap", "none", "interpolation") for table in (free, cut))
    assert len({(gap["low"], gap["high"]) for gap in gaps}) == 1  # far from what two scores can differ by
    assert (cut["low"].isna() | (cut["low"] <= cut["estimate"])).all()
    assert (cut["high"].isna() | (cut["high"] >= cut["estimate"])).all()


def test_shares_lie_in_0_to_1_whatever_is_known_of_returns() -> None:
    found = row(bounded((-np.inf, np.inf)), "collapse_rate", "none", "train")
    assert found["estimate"] == 1.0
    assert (found["low"], found["high"]) == (1.0, 1.0)
    found = row(bounded((-np.inf, np.inf)), "collapse_rate", "iida", "train")
    assert (found["low"], found["estimate"]) == (0.0, 0.0)


def test_an_r2_is_at_most_1(small: pd.DataFrame) -> None:
    assert small.loc[small["metric"].str.startswith("encoding_r2"), "high"].max() <= 1


def test_order_of_rows_does_not_matter(small: pd.DataFrame) -> None:
    shuffled = metrics(*(frame.sample(frac=1, random_state=2) for frame in study(5)))
    pd.testing.assert_frame_equal(shuffled, small)


def test_methods_are_compared_on_the_seeds_that_both_have() -> None:
    """A run that failed has no scores."""
    measured, references, encodings, contexts = study(5)
    kept = "method != 'iida' or seed not in (1, 4)"
    table = metrics(measured.query(kept), references, encodings.query("seed not in (1, 4)"), contexts)
    fewer = measured.query("seed not in (1, 4)")
    whole = metrics(fewer, references, encodings.query("seed not in (1, 4)"), contexts)
    for other in ("none", "explicit"):
        found, expected = (
            row(one, "return_difference", "iida", "interpolation", other) for one in (table, whole)
        )
        assert found["n_seeds"] == 3
        pd.testing.assert_series_equal(found, expected, check_names=False)
    assert row(table, "iqm_return", "iida", "interpolation")["n_seeds"] == 3
    assert row(table, "iqm_return", "none", "interpolation")["n_seeds"] == 5
    assert row(table, "return_difference", "explicit", "interpolation", "none")["n_seeds"] == 5
    nothing_shared = measured.query("method != 'iida'")
    alone = metrics(
        nothing_shared.query("(method == 'none') == (seed < 2)"), references, encodings[:0], contexts
    )
    assert alone["compared_with"].isna().all()


# contexts in which nobody can succeed: of 6 in extrapolation, whose returns fall by 1 from one to the next, the last 2
