"""Shortfall against doubt, as ranks within a run over its train and held-out contexts, and for each region on its own:
does more doubt mean more shortfall, also among contexts of one region? Marker: mean over runs of the mean rank of the
shortfall, in contexts of one region and of one fifth of the ranks of doubt. Line: 95 % interval over runs, whose number
stands below the panels. Diagonal: the ranks are the same; horizontal: doubt says nothing. Drawn are the estimators of
least nAURC, and the distance to the train range. Contexts that nobody can solve are left out. Source: tables
``deployment``, ``doubt_metrics``, ``scores`` and ``uncertainty``.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from meta_rl.contexts import ALL, COMBINATORIAL, EXTRAPOLATION, INTERPOLATION, RESULTS, SINGLE, TRAIN
from meta_rl.figures import bands, doubted, estimators, regions, style
from meta_rl.figures.blocks import COLUMNS, blocks
from meta_rl.metrics.doubt import boards
from meta_rl.tables import deployment, doubt_metrics, scores, uncertainty

TABLES = (deployment.TABLE, doubt_metrics.TABLE, scores.TABLE, uncertainty.TABLE)
_DISTANCE = "range_distance"
_BINS = 5
_DODGE = 0.035  # between regions, in ranks
# From the inside outwards. (No benchmark has both of the last two.)
_LOOKS = {
    TRAIN: style.Look("#888888", "o", "none"),
    INTERPOLATION: style.Look("#0072b2", "s", "none"),
    COMBINATORIAL: style.Look("#009e73", "P", "none"),
    SINGLE: style.Look("#e69f00", "D", "none"),
    EXTRAPOLATION: style.Look("#d55e00", "^", "none"),
    ALL: style.Look("#d55e00", "^", "none"),
}


def build(tables: dict[str, pd.DataFrame]) -> Figure:
    """Per benchmark and method (and agent) a row with a panel per estimator, and in it a line per region."""
    rows = doubted.joined(tables, (TRAIN, *RESULTS))
    if rows.empty:
        return style.empty(estimators.NONE)
    names = [*estimators.foremost(tables["doubt_metrics"], COLUMNS - 1), _DISTANCE]
    rows = rows[rows["estimator"].isin(names) & (rows["solvable"] != "false")]
    rows = rows.assign(doubt=doubted.ranks(rows, "doubt"), shortfall=doubted.ranks(rows, "shortfall"))
    looks = {region: look for region, look in _LOOKS.items() if region in set(rows["split"])}
    data = doubted.by_method(rows)
    present = {
        title: [name for name in names if name in set(own["estimator"])] for title, own in data.items()
    }
    figure, axes = blocks(present, height=1.3)
    for title, panels in axes.items():
        for name, ax in panels.items():
            _panel(ax, data[title][data[title]["estimator"] == name], looks)
            if title == list(axes)[-1]:
                ax.set_xlabel("rank of doubt")
            else:
                ax.tick_params(labelbottom=False)
        style.label_left(panels.values(), "rank of shortfall")
    labels: dict[style.Look, str] = {}
    for region, look in looks.items():
        labels[look] = f"{labels[look]} / {regions.name(region)}" if look in labels else regions.name(region)
    style.legend(figure, style.handles({label: look for look, label in labels.items()}))
    band = bands.describe_spread(bands.runs_per_method(rows))
    left_out = estimators.left_out(tables["doubt_metrics"], names)
    style.footer(
        figure,
        f"Train and held-out contexts, {boards.shown(rows)}. Rank: the share of the run's contexts with less. "
        f"Marker: a fifth of the ranks of doubt, mean over the runs with such contexts, where they are half or more. "
        f"Line: {band}.{left_out}"
        f"{estimators.source(rows, TABLES)}",
    )
    return figure


def _panel(ax: Axes, rows: pd.DataFrame, looks: dict[str, style.Look]) -> None:
    ax.plot([0, 1], [0, 1], color=style.MUTED, linewidth=0.7, zorder=0)
    ax.axhline(0.5, color=style.MUTED, linewidth=0.7, linestyle=(0, (1, 1.5)), zorder=0)
    fifth = np.minimum((rows["doubt"] * _BINS).astype(int), _BINS - 1)
    means = rows.groupby(["split", fifth, "seed"])["shortfall"].mean()
    every = rows["seed"].nunique()
    for i, (region, look) in enumerate(looks.items()):
        for place, runs in means.get(region, means[:0]).groupby("doubt"):
            if 2 * len(runs) >= every:  # else the mean is one of few runs
                x = (place + 0.5) / _BINS + _DODGE * (i - (len(looks) - 1) / 2)
                low, high = bands.spread(runs.to_numpy()[:, None], (0.0, 1.0))
                ax.vlines(x, low, high, color=look.colour, linewidth=0.9, zorder=2)
                ax.plot(x, runs.mean(), zorder=3, **look.line)
    ax.set_xlim(-0.02, 1.02)
    ax.set_ylim(-0.02, 1.02)
    ax.set_xticks([0, 0.5, 1], ["0", ".5", "1"])
    ax.set_yticks([0, 0.5, 1], ["0", ".5", "1"])
