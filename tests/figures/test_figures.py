"""Each figure holds what it must, at every size, and draws the same bytes from the same tables."""

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import synthetic
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

from meta_rl import registry
from meta_rl.errors import UserError
from meta_rl.figures import bands, style
from meta_rl.metrics.intervals import interval
from meta_rl.metrics.probe import ridge_r2
from meta_rl.steps import plot
from meta_rl.tables import io

Tables = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def tables() -> Tables:
    return synthetic.tables(benchmarks=2, methods=4, runs=3)


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
@pytest.mark.parametrize("size", [(1, 1, 1, 1), (1, 4, 1, 1), (2, 3, 2, 2), (4, 4, 2, 1), (8, 10, 2, 1)])
def test_every_size_is_drawn_without_clipping(name: str, size: tuple[int, int, int, int]) -> None:
    benchmarks, methods, runs, agents = size
    drawn = draw(name, synthetic.tables(benchmarks, methods, runs, agents, held_out=4))
    with style.context():
        FigureCanvasAgg(drawn).draw()
        ink = drawn.get_tightbbox()  # of all that is visible, in inches
    width, height = drawn.get_size_inches()
    assert 0 <= ink.x0 < ink.x1 <= width
    assert 0 <= ink.y0 < ink.y1 <= height


@pytest.mark.parametrize("name", registry.FIGURES)
def test_the_footer_says_how_many_runs_and_which_interval(name: str, tables: Tables) -> None:
    assert "95 % t interval over 3 runs per method." in texts(draw(name, tables))


@pytest.mark.parametrize(
    ("runs", "words"),
    [
        ([1, 1], "none, as there is 1 run per method"),
        ([5], "95 % t interval over 5 runs per method"),
        ([3, 5], "95 % t interval over 3 to 5 runs per method"),
        ([10], "95 % bootstrap interval over 10 runs per method"),
        ([9, 10], "95 % t or bootstrap interval over 9 to 10 runs per method"),
    ],
)
def test_the_words_for_an_interval(runs: list[int], words: str) -> None:
    assert bands.describe(runs) == words


def test_methods_keep_their_looks_whatever_stands_beside_them() -> None:
    assert style.looks(["jrpl"])["jrpl"] == style.looks(["none", "jrpl", "later"])["jrpl"]
    many = style.looks([*synthetic.METHODS, "b", "c"])
    assert list(many)[-4:] == ["alpha", "b", "c", "zeta"]
    assert len({(look.colour, look.marker) for look in many.values()}) == len(many)
    assert len({look.colour for look in style.looks(synthetic.METHODS).values()}) == len(synthetic.METHODS)


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


def test_the_train_range_is_shaded_and_the_portfolio_drawn(tables: Tables) -> None:
    ax = draw("return_vs_context", tables).axes[1]
    contexts = tables["contexts"].query("benchmark == 'cartpole_tau' and split in ('train', 'interpolation')")
    shade = ax.patches[0].get_extents().transformed(ax.transData.inverted())
    np.testing.assert_allclose([shade.x0, shade.x1], [contexts["value"].min(), contexts["value"].max()])
    assert ax.get_xscale() == "log"
    assert ax.get_xlabel() == "tau [s]"
    np.testing.assert_allclose(lines(ax)["random"].get_ydata(), 22.0)
    assert len(lines(ax)["reference"].get_xdata()) == len(lines(ax)["none"].get_xdata())


def test_a_point_averages_neighbours_of_one_region_within_runs() -> None:
    tables = synthetic.tables(benchmarks=1, methods=1, runs=2, held_out=60)
    line = lines(draw("return_vs_context", tables).axes[0])["none"]
    low, high = style.train_range(tables["contexts"], tables["contexts"])
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
    assert "interpolation R² 0.9" in texts(figure)
    assert "(shuffled " in texts(figure)


@pytest.mark.parametrize(
    ("name", "table", "change"),
    [
        ("encoding", "encodings", lambda frame: frame[:0]),
        ("encoding", "encodings", lambda frame: frame.assign(value=np.nan)),
        ("learning_curves", "learning", lambda frame: frame.assign(value=np.nan)),
    ],
)
def test_a_figure_with_nothing_to_draw_says_so(
    name: str, table: str, change: Callable[[pd.DataFrame], pd.DataFrame], tables: Tables
) -> None:
    figure = draw(name, tables | {table: change(tables[table])})
    assert not figure.axes
    assert texts(figure).strip().startswith("No ")


@pytest.fixture(scope="module")
def files(tables: Tables, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("tables")
    return synthetic.write(tables, folder)


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


def test_the_step_names_a_table_that_is_missing(files: list[Path], tmp_path: Path) -> None:
    without = [path for path in files if path.stem != "scores"]
    with pytest.raises(UserError, match="figure 'iqm' needs scores"):
        plot.main(without, {"figure": "iqm"}, tmp_path / "a.pdf", tmp_path / "a.png")


def test_synthetic_tables_are_valid(files: list[Path]) -> None:
    for path in files:
        assert len(io.read(path, synthetic.schema(path.stem)))
