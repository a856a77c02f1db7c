"""Return, shortfall and doubt side by side against the value of the context feature, on held-out contexts, in
benchmarks that vary a single one: does a policy doubt where it fails? Line: mean over runs, each point averaged over
neighbouring contexts within a run, of the return of the policy that doubts, of its shortfall to the reference, and of
the rank of its doubt within the run. Band: 95 % interval over runs, whose number stands below the panels. Drawn are
the estimators of least nAURC, and the distance to the train range. Shaded: the train range, or the values of a list.
Source: tables ``contexts``, ``deployment``, ``doubt_metrics``, ``scores`` and ``uncertainty``.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from meta_rl.contexts import RESULTS
from meta_rl.figures import bands, doubted, estimators, feature_axis, style
from meta_rl.figures.blocks import blocks
from meta_rl.metrics.doubt import boards
from meta_rl.tables import contexts, deployment, doubt_metrics, scores, uncertainty

TABLES = (contexts.TABLE, deployment.TABLE, doubt_metrics.TABLE, scores.TABLE, uncertainty.TABLE)
_TICKS = (1, 2, 5)
_SHOWN = 3  # estimators, beside the distance
_DISTANCE = "range_distance"
# Of the first panels. (The colours are those of estimators.)
_POLICY = {
    "policy": style.Look(style.INK, "", "-"),
    "reference": style.Look(style.MUTED, "", (0, (1, 1.5))),
}
_PANELS = {"episode_return": "return", "shortfall": "shortfall", "rank": "doubt, rank within the run"}


def build(tables: dict[str, pd.DataFrame]) -> Figure:
    """Per benchmark of one feature and method (and agent) a row: return, shortfall, and ranks of doubt."""
    contexts, rows = tables["contexts"].drop(columns="seed"), doubted.joined(tables, RESULTS)
    if rows.empty:
        return style.empty(estimators.NONE)
    single = contexts[contexts.groupby("benchmark")["feature"].transform("nunique") == 1]
    rows = rows.merge(single, on=["benchmark", "split", "context_id"])
    if rows.empty:
        return style.empty("No benchmark of this study varies a single feature: see figure doubt_map.")
    names = [*estimators.foremost(tables["doubt_metrics"], _SHOWN), _DISTANCE]
    looks = estimators.looks(rows["estimator"])
    looks = {name: look for name, look in looks.items() if name in names}
    rows = rows.assign(rank=doubted.ranks(rows, "doubt"))
    data = doubted.by_method(rows)
    figure, axes = blocks({title: list(_PANELS.values()) for title in data}, height=1.6)
    for title, panels in axes.items():
        own = data[title]
        around = single[single["benchmark"] == own["benchmark"].iloc[0]]
        for column, ax in zip(_PANELS, panels.values(), strict=True):
            _axis(ax, own, around)
            _lines(ax, own, column, looks)
    shade = Patch(color=style.SHADE, label="train range")
    style.legend(figure, [*style.handles(_POLICY), *style.handles(looks), shade])
    band = bands.describe_spread(bands.runs_per_method(rows))
    left_out = estimators.left_out(tables["doubt_metrics"], looks)
    style.footer(
        figure,
        f"Held-out contexts, neighbours averaged, {boards.shown(rows)}. Line: mean over runs. Band: {band}. Rank: "
        f"the share of the run's contexts that are doubted less.{left_out}"
        f"{estimators.source(rows, TABLES)}",
    )
    return figure


def _axis(ax: Axes, rows: pd.DataFrame, contexts: pd.DataFrame) -> None:
    feature_axis.trained(ax, contexts, feature_axis.sign(rows["value"]))
    ax.set_xlabel(style.feature_label(rows))
    ax.margins(x=0.02)
    feature_axis.scale(ax, "x", rows["value"], _TICKS)
    ax.tick_params(labelleft=True)  # each panel has a scale of its own


def _lines(ax: Axes, rows: pd.DataFrame, column: str, looks: dict[str, style.Look]) -> None:
    """Of the doubt a line per estimator, else one of the policy."""
    sign = feature_axis.sign(rows["value"])
    low, high = sorted(sign * end for end in style.train_range(rows))
    rows = rows.assign(x=sign * rows["value"])
    rows = rows.assign(point=feature_axis.points(rows["x"], low, high))
    x = rows.drop_duplicates("x").groupby("point")["x"].mean()
    possible = {
        "episode_return": bands.possible(rows),
        "shortfall": doubted.possible(rows),
        "rank": (0.0, 1.0),
    }
    if column == "rank":
        lines = {name: (look, rows[rows["estimator"] == name]) for name, look in looks.items()}
        ax.set_ylim(-0.02, 1.02)
    else:
        lines = {"policy": (_POLICY["policy"], rows.drop_duplicates(["seed", "x"]))}
    for i, (name, (look, own)) in enumerate(lines.items()):
        if len(own):
            runs = own.pivot_table(index="seed", columns="point", values=column)
            bands.draw(ax, name, look, x[runs.columns], runs, (i % 3, 3), possible[column])
    if column == "episode_return":
        ax.plot(x, rows.groupby("point")["reference"].mean(), label="reference", **_POLICY["reference"].line)
    if column != "rank" and rows[column].min() >= 0:
        ax.set_ylim(bottom=0)
