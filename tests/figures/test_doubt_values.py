"""Figures of doubt show the numbers of their tables."""

import numpy as np
import pandas as pd
import pytest
import synthetic
import synthetic_doubts
from drawn_figures import Tables, draw, lines, texts
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from meta_rl.figures.estimators import foremost, label

ROWS = "method == 'none' and split != 'train' and budget == 'episode'"


@pytest.fixture(scope="module")
def plane() -> Tables:
    return synthetic_doubts.add(synthetic.tables(benchmarks=0, planes="A", methods=2, runs=5, held_out=8))


@pytest.fixture(scope="module")
def line() -> Tables:
    return synthetic_doubts.add(synthetic.tables(benchmarks=1, methods=2, runs=5))


def panels(figure: Figure, title: str) -> list[Axes]:
    """Those with this title; a block's first one has an empty line before its own."""
    return [ax for ax in figure.axes if ax.get_title(loc="left").strip() == title]


def knowing(tables: Tables) -> Tables:
    """With a doubt that is the shortfall of the same episodes."""
    means = tables["deployment"].groupby(["method", "seed", "split", "context_id"])["episode_return"].mean()
    rows = tables["uncertainty"]
    place = ["method", "seed", "split", "context_id"]
    known = rows.merge(means.reset_index(), on=place).merge(
        tables["scores"][[*place, "reference"]], on=place, validate="many_to_one"
    )
    known = known.assign(
        doubt=known["doubt"].mask(known["estimator"] == "rnd", known["reference"] - known["episode_return"])
    )
    return tables | {"uncertainty": known[rows.columns]}


def test_the_map_shows_what_the_doubted_policy_returns_and_ranks_of_doubt_within_runs(plane: Tables) -> None:
    figure = draw("doubt_map", plane)
    place = ["split", "context_id"]
    played = plane["deployment"].query("method == 'none' and split != 'train'")
    returns = played.groupby(place)["episode_return"].mean()
    both = plane["deployment"].query("split != 'train'").groupby(["method", *place])["episode_return"].mean()
    scaled = (returns - both.min()) / (both.max() - both.min())
    asked = plane["uncertainty"].query(f"{ROWS} and estimator == 'rnd'")
    ranks = asked.groupby("seed")["doubt"].rank().sub(1).div(len(returns) - 1)
    mean = ranks.groupby([asked[key] for key in place]).mean()
    for title, colours, values in (("return", "viridis", scaled), ("rnd", "viridis_r", mean)):
        dots = panels(figure, title)[0].collections[0]
        np.testing.assert_allclose(dots.get_facecolors(), colormaps[colours](values))
    np.testing.assert_allclose(panels(figure, "rnd")[0].patches[0].get_bbox().extents, [2, 0.1, 22, 1.1])
    shown = [ax.get_title(loc="left").strip() for ax in figure.axes if ax.get_label() != "<colorbar>"]
    assert shown == ["return", "shortfall", "probe_return", "rnd", "ensemble"] * 2
    assert "6 of 9 estimators are left out" in texts(figure)


def test_lines_over_the_feature_are_means_over_runs(line: Tables) -> None:
    figure = draw("doubt_vs_context", line)
    place = ["split", "context_id"]
    contexts = line["contexts"].query("split == 'extrapolation'").set_index(place)["value"].sort_values()
    far = list(contexts.index[contexts > 0.044])  # so few that each is a point of its own
    returns = line["deployment"].query("method == 'none'").groupby(place)["episode_return"].mean()
    asked = line["uncertainty"].query(f"{ROWS} and estimator == 'rnd'")
    ranks = asked.groupby("seed")["doubt"].rank().sub(1).div(39).groupby([asked[key] for key in place]).mean()
    for title, name, values in (("return", "policy", returns), ("doubt, rank within the run", "rnd", ranks)):
        x, y = lines(panels(figure, title)[0])[name].get_xydata().T
        np.testing.assert_allclose(x[-len(far) :], contexts[far])
        np.testing.assert_allclose(y[-len(far) :], values[far])
    doubts = lines(panels(figure, "doubt, rank within the run")[0])
    assert {"range_distance", "probe_return", "rnd", "ensemble"} <= set(doubts)
    assert "policy_confidence" not in doubts


