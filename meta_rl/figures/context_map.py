"""Return over the plane of two context features, on held-out contexts, in benchmarks that vary several: where a
method starts to fail as the dynamics change. Dot: a context. Colour: mean over runs, whose number stands below the
panels; the 95 % interval over runs is drawn in figure iqm. Reference: the best of the portfolio in a context.
Outline: the train ranges. Shaded: the part of them that is trained on, drawn from the train contexts of all runs
where it is not all. Source: tables ``scores`` and ``contexts``.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from meta_rl.contexts import RESULTS
from meta_rl.figures import bands, plane, style
from meta_rl.figures.blocks import blocks
from meta_rl.figures.plane import PLACE, Plane
from meta_rl.tables import contexts, scores

TABLES = (contexts.TABLE, scores.TABLE)
_MAP = "viridis"


def build(tables: dict[str, pd.DataFrame]) -> Figure:
    """Per benchmark of several features (and agent) one panel of the reference and one per method, on one scale."""
    contexts, scores = tables["contexts"], tables["scores"]
    count = contexts.groupby("benchmark")["feature"].transform("nunique")
    if not (count > 1).any():
        return style.empty(
            "No benchmark of this study varies several features: see figure return_vs_context."
        )
    several = contexts[count > 1]
    held_out = scores[scores["split"].isin(RESULTS) & scores["benchmark"].isin(several["benchmark"])]
    data = style.split(held_out, "agent")
    maps = {title: _maps(rows, style.looks(scores["method"])) for title, rows in data.items()}
    figure, axes = blocks({title: list(one) for title, one in maps.items()}, height=1.55)
    for title, panels in axes.items():
        own = plane.plane(several[several["benchmark"] == data[title]["benchmark"].iloc[0]])
        _block(figure, panels, maps[title], own)
    style.legend(figure, plane.handles())
    shown = plane.FIRST_TWO if count.max() > 2 else ""
    runs = bands.count(bands.runs_per_method(held_out))
    style.footer(figure, f"Held-out contexts. Colour: mean over {runs}; no interval.{shown}")
    return figure


def _maps(rows: pd.DataFrame, methods: dict[str, style.Look]) -> dict[str, pd.Series]:
    """What is returned in each context: the reference's return, and each method's mean over runs."""
    returns = rows.pivot_table(index=PLACE, columns="method", values="episode_return")
    own = {method: returns[method] for method in methods if method in returns}
    return {"reference": rows.groupby(PLACE)["reference"].first(), **own}


def _block(figure: Figure, axes: dict[str, Axes], maps: dict[str, pd.Series], own: Plane) -> None:
    """The panels of one benchmark, and their colour bar."""
    low, high = (end(end(values) for values in maps.values()) for end in (min, max))
    colours = ScalarMappable(Normalize(low, high), _MAP)
    for name, ax in axes.items():
        plane.draw(ax, maps[name], own, colours)
    style.label_left(axes.values(), style.feature_label(own.features[1]))
    bar = figure.colorbar(colours, ax=list(axes.values()), aspect=25, pad=0.01, label="episode return")
    bar.outline.set_visible(False)
