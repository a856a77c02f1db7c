"""The page has a leaderboard of doubt beside the return of the same runs, where a study doubts."""

import re

import numpy as np
import pandas as pd
import pytest
import synthetic
import synthetic_doubts
from page_words import words

from meta_rl.pages import summary

Tables = dict[str, pd.DataFrame]
MINUS = "\N{MINUS SIGN}"


@pytest.fixture(scope="module")
def tables() -> Tables:
    return synthetic_doubts.add(synthetic.tables(benchmarks=2, methods=2, runs=5, held_out=4))


def section(tables: Tables) -> str:
    """What the page says of doubt."""
    text = words(summary.page("quick", tables))
    return text[text.index(" Doubt Is an agent's") : text.index("Feasibility")]


def test_a_study_without_estimators_says_nothing_of_doubt(tables: Tables) -> None:
    text = words(summary.page("quick", synthetic.tables(benchmarks=1, methods=2, runs=1, held_out=4)))
    assert "doubt" not in text.lower()
    assert "nAURC" not in text


def test_estimators_stand_sorted_below_the_return_of_their_runs(tables: Tables) -> None:
    text = section(tables)
    returns = tables["doubt_metrics"].query("metric == 'return_never' and benchmark == 'cartpole_tau'")
    values = returns.set_index("method").to_dict("index")
    assert values["explicit"]["estimate"] > values["none"]["estimate"]
    places = []
    for method in ("explicit", "none"):
        row = values[method]
        said = f"{method}, cold | {row['estimate']:.0f} [{row['low']:.0f}, {row['high']:.0f}] | 0.30"
        places.append(text.index(said))
    assert places == sorted(places)
    own = text[
        places[1] : text.index("cartpole_length, dqn")
        if text.index("cartpole_length, dqn") > places[1]
        else None
    ]
    order = [
        "oracle",
        "probe_return",
        "rnd",
        "range_distance (told)",
        "ensemble",
        "policy_confidence",
        "dropout",
    ]
    found = [own.index(f"| {name} | 0.") for name in order]
    assert found == sorted(found)
    assert own.index("constant (floor) | 1.00 [0.95, 1.05]") > found[-1]
    assert "rnd | 0.40 [0.35, 0.45] | 0.40 [0.35, 0.45] | 0.60 [0.55, 0.65] | 0.80 [0.75, 0.85] | " in own


def test_contrasts_say_what_may_be_said(tables: Tables) -> None:
    text = section(tables)
    assert f"{MINUS}0.60 [{MINUS}0.65, {MINUS}0.55], p 0.010: better | " in text  # rnd against random
    assert f"{MINUS}0.20 [{MINUS}0.25, {MINUS}0.15], p 0.200 | " in text  # policy_confidence
    metrics = tables["doubt_metrics"].copy()
    pair = (metrics["metric"] == "naurc_difference") & (metrics["estimator"] == "rnd")
    metrics.loc[pair, ["estimate", "low", "high"]] = 0.3, 0.2, 0.4
    assert "0.30 [0.20, 0.40], p 0.010: worse | " in section(tables | {"doubt_metrics": metrics})


def test_words_are_explained_and_floors_and_privilege_named(tables: Tables) -> None:
    text = section(tables)
    assert "constant and random: floors, which know nothing." in text
    assert "range_distance: told the context," in text
    assert "0 is the oracle, which knows the shortfalls; 1 is doubt that says nothing." in text
    assert "it speaks after one unscored episode, of each run's last policy" in text
    prose = text[: text.index("cartpole_length, dqn")]
    for sentence in re.split(r"[.?:] ", prose):
        assert len(sentence.split()) <= 25, sentence


def test_what_has_no_number_has_a_dash_and_its_reason(tables: Tables) -> None:
    metrics = tables["doubt_metrics"].copy()
    lost = (metrics["estimator"] == "rnd") & (metrics["metric"] == "naurc") & metrics["compared_with"].isna()
    metrics.loc[lost, ["estimate", "low", "high"]] = np.nan
    metrics.loc[lost, "reason"] = "5 of 5 runs: shortfalls vary no more than episodes do"
    text = section(tables | {"doubt_metrics": metrics})
    assert "rnd | \N{EN DASH} | 0.40 [0.35, 0.45]" in text
    assert "cartpole_tau, dqn, none, rnd: 5 of 5 runs: shortfalls vary no more than episodes do." in text
    assert "nan" not in text.lower()
    of_all = (metrics["metric"] == "naugrc") & metrics["estimator"].notna() & (metrics["method"] == "none")
    metrics.loc[of_all, "reason"] = "2 of 5 runs: no"
    assert "cartpole_tau, dqn, none, all estimators: 2 of 5 runs: no." in section(
        tables | {"doubt_metrics": metrics}
    )