def test_the_mean_shortfall_of_all_contexts_ends_every_curve(line: Tables) -> None:
    figure = draw("risk_coverage", line)
    (ax,) = panels(figure, "cartpole_tau, none")
    scored = line["deployment"].query("method == 'none' and split != 'train' and episode % 2 == 1")
    place = ["split", "context_id"]
    reference = line["scores"].drop_duplicates(place).set_index(place)["reference"]
    short = reference - scored.groupby([*place, "seed"])["episode_return"].mean().unstack("seed").T
    short = short.T[short.T.index.get_level_values("split") != "train"]
    curves = {name: one.get_ydata() for name, one in lines(ax).items()}
    assert set(curves) == {
        "oracle",
        "random",
        "range_distance",
        "probe_return",
        "rnd",
        "ensemble",
        "policy_confidence",
    }
    for values in curves.values():
        assert values[-1] == pytest.approx(short.to_numpy().mean())
    # Inside the train range all doubts of the distance are equal: the expectation is one number.
    inside = short[short.index.get_level_values("split") == "interpolation"].to_numpy().mean()
    np.testing.assert_allclose(curves["range_distance"][:19], inside)
    assert (curves["oracle"] <= curves["random"] + 1e-9).all()


def test_a_doubt_that_is_the_shortfall_lies_on_the_diagonal(line: Tables) -> None:
    figure = draw("doubt_vs_shortfall", knowing(line))
    for ax in panels(figure, "rnd"):
        marks = np.concatenate([one.get_xydata() for one in ax.get_lines()[2:]])
        assert len(marks) >= 5
        np.testing.assert_allclose(*marks.T, atol=0.13)  # half a fifth, and the dodge


def test_coverage_stands_beside_the_nominal_one_and_the_width(plane: Tables) -> None:
    figure = draw("coverage", plane)
    rows = plane["doubt_metrics"].query(
        "metric == 'coverage' and budget == 'episode' and method == 'explicit'"
    )
    marks = lines(panels(figure, "coverage")[0])
    for row in rows.itertuples():
        assert marks[f"explicit, {row.region}"].get_xdata() == [row.estimate]
    verticals = [
        one.get_xdata()[0] for one in panels(figure, "coverage")[0].get_lines() if one.get_linestyle() == "--"
    ]
    assert verticals == [0.9]
    assert panels(figure, "width")[0].get_xlim()[0] == 0
    silent = plane["doubt_metrics"].query("metric != 'coverage' and metric != 'width'")
    nothing = draw("coverage", plane | {"doubt_metrics": silent})
    assert texts(nothing).strip() == "No estimator of this study gives an interval of the return."


def test_the_board_is_sorted_marks_floors_and_shows_the_return_of_the_same_runs(line: Tables) -> None:
    figure = draw("doubt_board", line)
    (areas,) = panels(figure, "nAURC")
    names = [text.get_text() for text in areas.get_yticklabels()]
    assert names[:4] == ["oracle (other episodes)", "probe_return", "rnd", "range_distance (told)"]
    assert set(names[-3:]) == {"constant (floor)", "random (floor)", "mute"}
    floors = {round(patch.get_y() + 0.5) for patch in areas.patches}
    assert {names[place] for place in floors} == {"constant (floor)", "random (floor)"}
    marks = [one.get_xydata()[0] for one in areas.get_lines() if one.get_marker() == "o"]
    assert [x for x, _ in marks] == pytest.approx([0.02, 0.1, 0.4, 0.5, 0.6, 0.8, 0.9, 1, 1, 1])
    (returns,) = panels(figure, "return of the same runs")
    assert [text.get_text() for text in returns.get_yticklabels()] == ["explicit", "none"]
    own = line["doubt_metrics"].query("metric == 'return_never'").set_index("method")["estimate"]
    shown = [one.get_xdata()[0] for one in returns.get_lines() if one.get_linestyle() == "None"]
    assert shown == pytest.approx([own["explicit"], own["none"]])


def test_an_estimator_without_a_number_is_last_and_not_drawn(line: Tables) -> None:
    metrics = line["doubt_metrics"].copy()
    metrics.loc[metrics["estimator"] == "probe_return", ["estimate", "low", "high"]] = np.nan
    assert foremost(metrics, 9)[-1] == "probe_return"
    figure = draw("doubt_board", line | {"doubt_metrics": metrics})
    (areas,) = panels(figure, "nAURC")
    assert areas.get_yticklabels()[-1].get_text() == "probe_return"
    assert max(one.get_ydata()[0] for one in areas.get_lines() if one.get_marker() == "o") < 9


def test_floors_and_who_is_told_the_context_are_no_favourites(line: Tables) -> None:
    metrics = line["doubt_metrics"].copy()
    metrics.loc[metrics["estimator"].isin(["random", "range_distance"]), "estimate"] = 0.0
    assert foremost(metrics, 3) == ["probe_return", "rnd", "ensemble"]
    assert label("range_distance") == "range_distance (told)"
    assert pd.Series(synthetic_doubts.ESTIMATORS).is_unique
