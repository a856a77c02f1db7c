"""Estimates, intervals and single runs are drawn as the tables have them, for each region."""

import numpy as np
import pandas as pd
import pytest
from drawn_figures import Tables, draw, lines
from matplotlib.axes import Axes

from meta_rl.figures import regions


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


def test_a_method_that_was_not_tested_is_na(tables: Tables) -> None:
    """As a variant of EPI is in the regime that it was not trained for."""
    metrics = tables["metrics"]
    away = (metrics["method"] == "jrpl") & (metrics["benchmark"] == "cartpole_length")
    figure = draw("iqm", tables | {"metrics": metrics[~away]})
    length, tau = ([text.get_text() for text in ax.texts].count("NA") for ax in figure.axes[:2])
    assert (length, tau) == (1, 0)
