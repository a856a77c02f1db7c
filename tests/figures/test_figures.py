"""Each figure holds what it must, at every size, and draws the same bytes from the same tables."""

import ast
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import synthetic
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

from meta_rl import registry
from meta_rl.errors import UserError
from meta_rl.figures import bands, regions, style
from meta_rl.metrics.intervals import interval
from meta_rl.metrics.probe import ridge_r2
from meta_rl.steps import plot
from meta_rl.tables import io

Tables = dict[str, pd.DataFrame]


RETURNS = {"positive": (20.0, 500.0), "negative": (-1500.0, -150.0)}
# benchmarks of one feature, train sets of those of several, methods, runs, agents
SIZES = [(1, "", 1, 1, 1), (1, "A", 4, 1, 1), (1, "", 3, 2, 2), (4, "C", 3, 2, 1), (0, "B", 10, 2, 1)]
OBSERVED = ("observed_0", "observed_20", "observed_episode")
made = cache(synthetic.tables)


@pytest.fixture(scope="module")
def tables() -> Tables:
    return synthetic.tables(benchmarks=2, methods=4, runs=3)


@pytest.fixture(scope="module")
def shown() -> Tables:
    """With returns after a number of observed transitions."""
    return synthetic.tables(benchmarks=2, methods=4, runs=3, observed=OBSERVED)


@pytest.fixture(scope="module")
def plane() -> Tables:
    """Two benchmarks of two features, trained on the box and on an L-shape."""
    return synthetic.tables(benchmarks=0, planes="AB", methods=4, runs=3)


def draw(name: str, tables: Tables) -> Figure:
    with style.context():
        return registry.load("figure", name).build(tables)


def lines(ax: Axes) -> dict[str, Any]:
    return {line.get_label(): line for line in ax.get_lines()}


def texts(figure: Figure) -> str:
    return " ".join("\n".join(text.get_text() for text in figure.findobj(Text)).split())


@pytest.mark.parametrize("name", registry.FIGURES)
def test_a_figure_reads_the_tables_that_the_registry_declares(name: str) -> None:
    module = registry.load("figure", name)
    assert {table.name for table in module.TABLES} == registry.FIGURES[name].needs


@pytest.mark.parametrize("name", registry.FIGURES)
def test_a_caption_says_what_is_shown_the_interval_and_the_source(name: str) -> None:
    caption = ast.get_docstring(ast.parse(Path(registry.load("figure", name).__file__).read_text("utf-8")))
    assert caption is not None
    assert "\n\n" not in caption
    assert "95 % interval over runs" in " ".join(caption.split())
    for table in registry.FIGURES[name].needs:
        assert f"``{table}``" in caption


@pytest.mark.parametrize("name", registry.FIGURES)
@pytest.mark.parametrize("size", SIZES)
def test_every_size_is_drawn_without_clipping(name: str, size: tuple[int, str, int, int, int]) -> None:
    benchmarks, planes, methods, runs, agents = size
    observed = OBSERVED if name == "observed" else ()
    drawn = draw(name, made(benchmarks, methods, runs, agents, held_out=4, planes=planes, observed=observed))
    with style.context():
        FigureCanvasAgg(drawn).draw()
        ink = drawn.get_tightbbox()  # of all that is visible, in inches
    width, height = drawn.get_size_inches()
    assert 0 <= ink.x0 < ink.x1 <= width
    assert 0 <= ink.y0 < ink.y1 <= height


@pytest.mark.parametrize("name", ["return_vs_context", "iqm", "learning_curves"])
@pytest.mark.parametrize("returns", RETURNS.values(), ids=RETURNS)
def test_returns_of_any_sign_lie_inside_the_axes(name: str, returns: tuple[float, float]) -> None:
    for ax in draw(name, made(1, 2, 2, held_out=4, planes="B", returns=returns)).axes:
        (left, right), (bottom, top) = ax.get_xlim(), sorted(ax.get_ylim())
        for line in (one for one in ax.get_lines() if one.get_transform() == ax.transData):
            x, y = line.get_xydata().T
            assert left <= x.min() <= x.max() <= right
            assert bottom <= y.min() <= y.max() <= top


@pytest.mark.parametrize("name", registry.FIGURES)
def test_the_footer_says_how_many_runs_and_which_interval(
    name: str, tables: Tables, plane: Tables, shown: Tables
) -> None:
    found = texts(draw(name, {"context_map": plane, "observed": shown}.get(name, tables)))
    interval = "Colour: mean over {}; no interval." if name == "context_map" else "95 % t interval over {}."
    assert interval.format("3 runs per method") in found


