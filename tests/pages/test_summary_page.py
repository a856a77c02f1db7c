"""The page says what the tables say, and nothing that they do not."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import synthetic
from page_words import words

from meta_rl.errors import UserError
from meta_rl.pages import summary
from meta_rl.steps import summarise

Tables = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def tables() -> Tables:
    return synthetic.tables(benchmarks=2, methods=4, runs=5)


def test_every_headline_stands_on_the_page(tables: Tables) -> None:
    text = words(summary.page("quick", tables))
    rows = tables["metrics"].query("metric == 'iqm_return' and split != 'train'")
    assert len(rows) == 16
    for row in rows.itertuples():
        assert f"{row.method} | {row.estimate:.0f} [{row.low:.0f}, {row.high:.0f}] | " in text


def test_a_method_that_was_trained_for_the_other_regime_is_named_where_it_has_no_numbers(
    tables: Tables,
) -> None:
    assert "NA here" not in words(summary.page("quick", tables))
    metrics = tables["metrics"].copy()
    metrics.loc[metrics["method"] == "jrpl", "information"] = "probe10"
    text = words(summary.page("quick", tables | {"metrics": metrics}))
    assert "cold NA here, as trained for the other regime: jrpl." in text
    assert "probe10 NA here, as trained for the other regime: none, explicit, iida." in text


def test_a_comparison_that_cannot_be_conclusive_says_why(tables: Tables) -> None:
    text = words(summary.page("quick", tables))
    assert "0 of 20 comparisons with none, explicit and controls are conclusive." in text
    assert text.count("with 5 runs the smallest attainable p is 0.0625 (0.3125 after Holm)") == 20


@pytest.mark.parametrize(
    ("p", "low", "high", "smallest", "verdict"),
    [
        (0.01, 3.0, 9.0, 0.01, "better"),
        (0.01, -9.0, -3.0, 0.01, "worse"),
        (0.20, 3.0, 9.0, 0.01, "inconclusive: p is above 0.05"),
        (0.01, -3.0, 9.0, 0.01, "inconclusive: the interval holds 0"),
        (np.nan, np.nan, np.nan, 0.01, "inconclusive: a run has no value"),
        (
            1.00,
            np.nan,
            np.nan,
            1.00,
            "inconclusive: with 5 runs the smallest attainable p is 0.0625 (1 after Holm)",
        ),
    ],
)
def test_verdicts(p: float, low: float, high: float, smallest: float, verdict: str, tables: Tables) -> None:
    metrics = tables["metrics"].copy()
    metrics.loc[metrics["metric"] == "p_holm", "estimate"] = p
    metrics.loc[metrics["metric"] == "smallest_p_holm", "estimate"] = smallest
    metrics.loc[metrics["metric"] == "return_difference", ["low", "high"]] = low, high
    text = words(summary.page("quick", tables | {"metrics": metrics}))
    assert text.count(f"| {verdict} |") == 20


def test_the_protocol_is_that_of_the_tables(tables: Tables) -> None:
    text = words(summary.page("quick", tables))
    assert "5 per method, each with its own seed and its own 20 train contexts" in text
    assert "200,400 to 220,400 interactions per run" in text
    assert (
        "in 20 interpolation and 20 extrapolation contexts that it has never seen, 1 episode in each" in text
    )
    assert "Coverage of the 95 % intervals with 5 runs, by simulation: 0.9" in text


@pytest.mark.parametrize("runs", [1, 4])
def test_below_five_runs_numbers_are_points(runs: int) -> None:
    made = synthetic.tables(benchmarks=1, methods=2, runs=runs)
    text = words(summary.page("few", made))
    assert f"With {runs} run{'s' * (runs > 1)} there are no intervals: numbers are points." in text
    row = (
        made["metrics"]
        .query("metric == 'iqm_return' and split == 'extrapolation' and method == 'none'")
        .iloc[0]
    )
    assert f"none | {row['estimate']:.0f} | " in text
    assert "[" not in text


def test_the_coverage_of_all_populations_is_printed() -> None:
    text = words(summary.page("seven", synthetic.tables(benchmarks=1, methods=2, runs=7)))
    said = re.search(r"with 7 runs, by simulation: (.*?)\.\s[A-Z]", text)
    assert said
    shares = re.findall(r"(0\.\d\d) \(IQM\) and (0\.\d\d) \(mean\) if ([a-z ]+)", said[1])
    assert [words for *_, words in shares] == [
        "runs are normal",
        "three runs in ten fail and ",
        "half of them fail",
    ]
    assert [float(iqm) for iqm, *_ in shares] == pytest.approx([0.94, 0.85, 0.88], abs=0.02)


def test_contexts_are_counted_and_valued(tables: Tables) -> None:
    scores, metrics = tables["scores"].copy(), tables["metrics"].copy()
    inside = (scores["split"] == "interpolation") & (scores["benchmark"] == "cartpole_tau")
    scores.loc[inside & (scores["context_id"] < 3), ["solvable", "informative"]] = "unknown", False
    scores.loc[inside & (scores["context_id"] == 3), "solvable"] = "false"
    metrics.loc[metrics["metric"] == "context_value", "estimate"] = -2.4
    text = words(summary.page("quick", tables | {"scores": scores, "metrics": metrics}))
    minus = "\N{MINUS SIGN}"
    assert f"cartpole_tau | train | 100 | 100 | 0 | 0 | 100 | {minus}2 | " in text
    assert f"| interpolation | 20 | 16 | 1 | 3 | 17 | {minus}2 | " in text
    assert "NA |" not in text


def test_sides_that_too_few_contexts_can_judge_are_named() -> None:
    made = synthetic.tables(benchmarks=1, methods=2, runs=2, held_out=60)
    enough = words(summary.page("full", made))
    assert (
        "Outside the train range, every side has at least 30 contexts that are known to be solvable."
        in enough
    )
    far = made["contexts"].query("split == 'extrapolation' and value > 0.044")["context_id"]
    scores = made["scores"].copy()
    lost = (scores["split"] == "extrapolation") & scores["context_id"].isin(far[:18])
    scores.loc[lost, "solvable"] = "unknown"
    text = words(summary.page("full", made | {"scores": scores}))
    times = "\N{MULTIPLICATION SIGN}"
    assert "fewer than 30 contexts that are known to be solvable" in text
    assert f"cartpole_tau | extrapolation | tau above {times}2.2 | 30 | 12 | infeasible | " in text
    assert "too few drawn" not in text


def test_a_side_with_few_contexts_is_not_called_infeasible(tables: Tables) -> None:
    times = "\N{MULTIPLICATION SIGN}"
    text = words(summary.page("quick", tables))
    for side in (f"above {times}2.2", f"below {times}0.2"):
        assert f"cartpole_tau | extrapolation | tau {side} | 10 | 10 | too few drawn | " in text
    assert "infeasible" not in text


def test_regions_of_several_features_have_their_tables_and_are_na_where_there_is_none() -> None:
    made = synthetic.tables(benchmarks=0, planes="AB", methods=2, runs=5)
    box, l_shape = words(summary.page("plane", made)).split("cartpole_gravity_length_b, dqn, cold")
    missing = "Combinatorial NA: training covers all combinations inside the train ranges."
    assert missing in box
    assert missing not in l_shape
    rows = made["metrics"].query("metric == 'iqm_return' and split != 'train'")
    assert len(rows) == 2 * (3 + 4)
    for row in rows.itertuples():
        page = box if row.benchmark.endswith("_a") else l_shape
        assert f"{row.method} | {row.estimate:.0f} [" in page
    assert "explicit against none | all extrapolation |" in l_shape
    assert "| combinatorial | NA | NA | NA | NA | NA | NA | " in l_shape  # of the first benchmark
    assert "| combinatorial | 20 | 20 | 0 | 0 | 20 |" in l_shape
    assert "in 20 interpolation, 20 combinatorial, 20 single extrapolation and 20 all extrapolation" in box


def test_diverged_runs_are_named(tables: Tables) -> None:
    assert "No run diverged." in words(summary.page("quick", tables))
    assert "failed" not in words(summary.page("quick", tables))
    runs = tables["runs"].copy()
    one = (runs["seed"] == 3) & (runs["benchmark"] == "cartpole_tau")
    runs.loc[one & (runs["method"] == "jrpl"), ["outcome", "reason"]] = "diverged", "loss"
    runs.loc[one & (runs["method"] == "none"), ["outcome", "reason"]] = "failed", "no"
    text = words(summary.page("quick", tables | {"runs": runs}))
    assert "1 run diverged and counts with what it returned: cartpole_tau, dqn, jrpl, seed 3 (loss)." in text
    assert "1 run failed and counts nowhere: cartpole_tau, dqn, none, seed 3 (no)." in text


def test_names_are_escaped_and_nothing_is_loaded(tables: Tables) -> None:
    renamed = {name: frame.replace("cartpole_tau", "<script>") for name, frame in tables.items()}
    html = summary.page("a & <b>", renamed)
    assert "<script" not in html
    assert "&lt;script&gt;, dqn, cold" in html
    assert "<title>a &amp; &lt;b&gt;: summary</title>" in html
    assert not re.search(r"https?:|src=|href=|url\(|@import", html)


@pytest.mark.parametrize("size", [(1, 1, 1), (1, 4, 1), (3, 10, 2)])
def test_every_size_has_a_page(size: tuple[int, int, int]) -> None:
    text = words(summary.page("any", synthetic.tables(*size, held_out=4)))
    assert "nan" not in text.lower()
    assert ("compares nothing" in text) == (size[1] == 1)


def test_small_returns_keep_their_digits() -> None:
    small = synthetic.tables(benchmarks=1, methods=2, runs=5)
    metrics = small["metrics"]
    returns = metrics["metric"].str.endswith("_return")
    metrics.loc[returns, ["estimate", "low", "high"]] /= 1000
    row = metrics.query("metric == 'iqm_return' and split == 'extrapolation' and method == 'none'").iloc[0]
    expected = f"none | {row['estimate']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"
    assert expected in words(summary.page("small", small))


def test_the_step_writes_the_page(tables: Tables, tmp_path: Path) -> None:
    paths = synthetic.write(tables, tmp_path)
    page = tmp_path / "summary.html"
    assert summarise.main(paths, {"study": "quick", "smoke": [], "wrong": [], "controls": {}}, page).endswith(
        " kB"
    )
    assert page.read_text("utf-8") == summary.page("quick", tables)
    with pytest.raises(UserError, match="the summary needs metrics too"):
        summarise.main(
            [path for path in paths if path.stem != "metrics"],
            {"study": "quick", "smoke": [], "wrong": [], "controls": {}},
            page,
        )


def test_benchmarks_of_smoke_size_are_marked(tables: Tables) -> None:
    name = tables["metrics"]["benchmark"].iloc[0]
    assert "Smoke size" not in words(summary.page("quick", tables))
    text = words(summary.page("quick", tables, [name]))
    assert text.count("Smoke size") == 1
    assert text.split("Smoke size")[0].rstrip().endswith(f"{name}, dqn, cold")


def test_a_wrong_context_that_helps_raises_a_red_flag() -> None:
    made = synthetic.tables(benchmarks=1, methods=8, runs=3)
    told = {"wrong": ["shuffled", "another"]}
    assert "Red flag" not in words(summary.page("quick", made, **told))
    metrics = made["metrics"]
    pair = (metrics["method"] == "shuffled") & (metrics["compared_with"] == "none")
    pair &= metrics["split"] == "extrapolation"
    for metric, values in {"return_difference": (9.0, 5.0, 13.0), "p_holm": (0.01, np.nan, np.nan)}.items():
        metrics.loc[pair & (metrics["metric"] == metric), ["estimate", "low", "high"]] = values
    text = words(summary.page("quick", made, **told))
    assert text.count("Red flag (shuffled, extrapolation): an agent that is told a wrong context") == 1
    assert "Red flag" not in words(summary.page("quick", made))


def test_what_specialists_and_predictors_reach_stands_on_the_page(tables: Tables) -> None:
    text = words(summary.page("quick", tables))
    assert text.count("best specialist | 471 |") == 4  # of the synthetic portfolio, 20 + 0.94 * 480
    assert "cartpole_tau, dqn, iida | interpolation | 0.9 | 0.2 (K = 20), 0.1 (K = 128) | 0.05 |" in text


def test_only_regimes_have_sections() -> None:
    made = synthetic.tables(benchmarks=1, methods=4, runs=3, observed=("observed_5", "probe10"))
    text = words(summary.page("quick", made))
    assert "dqn, cold" in text
    assert "dqn, probe10" in text
    assert "observed_5" not in text


def test_a_benchmark_of_several_features_may_have_one_region_outside() -> None:
    """As one with a range and a sign, or with boxes, has."""
    made = synthetic.tables(benchmarks=0, methods=2, runs=5, planes="A")
    renamed = {
        name: frame[~frame["split"].isin(["all_extrapolation"])].replace(
            "single_extrapolation", "extrapolation"
        )
        if "split" in frame
        else frame
        for name, frame in made.items()
    }
    text = words(summary.page("signs", renamed))
    assert "NA: training covers" not in text.partition("Feasibility")[0]
    rows = renamed["metrics"].query("metric == 'iqm_return' and split == 'extrapolation'")
    assert len(rows) == 2
    for row in rows.itertuples():
        assert f"{row.method} | {row.estimate:.0f} [{row.low:.0f}, {row.high:.0f}] | " in text
