"""Each figure has its tables, caption and footer, is drawn whole at every size, and again as the same bytes."""

import ast
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import synthetic
import synthetic_doubts
from drawn_figures import OBSERVED, Tables, draw, lines, texts
from matplotlib.backends.backend_agg import FigureCanvasAgg

from meta_rl import registry
from meta_rl.errors import UserError
from meta_rl.figures import style
from meta_rl.steps import plot
from meta_rl.tables import io

NAMES = registry.figures(doubts=False)  # the others: test_doubt_figures.py
RETURNS = {"positive": (20.0, 500.0), "negative": (-1500.0, -150.0)}
# benchmarks of one feature, train sets of those of several, methods, runs, agents
SIZES = [(1, "", 1, 1, 1), (1, "A", 4, 1, 1), (1, "", 3, 2, 2), (4, "C", 3, 2, 1), (0, "B", 10, 2, 1)]

made = cache(synthetic.tables)


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


@pytest.mark.parametrize("name", NAMES)
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


@pytest.mark.parametrize("name", NAMES)
def test_the_footer_says_how_many_runs_and_which_interval(
    name: str, tables: Tables, plane: Tables, shown: Tables
) -> None:
    found = texts(draw(name, {"context_map": plane, "observed": shown}.get(name, tables)))
    interval = "Colour: mean over {}; no interval." if name == "context_map" else "95 % t interval over {}."
    assert interval.format("5 runs per method") in found


@pytest.mark.parametrize("name", ["return_vs_context", "iqm", "performance_profile", "generalisation_gap"])
def test_other_figures_do_not_look_at_what_was_observed(name: str, tables: Tables, shown: Tables) -> None:
    found = [
        [lines(ax)[key].get_ydata() for key in sorted(lines(ax))]
        for made in (tables, shown)
        for ax in draw(name, made).axes
    ]
    half = len(found) // 2
    np.testing.assert_equal(found[:half], found[half:])


def test_one_and_several_features_have_figures_of_their_own() -> None:
    mixed = synthetic.tables(benchmarks=1, planes="A", methods=2, runs=1)
    assert [ax.get_title(loc="left") for ax in draw("return_vs_context", mixed).axes] == ["cartpole_tau"]
    assert "cartpole_gravity_length_a" in texts(draw("context_map", mixed))
    assert "cartpole_tau" not in texts(draw("context_map", mixed))


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
    made = synthetic.tables(benchmarks=1, planes="B", methods=3, runs=2)
    return synthetic.write(synthetic_doubts.add(made), folder)


@pytest.mark.parametrize("name", NAMES)
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