@pytest.mark.parametrize(
    ("runs", "words"),
    [
        ([1, 1], "none, as there is 1 run per method"),
        ([2, 2], "95 % t interval over 2 runs per method"),
        ([5], "95 % t interval over 5 runs per method"),
        ([3, 5], "95 % t interval over 3 to 5 runs per method"),
        ([10], "95 % bootstrap interval over 10 runs per method"),
        ([9, 10], "95 % t or bootstrap interval over 9 to 10 runs per method"),
    ],
)
def test_the_words_for_an_interval(runs: list[int], words: str) -> None:
    assert bands.describe(runs) == words
    if 2 not in runs:
        assert bands.describe_spread(runs) == words


def test_two_runs_are_drawn_as_their_range() -> None:
    values = np.array([[1.0, 5.0], [3.0, 4.0], [2.0, 9.0]])
    assert [end.tolist() for end in bands.spread(values[:2])] == [[1.0, 4.0], [3.0, 5.0]]
    assert all(
        np.array_equal(*pair) for pair in zip(bands.spread(values), interval(values, "mean"), strict=True)
    )
    assert bands.describe_spread([2, 2]) == "range of 2 runs per method"
    assert bands.describe_spread([2, 5]) == "95 % t interval over 2 to 5 runs per method, of 2 their range"


def test_methods_keep_their_looks_whatever_stands_beside_them() -> None:
    assert style.looks(["jrpl"])["jrpl"] == style.looks(["none", "jrpl", "later"])["jrpl"]
    many = style.looks([*synthetic.METHODS, "b", "c"])
    assert list(many)[-4:] == ["alpha", "b", "c", "zeta"]
    assert len({(look.colour, look.marker) for look in many.values()}) == len(many)
    assert len({look.colour for look in style.looks(synthetic.METHODS).values()}) == len(synthetic.METHODS)


def test_long_titles_are_broken_between_names_or_else_behind_an_underscore() -> None:
    rows = pd.DataFrame({"benchmark": ["a", "b", "c"]})
    titles = ["cartpole_tau, random_encoder", "mountaincar_gravity_feasible_n100, dqn", "c"]
    _, axes = style.panels(dict.fromkeys(titles, rows), height=1)
    assert [ax.get_title() for ax in axes.values()] == [
        "cartpole_tau,\nrandom_encoder", "mountaincar_gravity_\nfeasible_n100, dqn", "c",
    ]  # fmt: skip


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


@pytest.mark.parametrize("name", ["return_vs_context", "iqm", "performance_profile", "generalisation_gap"])
def test_other_figures_do_not_look_at_what_was_observed(name: str, tables: Tables, shown: Tables) -> None:
    found = [
        [lines(ax)[key].get_ydata() for key in sorted(lines(ax))]
        for made in (tables, shown)
        for ax in draw(name, made).axes
    ]
    half = len(found) // 2
    np.testing.assert_equal(found[:half], found[half:])


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
    line = lines(draw("learning_curves", {"learning": learning}).axes[0])["none"]
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


@pytest.mark.parametrize(
    ("name", "metric"), [("iqm", "iqm_return"), ("generalisation_gap", "generalisation_gap")]
)
def test_estimates_and_intervals_are_those_of_the_table(name: str, metric: str, tables: Tables) -> None:
    ax = draw(name, tables).axes[0]
    rows = tables["metrics"].query(
        "metric == @metric and benchmark == 'cartpole_length' and split != 'train'"
    )
    assert len(rows) == 8
    assert_drawn(ax, rows)


@pytest.mark.parametrize("benchmark", [0, 1])
def test_every_region_that_a_benchmark_has_is_drawn_and_no_other(benchmark: int, plane: Tables) -> None:
    ax = draw("iqm", plane).axes[benchmark]
    rows = plane["metrics"].query("metric == 'iqm_return' and split != 'train'")
    rows = rows[rows["benchmark"] == ax.get_title(loc="left")]
    assert rows["split"].nunique() == 3 + benchmark
    assert_drawn(ax, rows)
    heights = [lines(ax)[f"none, {split}"].get_ydata()[0] for split in regions.ordered(rows["split"])]
    assert heights == sorted(heights)
    assert -0.5 < heights[0] < heights[-1] < 0.5


def test_regions_of_one_benchmark_have_markers_of_their_own(plane: Tables) -> None:
    entries = regions.handles(plane["metrics"]["split"], marker="o")
    assert [entry.get_label() for entry in entries] == [
        "interpolation", "combinatorial", "single extrapolation", "all extrapolation",
    ]  # fmt: skip
    assert len({(entry.get_fillstyle(), entry.get_markerfacecolor()) for entry in entries}) == 4
    both = regions.handles(pd.Series(["extrapolation", "all_extrapolation", "train"]), marker="o")
    assert [entry.get_label() for entry in both] == ["extrapolation / all extrapolation"]


