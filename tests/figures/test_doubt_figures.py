"""Figures of doubt have their captions and footers, are drawn whole, and say so where nobody doubts."""

from functools import cache
from pathlib import Path

import pytest
import synthetic
import synthetic_doubts
from drawn_figures import Tables, draw, texts
from matplotlib.backends.backend_agg import FigureCanvasAgg

from meta_rl import registry
from meta_rl.figures import style
from meta_rl.steps import plot

NAMES = [name for name in registry.FIGURES if name not in registry.figures(doubts=False)]
NOTES = {
    "doubt_map": "Colour: mean over 5 runs per method; no interval.",
    "doubt_vs_context": "Band: 95 % t interval over 5 runs per method.",
    "risk_coverage": "Band: 95 % t interval over 5 runs per method.",
}
# benchmarks of one feature, train sets of those of several, methods, runs, agents
SIZES = [(1, "A", 1, 1, 1), (0, "B", 3, 2, 1), (1, "", 2, 2, 2)]


@cache
def made(benchmarks: int, planes: str, methods: int, runs: int, agents: int) -> Tables:
    return synthetic_doubts.add(
        synthetic.tables(benchmarks, methods, runs, agents, held_out=8, planes=planes)
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_footer_says_how_many_runs_which_interval_regime_and_tables(name: str) -> None:
    found = texts(draw(name, made(1, "A", 1, 5, 1)))
    assert NOTES.get(name, "Line: 95 % t interval over 5 runs per method.") in found
    assert "Regime: cold." in found
    assert f"Source: {', '.join(sorted(registry.FIGURES[name].needs))}." in found


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", SIZES)
def test_every_size_is_drawn_without_clipping(name: str, size: tuple[int, str, int, int, int]) -> None:
    drawn = draw(name, made(*size))
    with style.context():
        FigureCanvasAgg(drawn).draw()
        ink = drawn.get_tightbbox()  # of all that is visible, in inches
    width, height = drawn.get_size_inches()
    assert 0 <= ink.x0 < ink.x1 <= width
    assert 0 <= ink.y0 < ink.y1 <= height


@pytest.mark.parametrize("name", NAMES)
def test_a_study_without_estimators_has_nothing_to_draw(name: str) -> None:
    figure = draw(name, synthetic.tables(1, 1, 1, held_out=8, planes="A"))
    assert not figure.axes
    assert texts(figure).strip().startswith("No estimator of ")


def test_one_and_several_features_have_figures_of_their_own() -> None:
    mixed = made(1, "A", 1, 1, 1)
    assert "cartpole_tau" not in texts(draw("doubt_map", mixed))
    assert "cartpole_gravity_length_a" not in texts(draw("doubt_vs_context", mixed))
    for name, size in (("doubt_map", (1, "", 2, 2, 2)), ("doubt_vs_context", (0, "B", 3, 2, 1))):
        figure = draw(name, made(*size))
        assert not figure.axes
        assert texts(figure).strip().startswith("No benchmark of this study varies ")


@pytest.mark.parametrize("name", NAMES)
def test_the_step_draws_from_files(name: str, tmp_path: Path) -> None:
    """The same bytes as from the frames, though a text that is missing is another one when it is read."""
    size = (1, "") if name == "doubt_vs_context" else (0, "A")
    files = synthetic.write(made(*size, 1, 1, 1), tmp_path)
    plot.main(files, {"figure": name}, tmp_path / "a.pdf", tmp_path / "a.png")
    with style.context():
        drawn = draw(name, made(*size, 1, 1, 1))
        drawn.savefig(tmp_path / "b.pdf")  # after which the layout is settled
        drawn.savefig(tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_the_largest_budget_is_drawn() -> None:
    tables = synthetic.tables(benchmarks=1, methods=1, runs=1, held_out=8)
    for budgets, said in (
        (("0",), "in the first state"),
        (("50", "0"), "after 50 unscored steps"),
        (("episode", "50"), "after one unscored episode"),
    ):
        assert said in texts(draw("doubt_board", synthetic_doubts.add(tables, budgets)))
