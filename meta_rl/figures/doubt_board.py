"""The leaderboard of doubt beside that of return, from the same runs: which estimator knows best where a policy falls
short, and what that policy returns. Marker: mean over runs of a run's nAURC, its nAUGRC, and its mean return over all
held-out contexts; a run whose shortfalls vary no more than episodes do has no area. Line: the 95 % interval over runs,
whose number stands below the panels. 0: contexts in the order of their shortfalls; 1: doubt that says nothing. The
oracle ranks contexts by other episodes: no doubt can be expected to do better. Shaded: the floors, which know nothing;
(told): is told the context. Source: table ``doubt_metrics``.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from meta_rl import registry
from meta_rl.figures import bands, estimators, style
from meta_rl.figures.blocks import blocks
from meta_rl.metrics.doubt import boards
from meta_rl.tables import doubt_metrics

TABLES = (doubt_metrics.TABLE,)
_AREAS = {"naurc": "nAURC", "naugrc": "nAUGRC"}
_RETURN = "return_never"  # handing no context over
_ROW = 0.8  # part of an estimator's row that methods share
_PANELS = [*_AREAS.values(), "return of the same runs"]


def build(tables: dict[str, pd.DataFrame]) -> Figure:
    """Per benchmark (and agent) a row: estimators by nAURC and by nAUGRC, sorted by the first; methods by return."""
    metrics = tables["doubt_metrics"]
    if metrics.empty:
        return style.empty(estimators.NONE)
    looks = style.looks(metrics["method"])
    data = {", ".join(key): rows for key, rows in metrics.groupby(["benchmark", "agent"])}
    if metrics["agent"].nunique() == 1:
        data = {title.rpartition(", ")[0]: rows for title, rows in data.items()}
    most = 1 + metrics["estimator"].nunique()
    figure, axes = blocks(dict.fromkeys(data, _PANELS), height=0.7 + most * (0.1 + 0.06 * len(looks)))
    for title, panels in axes.items():
        names = [estimators.ORACLE, *boards.ranked(data[title])]
        for metric, ax in zip(_AREAS, panels.values(), strict=False):
            _areas(ax, data[title], metric, names, looks)
            ax.set_xlabel("0: oracle, 1: says nothing")
        _returns(panels[_PANELS[-1]], data[title], looks)
    floor = Patch(color=style.SHADE, label="floor")
    style.legend(figure, [*style.handles(looks), floor])
    shown = boards.measured(metrics, "naurc")
    seeds = shown.loc[shown["estimate"].notna(), "n_seeds"]
    runs = bands.describe(seeds if len(seeds) else shown["n_seeds"])
    style.footer(
        figure,
        f"Held-out contexts, {boards.shown(metrics)}. Marker: mean over runs. Line: {runs}."
        f"{estimators.source(metrics, TABLES)}",
    )
    return figure


def _areas(
    ax: Axes, metrics: pd.DataFrame, metric: str, names: list[str], looks: dict[str, style.Look]
) -> None:
    """A row per estimator, in it the methods below each other."""
    reached = boards.of_runs(metrics, f"{metric}_floor")
    rows = pd.concat(
        [boards.measured(metrics, metric), reached.assign(estimator=estimators.ORACLE)], ignore_index=True
    )
    offsets = _offsets(len(looks))
    for place, name in enumerate(names):
        if name in registry.FLOORS:
            ax.axhspan(place - 0.5, place + 0.5, color=style.SHADE, linewidth=0, zorder=0)
        own = rows[rows["estimator"] == name].set_index("method")
        for (method, look), offset in zip(looks.items(), offsets, strict=True):
            if method in own.index and np.isfinite(own.loc[method, "estimate"]):
                _mark(ax, own.loc[method], place + offset, look)
    for x in (0, 1):
        ax.axvline(x, color=style.MUTED, linewidth=0.8, zorder=1)
    ax.set_yticks(
        range(len(names)),
        [estimators.label(name) for name in names] if style.is_left(ax) else [""] * len(names),
    )
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)


def _returns(ax: Axes, metrics: pd.DataFrame, looks: dict[str, style.Look]) -> None:
    """A row per method, the best first."""
    own = boards.of_runs(metrics, _RETURN).set_index("method")
    own = own.sort_values("estimate", ascending=False, kind="stable")
    for place, (method, row) in enumerate(own.iterrows()):
        _mark(ax, row, place, looks[str(method)])
    ax.set_yticks(range(len(own)), list(own.index))
    ax.set_ylim(len(own) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0, labelleft=False, labelright=True)
    ax.set_xlabel("episode return")


def _mark(ax: Axes, row: pd.Series, y: float, look: style.Look) -> None:
    if np.isfinite(row["low"]):
        ax.plot(
            [row["low"], row["high"]],
            [y, y],
            color=look.colour,
            linewidth=1.3,
            solid_capstyle="butt",
            zorder=2,
        )
    ax.plot(row["estimate"], y, zorder=3, linestyle="none", markersize=4, **look.point)


def _offsets(count: int) -> np.ndarray:
    return (np.arange(count) - (count - 1) / 2) * _ROW / count