def assert_drawn(ax: Axes, rows: pd.DataFrame) -> None:
    """Every row's estimate and interval, and no other estimate."""
    assert {f"{row.method}, {row.split}" for row in rows.itertuples()} == {
        label for label in lines(ax) if ", " in label
    }
    for row in rows.itertuples():
        marker = lines(ax)[f"{row.method}, {row.split}"]
        assert list(marker.get_xdata()) == [row.estimate]
        assert [row.low, row.high] in [list(line.get_xdata()) for line in ax.get_lines()]


def test_single_runs_stand_beside_their_estimates(tables: Tables) -> None:
    dots = draw("iqm", tables).axes[0].collections[0].get_offsets()
    scores = tables["scores"].query("benchmark == 'cartpole_length' and split != 'train'")
    means = scores.groupby(["method", "split", "seed"])["episode_return"].mean()
    np.testing.assert_allclose(np.sort(dots[:, 0]), np.sort(means))


def test_a_gap_that_is_not_defined_is_left_out(tables: Tables) -> None:
    undefined = tables["metrics"].assign(estimate=np.nan, low=np.nan, high=np.nan)
    assert len(draw("generalisation_gap", {"metrics": undefined}).axes) == 2


def test_encodings_are_read_by_the_probe_that_is_reported(tables: Tables) -> None:
    encoding = registry.load("figure", "encoding")
    run = tables["encodings"].query("benchmark == 'cartpole_tau' and method == 'iida' and seed == 0")
    value = tables["contexts"].set_index(["benchmark", "split", "context_id"])["value"]["cartpole_tau"]
    z = run.pivot(index=["split", "context_id"], columns="dimension", values="value")
    codes = [z.loc[split].to_numpy() for split in ("train", "extrapolation")]
    truth = [value[z.loc[[split]].index].to_numpy() for split in ("train", "extrapolation")]
    reading = encoding._readings(run, tables["contexts"]).query("split == 'extrapolation'")
    error = ((reading["reading"] - reading["value"]) ** 2).sum()
    r2 = 1 - error / ((truth[1] - truth[1].mean()) ** 2).sum()
    assert r2 == pytest.approx(ridge_r2(codes[0], truth[0][:, None], codes[1], truth[1][:, None]))


def test_encoding_titles_name_the_method_and_both_r2(tables: Tables) -> None:
    figure = draw("encoding", tables)
    assert [ax.get_title(loc="left") for ax in figure.axes] == [
        "cartpole_length, iida", "cartpole_tau, iida", "cartpole_length, jrpl", "cartpole_tau, jrpl",
    ]  # fmt: skip
    own = tables["metrics"].query(
        "benchmark == 'cartpole_tau' and method == 'jrpl' and split == 'interpolation'"
    )
    r2, control = (
        own.set_index("metric")["estimate"][name] for name in ("encoding_r2", "encoding_r2_shuffled")
    )
    assert f"interpolation R² {r2:.2f} ({control:.2f})".replace("-", style.MINUS) in texts(figure)
    assert "mean over the features" not in texts(figure)


def test_encodings_of_several_features_have_a_panel_and_a_train_range_each(plane: Tables) -> None:
    figure = draw("encoding", plane)
    panels = {ax.get_title(loc="left"): ax for ax in figure.axes}
    assert len(panels) == 2 * 2 * 2  # benchmarks, methods, features
    ax = panels["cartpole_gravity_length_b, iida, gravity"]
    shade = ax.patches[0].get_extents().transformed(ax.transData.inverted())
    np.testing.assert_allclose([shade.x0, shade.x1], [-22, -2])
    drawn = lines(ax)
    assert {"combinatorial", "single_extrapolation", "all_extrapolation"} <= drawn.keys()
    assert len(drawn["combinatorial"].get_xdata()) == 20
    assert "R², mean over the features: in brackets that of the shuffled control." in texts(figure)


def test_contexts_that_share_a_features_value_are_all_drawn() -> None:
    axes = synthetic.tables(benchmarks=0, planes="C", methods=3, runs=2)
    drawn = lines(draw("encoding", axes).axes[0])["interpolation"]
    assert len(drawn.get_xdata()) == 20
    assert len(np.unique(drawn.get_xdata())) == 11  # half of them keep the default


