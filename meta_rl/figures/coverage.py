"""Intervals of the return of one episode, at 90 %, as estimators give them: how many returns they hold, and how wide
they are, in each held-out region. Marker: mean over runs of a run's mean over contexts. Line: its 95 % interval over
runs, whose number stands below the panels. Vertical: the nominal coverage, which is promised in the region that an
interval was calibrated in alone. Width: in units of the benchmark's scale, the median over contexts of what the
reference returns more than random. Source: table ``doubt_metrics``.
"""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from meta_rl.contexts import RESULTS
from meta_rl.figures import bands, estimators, forest, style
from meta_rl.figures.blocks import blocks
from meta_rl.metrics.doubt.boards import most_shown
from meta_rl.tables import doubt_metrics

TABLES = (doubt_metrics.TABLE,)
NOMINAL = 0.9
_PANELS = {"coverage": "coverage", "width": "width"}
_LINE: dict[str, Any] = {"color": style.INK, "linewidth": 0.9, "linestyle": (0, (4, 1.5))}


def build(tables: dict[str, pd.DataFrame]) -> Figure:
    """Per benchmark and estimator (and agent) a row of panels, coverage and width, and in each a row per method."""
    metrics = tables["doubt_metrics"]
    rows = metrics[
        metrics["metric"].isin(_PANELS) & metrics["region"].isin(RESULTS) & metrics["estimate"].notna()
    ]
    if rows.empty:
        return style.empty("No estimator of this study gives an interval of the return.")
    budget = most_shown(rows)
    rows = rows[rows["budget"] == budget].rename(columns={"region": "split"})
    looks = style.looks(rows["method"])
    groups = rows.groupby(["benchmark", "agent", "estimator"])
    several = rows["agent"].nunique() > 1
    data = {
        ", ".join([benchmark, agent, name] if several else [benchmark, name]): own
        for (benchmark, agent, name), own in groups
    }
    most = rows["split"].nunique()
    figure, axes = blocks(
        {title: list(_PANELS.values()) for title in data}, height=0.65 + 0.13 * most * len(looks)
    )
    for title, panels in axes.items():
        for metric, ax in zip(_PANELS, panels.values(), strict=True):
            forest.panel(ax, data[title][data[title]["metric"] == metric], looks)
            _axis(ax, metric)
    nominal = Line2D([], [], label="nominal", **_LINE)
    style.legend(figure, [*forest.handles(rows, dots=False), nominal])
    runs = bands.describe(rows["n_seeds"])
    style.footer(
        figure, f"Held-out contexts. Marker: mean over runs. Line: {runs}.{estimators.source(rows, TABLES)}"
    )
    return figure


def _axis(ax: Axes, metric: str) -> None:
    if metric == "coverage":
        ax.axvline(NOMINAL, zorder=0, **_LINE)
        ax.set_xlim(right=1.02)
    else:
        ax.set_xlim(left=0)
    ax.set_xlabel("share of the returns inside" if metric == "coverage" else "width / (reference - random)")
