"""Lines and bands of learning curves, returns over contexts, observed information and profiles."""

import numpy as np
import pytest
import synthetic
from drawn_figures import OBSERVED, Tables, draw, lines
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from meta_rl.figures import style
from meta_rl.metrics.intervals import interval


@pytest.mark.parametrize("name", ["return_vs_context", "learning_curves"])
def test_every_method_has_its_line_in_its_colour(name: str, tables: Tables) -> None:
    looks = style.looks(synthetic.METHODS[:4])
    figure = draw(name, tables)
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["cartpole_length", "cartpole_tau"]
    for ax in figure.axes:
        for method, look in looks.items():
            assert lines(ax)[method].get_color() == look.colour
            assert to_rgb(look.colour) in {tuple(band.get_facecolor()[0][:3]) for band in ax.collections}


def test_the_band_is_the_interval_over_runs(tables: Tables) -> None:
    learning = tables["learning"]
    chosen = (learning["benchmark"] == "cartpole_tau") & (learning["metric"] == "episode_return")
    runs = learning[chosen & (learning["method"] == "none")].pivot(
        index="seed", columns="env_steps", values="value"
    )
    ax = draw("learning_curves", tables).axes[1]
    np.testing.assert_allclose(lines(ax)["none"].get_ydata(), runs.mean())
    low, high = interval(runs.to_numpy(), "mean")
    drawn = ax.collections[0].get_paths()[0].get_extents()
    np.testing.assert_allclose([drawn.y0, drawn.y1], [low.min(), high.max()])


def test_what_an_observation_is_worth_is_drawn_in_the_order_of_their_number(shown: Tables) -> None:
    estimates = shown["metrics"].query("metric == 'iqm_return' and split == 'extrapolation'")
    figure = draw("observed", shown)
    for ax in (ax for ax in figure.axes if "extrapolation" in ax.get_title(loc="left")):
        assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "20", "all"]
    for benchmark, ax in zip(("cartpole_length", "cartpole_tau"), figure.axes[1::2], strict=True):
        of = estimates[estimates["benchmark"] == benchmark].set_index(["method", "information"])["estimate"]
        for method in ("iida", "jrpl"):
            np.testing.assert_allclose(lines(ax)[method].get_ydata(), [of[method, name] for name in OBSERVED])
        levels = {float(line.get_ydata()[0]) for line in ax.get_lines() if len(set(line.get_ydata())) == 1}
        assert {of["none", "cold"], of["explicit", "cold"]} <= levels


def test_learning_starts_where_pretraining_ends(tables: Tables) -> None:
    ax = draw("learning_curves", tables).axes[0]
    assert lines(ax)["none"].get_xdata()[0] == 4_000
    assert lines(ax)["iida"].get_xdata()[0] == 24_000


def test_a_run_without_an_ended_episode_keeps_its_last_value(tables: Tables) -> None:
    learning = tables["learning"].copy()
    at = (
        (learning["method"] == "none") & (learning["seed"] == 0) & learning["env_steps"].isin([4_000, 40_000])
    )
    learning.loc[at, "value"] = np.nan
    line = lines(draw("learning_curves", tables | {"learning": learning}).axes[0])["none"]
    assert line.get_xdata()[0] == 8_000
    assert np.isfinite(line.get_ydata()).all()


def test_the_declared_train_range_is_shaded_and_the_portfolio_drawn(tables: Tables) -> None:
    ax = draw("return_vs_context", tables).axes[1]
    shade = ax.patches[0].get_extents().transformed(ax.transData.inverted())
    np.testing.assert_allclose([shade.x0, shade.x1], [0.2 * 0.02, 2.2 * 0.02])
    assert ax.get_xscale() == "log"
    assert ax.get_xlabel() == "tau [s]"
    np.testing.assert_allclose(lines(ax)["random"].get_ydata(), 22.0)
    assert len(lines(ax)["reference"].get_xdata()) == len(lines(ax)["none"].get_xdata())


def test_a_point_averages_neighbours_of_one_region_within_runs() -> None:
    tables = synthetic.tables(benchmarks=1, methods=1, runs=2, held_out=60)
    line = lines(draw("return_vs_context", tables).axes[0])["none"]
    low, high = style.train_range(tables["contexts"])
    x = line.get_xdata()
    assert (np.diff(x) > 0).all()
    assert [(x < low).sum(), ((low < x) & (x < high)).sum(), (x > high).sum()] == [10, 12, 10]
    held_out = tables["scores"].merge(
        tables["contexts"].drop(columns="seed"), on=["benchmark", "split", "context_id"]
    )
    nearest = held_out.query("split == 'extrapolation'").groupby("value")["episode_return"].mean()[:3]
    np.testing.assert_allclose(line.get_ydata()[0], nearest.mean())


def test_negative_features_run_from_the_near_end_to_the_far_one() -> None:
    tables = synthetic.tables(benchmarks=3, methods=1, runs=1)
    ax = next(ax for ax in draw("return_vs_context", tables).axes if ax.get_xlabel().startswith("gravity"))
    assert ax.get_xlabel() == "gravity [m/s²]"
    assert ax.xaxis.get_major_formatter()(20) == f"{style.MINUS}20"


def test_missing_references_leave_the_methods_lines(tables: Tables) -> None:
    scores = tables["scores"].assign(reference=np.nan, score=np.nan, informative=False)
    ax = draw("return_vs_context", tables | {"scores": scores}).axes[0]
    assert np.isfinite(lines(ax)["none"].get_ydata()).all()


def test_a_profile_is_the_share_of_contexts_above_a_score(tables: Tables) -> None:
    scores = tables["scores"].copy()
    chosen = scores.query("benchmark == 'cartpole_length' and method == 'jrpl' and split == 'extrapolation'")
    scores.loc[chosen.index[:7], ["score", "informative"]] = np.nan, False
    figure = draw("performance_profile", {"scores": scores})
    assert [(*map(Text.get_text, ax.texts), ax.get_title(loc="left").strip()) for ax in figure.axes] == [
        ("cartpole_length", "interpolation"), ("extrapolation",),
        ("cartpole_tau", "interpolation"), ("extrapolation",),
    ]  # fmt: skip
    line = lines(figure.axes[1])["jrpl"]
    left = scores.loc[chosen.index].dropna(subset="score")
    for threshold, share in zip(line.get_xdata(), line.get_ydata(), strict=True):
        above = (left["score"] > threshold).groupby(left["seed"]).mean()
        assert share == pytest.approx(above.mean())
