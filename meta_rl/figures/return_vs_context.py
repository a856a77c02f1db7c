"""Return against the value of the context feature, on held-out contexts, in benchmarks that vary a single one:
where a method starts to fail as the dynamics change. Line: mean over runs, each point averaged over neighbouring
contexts within a run. Band: 95 % interval over runs, whose number stands below the panels. Reference: the best of
the portfolio in a context. Shaded: the train range, or the values of a list. Source: tables ``scores`` and
``contexts``.
"""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from meta_rl.contexts import RESULTS
from meta_rl.figures import bands, feature_axis, style
from meta_rl.tables import contexts, scores

TABLES = (contexts.TABLE, scores.TABLE)
_TICKS = (1, 2, 5)
_PORTFOLIO: dict[str, dict[str, Any]] = {
    "reference": {"color": style.INK, "linewidth": 1, "linestyle": "-"},
    "random": {"color": style.MUTED, "linewidth": 1, "linestyle": (0, (1, 1.5))},
}


def build(tables: dict[str, pd.DataFrame]) -> Figure:
    """One panel per benchmark of one feature (and agent), one line per method, over held-out contexts.

    Neighbouring contexts are averaged to at most `feature_axis.POINTS` points a region, first within each run; the
    band is an interval over runs.
    """
    contexts, scores = tables["contexts"].drop(columns="seed"), tables["scores"]
    single = contexts[contexts.groupby("benchmark")["feature"].transform("nunique") == 1]
    if single.empty:
        return style.empty("No benchmark of this study varies a single feature: see figure context_map.")
    held_out = scores[scores["split"].isin(RESULTS)].merge(single, on=["benchmark", "split", "context_id"])
    looks = style.looks(scores["method"])
    data = style.split(held_out, "agent")
    figure, axes = style.panels(data, height=2.15)
    for title, ax in axes.items():
        rows = data[title]
        _panel(ax, rows, single[single["benchmark"] == rows["benchmark"].iloc[0]], looks)
    style.label_left(axes.values(), "episode return")
    others = [Line2D([], [], label=name, **line) for name, line in _PORTFOLIO.items()]
    shade = Patch(color=style.SHADE, label="train range")
    style.legend(figure, [*style.handles(looks), *others, shade])
    band = bands.describe_spread(bands.runs_per_method(held_out))
    style.footer(figure, f"Held-out contexts, neighbours averaged. Line: mean over runs. Band: {band}.")
    return figure


def _panel(ax: Axes, rows: pd.DataFrame, contexts: pd.DataFrame, looks: dict[str, style.Look]) -> None:
    sign = feature_axis.sign(rows["value"])
    rows = rows.assign(x=sign * rows["value"])
    low, high = sorted(sign * end for end in style.train_range(rows))
    feature_axis.trained(ax, contexts, sign)
    rows = rows.assign(point=feature_axis.points(rows["x"], low, high))
    x = rows.drop_duplicates("x").groupby("point")["x"].mean()
    for name, line in _PORTFOLIO.items():
        ax.plot(x, rows.groupby("point")[name].mean(), label=name, zorder=2, **line)
    for i, (method, look) in enumerate(looks.items()):
        mine = rows[rows["method"] == method]
        if len(mine):
            runs = mine.pivot_table(index="seed", columns="point", values="episode_return")
            bands.draw(ax, method, look, x[runs.columns], runs, (i % 3, 3), bands.possible(rows))
    ax.set_ylim(bottom=min(0, ax.get_ylim()[0]) if rows["episode_return"].min() >= 0 else None)
    _scale(ax, rows)


def _scale(ax: Axes, rows: pd.DataFrame) -> None:
    ax.set_xlabel(style.feature_label(rows))
    ax.margins(x=0.02)
    logarithmic = feature_axis.scale(ax, "x", rows["value"], _TICKS)
    default = abs(rows["default"].iloc[0])
    top = ax.secondary_xaxis("top", functions=(lambda x: x / default, lambda x: x * default))
    top.tick_params(colors=style.MUTED)
    top.spines["top"].set_color(style.SHADE)
    top.xaxis.set_minor_locator(NullLocator())
    if logarithmic:
        top.xaxis.set_major_locator(LogLocator(subs=_TICKS))
    top.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"\N{MULTIPLICATION SIGN}{value:g}"))
