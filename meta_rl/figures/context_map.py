"""Return over the plane of two context features, on held-out contexts, in benchmarks that vary several: where a
method starts to fail as the dynamics change. Dot: a context. Colour: mean over runs, whose number stands below the
panels; the 95 % interval over runs is drawn in figure iqm. Reference: the best of the portfolio in a context.
Outline: the train ranges. Shaded: the part of them that is trained on, drawn from the train contexts of all runs
where it is not all. Source: tables ``scores`` and ``contexts``.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from meta_rl.contexts import COMBINATORIAL, RESULTS, TRAIN
from meta_rl.figures import bands, feature_axis, style
from meta_rl.figures.blocks import blocks
from meta_rl.tables import contexts, scores

TABLES = (contexts.TABLE, scores.TABLE)
_MAP = "viridis"
_TICKS = (1, 3)
_PLACE = ["split", "context_id"]
_SHADE = "#e2e2d9"  # of what is trained on


class _Plane(NamedTuple):
    """The contexts of a benchmark, in the first two of its features."""

    features: list[pd.DataFrame]  # the rows of the contexts table of the one on the x and on the y axis
    points: pd.DataFrame  # where each context is drawn, columns 0 and 1, by split and context_id


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
        plane = _plane(several[several["benchmark"] == data[title]["benchmark"].iloc[0]])
        _block(figure, panels, maps[title], plane)
    style.legend(figure, _handles())
    plane_shown = " Of more than two features the first two are shown." if count.max() > 2 else ""
    runs = bands.count(bands.runs_per_method(held_out))
    style.footer(figure, f"Held-out contexts. Colour: mean over {runs}; no interval.{plane_shown}")
    return figure


def _maps(rows: pd.DataFrame, methods: dict[str, style.Look]) -> dict[str, pd.Series]:
    """What is returned in each context: the reference's return, and each method's mean over runs."""
    returns = rows.pivot_table(index=_PLACE, columns="method", values="episode_return")
    own = {method: returns[method] for method in methods if method in returns}
    return {"reference": rows.groupby(_PLACE)["reference"].first(), **own}


def _plane(contexts: pd.DataFrame) -> _Plane:
    features = [rows for _, rows in contexts.groupby("feature")][:2]
    places = [
        feature_axis.sign(rows["value"]) * rows.set_index(_PLACE)["value"].rename(i)
        for i, rows in enumerate(features)
    ]
    return _Plane(features, pd.concat(places, axis=1))


def _block(figure: Figure, axes: dict[str, Axes], maps: dict[str, pd.Series], plane: _Plane) -> None:
    """The panels of one benchmark, and their colour bar."""
    low, high = (end(end(values) for values in maps.values()) for end in (min, max))
    colours = ScalarMappable(Normalize(low, high), _MAP)
    for name, ax in axes.items():
        _panel(ax, maps[name], plane, colours)
    style.label_left(axes.values(), style.feature_label(plane.features[1]))
    bar = figure.colorbar(colours, ax=list(axes.values()), aspect=25, pad=0.01, label="episode return")
    bar.outline.set_visible(False)


def _panel(ax: Axes, values: pd.Series, plane: _Plane, colours: ScalarMappable) -> None:
    signs = [feature_axis.sign(rows["value"]) for rows in plane.features]
    ranges = [
        sorted(sign * end for end in style.train_range(rows))
        for sign, rows in zip(signs, plane.features, strict=True)
    ]
    corner, opposite = zip(*ranges, strict=True)
    size = np.subtract(opposite, corner)
    box = Rectangle(corner, *size, facecolor="none", edgecolor=style.INK, linewidth=0.9, zorder=3)
    ax.add_patch(box)
    splits = plane.points.index.get_level_values("split")
    whole = all(rows["train_between"].iloc[0] for rows in plane.features)
    if COMBINATORIAL in splits or not whole:  # then training leaves a part of the box out
        x, y = plane.points.loc[splits == TRAIN, [0, 1]].to_numpy().T
        (dots,) = ax.plot(x, y, color=_SHADE, marker="o", markersize=5, markeredgewidth=0, linestyle="none",
                          zorder=0)  # fmt: skip
        dots.set_clip_path(box)
    else:
        ax.add_patch(Rectangle(corner, *size, color=_SHADE, linewidth=0, zorder=0))
    held_out = plane.points.loc[values.index]
    ax.scatter(held_out[0], held_out[1], s=6, c=colours.to_rgba(values), linewidths=0, zorder=2)
    for which, rows in zip("xy", plane.features, strict=True):
        feature_axis.scale(ax, which, rows["value"], _TICKS)
    ax.minorticks_off()
    ax.set_xlabel(style.feature_label(plane.features[0]))


def _handles() -> list[Patch]:
    return [
        Patch(label="train ranges", facecolor="none", edgecolor=style.INK, linewidth=0.9),
        Patch(label="trained on", color=_SHADE),
    ]
