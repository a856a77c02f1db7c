"""Return, shortfall and doubt side by side over the plane of two context features, on held-out contexts, in benchmarks
that vary several: does a policy doubt where it fails? Dot: a context. Colour: mean over runs, whose number stands
below the panels, of the return of the policy that doubts, of its shortfall to the reference, and of the rank of its
doubt within the run; the 95 % interval over runs is drawn in figure doubt_board. Drawn are the estimators of least
nAURC that are not told the context. Outline: the train ranges. Source: tables ``contexts``, ``deployment``,
``doubt_metrics``, ``scores`` and ``uncertainty``.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from meta_rl.contexts import RESULTS
from meta_rl.figures import bands, doubted, estimators, plane, style
from meta_rl.figures.blocks import blocks
from meta_rl.figures.plane import PLACE
from meta_rl.metrics.doubt import boards
from meta_rl.tables import contexts, deployment, doubt_metrics, scores, uncertainty

TABLES = (contexts.TABLE, deployment.TABLE, doubt_metrics.TABLE, scores.TABLE, uncertainty.TABLE)
RETURN, SHORTFALL = "return", "shortfall"
_SHOWN = 3  # estimators
_RETURNS, _BAD = "viridis", "viridis_r"  # dark is bad, in all panels

Maps = dict[str, pd.Series]  # by panel, the value of each context


def build(tables: dict[str, pd.DataFrame]) -> Figure:
    """Per benchmark of several features and method (and agent) a row: return, shortfall, and ranks of doubt."""
    contexts, rows = tables["contexts"], doubted.joined(tables, RESULTS)
    if rows.empty:
        return style.empty(estimators.NONE)
    count = contexts.groupby("benchmark")["feature"].transform("nunique")
    several = contexts[(count > 1) & contexts["benchmark"].isin(rows["benchmark"])]
    if several.empty:
        return style.empty("No benchmark of this study varies several features: see figure doubt_vs_context.")
    names = estimators.foremost(tables["doubt_metrics"], _SHOWN)
    data = doubted.by_method(rows[rows["benchmark"].isin(several["benchmark"])])
    maps = {title: _maps(own, names) for title, own in data.items()}
    bars = 0.5 * several["benchmark"].nunique() / len(maps)  # inches of each row
    figure, axes = blocks({title: list(one) for title, one in maps.items()}, height=1.45 + bars)
    for benchmark, places in several.groupby("benchmark"):
        titles = [title for title in data if data[title]["benchmark"].iloc[0] == benchmark]
        _benchmark(figure, {title: axes[title] for title in titles}, maps, plane.plane(places))
    style.legend(figure, plane.handles())
    runs = bands.count(bands.runs_per_method(rows))
    shown = plane.FIRST_TWO if count.max() > 2 else ""
    left_out = estimators.left_out(tables["doubt_metrics"], names)
    style.footer(
        figure,
        f"Held-out contexts, {boards.shown(rows)}. Colour: mean over {runs}; no interval. Rank: the share of the "
        f"run's contexts that are doubted less.{left_out}{shown}"
        f"{estimators.source(rows, TABLES)}",
    )
    return figure


def _maps(rows: pd.DataFrame, names: list[str]) -> Maps:
    means = rows.drop_duplicates(["seed", *PLACE]).groupby(PLACE)[["episode_return", "shortfall"]].mean()
    ranked = rows.assign(rank=doubted.ranks(rows, "doubt"))
    doubts = {name: own.groupby(PLACE)["rank"].mean() for name, own in ranked.groupby("estimator")}
    return {
        RETURN: means["episode_return"],
        SHORTFALL: means["shortfall"],
        **{name: doubts[name] for name in names if name in doubts},
    }


def _benchmark(
    figure: Figure, axes: dict[str, dict[str, Axes]], maps: dict[str, Maps], own: plane.Plane
) -> None:
    """The rows of one benchmark on one scale, with their colour bars below the last of them."""
    scales = {
        RETURN: _scale(_RETURNS, [maps[title][RETURN] for title in axes]),
        SHORTFALL: _scale(_BAD, [maps[title][SHORTFALL] for title in axes]),
    }
    ranks = ScalarMappable(Normalize(0, 1), _BAD)
    for title, panels in axes.items():
        for name, ax in panels.items():
            plane.draw(ax, maps[title][name], own, scales.get(name, ranks))
        style.label_left(panels.values(), style.feature_label(own.features[1]))
    for name, colours in scales.items():
        _bar(figure, colours, [panels[name] for panels in axes.values()], len(axes), name)
    if doubts := [ax for panels in axes.values() for name, ax in panels.items() if name not in scales]:
        _bar(figure, ranks, doubts, len(axes), "doubt, rank within the run")


def _scale(colours: str, values: list[pd.Series]) -> ScalarMappable:
    return ScalarMappable(
        Normalize(min(one.min() for one in values), max(one.max() for one in values)), colours
    )


def _bar(figure: Figure, colours: ScalarMappable, axes: list[Axes], rows: int, label: str) -> None:
    """Below so many rows of panels; as thick and as far from them, however many panels there are."""
    columns = len({ax.get_position().x0 for ax in axes})
    bar = figure.colorbar(
        colours, ax=axes, location="bottom", aspect=15 * columns, pad=0.06 / rows, label=label
    )
    bar.outline.set_visible(False)