def test_a_map_shows_the_reference_and_each_methods_mean_over_runs(plane: Tables) -> None:
    figure = draw("context_map", plane)
    panels = [ax for ax in figure.axes if ax.get_xlabel()]  # the others are colour bars
    assert [ax.get_title(loc="left").strip() for ax in panels] == [
        "reference", *synthetic.METHODS[:4], "reference", *synthetic.METHODS[:4],
    ]  # fmt: skip
    own = plane["scores"].query("benchmark == 'cartpole_gravity_length_b' and split != 'train'")
    shown = own.groupby(["split", "context_id", "method"])["episode_return"].mean().unstack()
    reference = own.groupby(["split", "context_id"])["reference"].first()
    ends = [min(shown.min().min(), reference.min()), max(shown.max().max(), reference.max())]
    places = plane["contexts"].query("benchmark == 'cartpole_gravity_length_b'")
    x, y = (
        places[places["feature"] == feature].set_index(["split", "context_id"])["value"].loc[shown.index]
        for feature in ("gravity", "length")
    )
    for ax, values in ((panels[5], reference), (panels[8], shown["iida"])):
        dots = ax.collections[0]
        np.testing.assert_allclose(dots.get_offsets(), np.stack([-x, y], axis=1))  # the near end first
        np.testing.assert_allclose(dots.get_facecolors(), colormaps["viridis"](Normalize(*ends)(values)))
    assert panels[8].xaxis.get_major_formatter()(10) == f"{style.MINUS}10"
    assert panels[8].get_xlabel() == "gravity [m/s²]"
    assert panels[5].get_ylabel() == "length [m]"


def test_a_map_outlines_the_train_ranges_and_shades_what_is_trained_on(plane: Tables) -> None:
    panels = [ax for ax in draw("context_map", plane).axes if ax.get_xlabel()]
    for ax in panels:
        np.testing.assert_allclose(ax.patches[0].get_bbox().extents, [2, 0.1, 22, 1.1])
    box, l_shape = panels[1], panels[6]
    assert len(box.patches) == 2
    assert not box.get_lines()
    assert len(l_shape.patches) == 1
    assert len(l_shape.get_lines()[0].get_xdata()) == 3 * synthetic.TRAIN


def test_a_map_of_more_than_two_features_says_which_it_shows() -> None:
    figure = draw("context_map", synthetic.tables(benchmarks=0, planes="A", methods=1, runs=1, features=3))
    assert {ax.get_xlabel() for ax in figure.axes} == {"gravity [m/s²]", ""}
    assert "Of more than two features the first two are shown." in texts(figure)


def test_one_and_several_features_have_figures_of_their_own() -> None:
    mixed = synthetic.tables(benchmarks=1, planes="A", methods=2, runs=1)
    assert [ax.get_title(loc="left") for ax in draw("return_vs_context", mixed).axes] == ["cartpole_tau"]
    assert "cartpole_gravity_length_a" in texts(draw("context_map", mixed))
    assert "cartpole_tau" not in texts(draw("context_map", mixed))


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


@pytest.mark.parametrize(
    ("name", "table", "change"),
    [
        ("encoding", "encodings", lambda frame: frame[:0]),
        ("encoding", "encodings", lambda frame: frame.assign(value=np.nan)),
        ("learning_curves", "learning", lambda frame: frame.assign(value=np.nan)),
        ("performance_profile", "scores", lambda frame: frame.assign(score=np.nan, informative=False)),
        ("context_map", "contexts", lambda frame: frame),
        ("return_vs_context", "contexts", lambda frame: pd.concat([frame, frame.assign(feature="other")])),
    ],
)
def test_a_figure_with_nothing_to_draw_says_so(
    name: str, table: str, change: Callable[[pd.DataFrame], pd.DataFrame], tables: Tables
) -> None:
    figure = draw(name, tables | {table: change(tables[table])})
    assert not figure.axes
    assert texts(figure).strip().startswith("No ")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("tables")
    return synthetic.write(synthetic.tables(benchmarks=1, planes="B", methods=3, runs=2), folder)


@pytest.mark.parametrize("name", registry.FIGURES)
def test_the_step_draws_the_same_bytes_again(
    name: str, files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for attempt, epoch in (("a", "0"), ("b", "1000000000")):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)  # stands for another time
        sentence = plot.main(
            files, {"figure": name}, tmp_path / f"{attempt}.pdf", tmp_path / f"{attempt}.png"
        )
        assert sentence.startswith(f"figure '{name}', ")
    for suffix in ("pdf", "png"):
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()
    assert b"CreationDate" not in (tmp_path / "a.pdf").read_bytes()
    if name == "context_map":
        assert sentence == "figure 'context_map', 4 panels"  # the reference and three methods


def test_the_step_names_a_table_that_is_missing(files: list[Path], tmp_path: Path) -> None:
    without = [path for path in files if path.stem != "scores"]
    with pytest.raises(UserError, match="figure 'iqm' needs scores"):
        plot.main(without, {"figure": "iqm"}, tmp_path / "a.pdf", tmp_path / "a.png")


def test_synthetic_tables_are_valid(files: list[Path]) -> None:
    for path in files:
        assert len(io.read(path, synthetic.schema(path.stem)))
