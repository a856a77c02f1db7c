"""The plane of two context features: where contexts lie in it, and what is trained on."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.patches import Patch, Rectangle

from meta_rl.contexts import COMBINATORIAL, TRAIN
from meta_rl.figures import feature_axis, style

PLACE = ["split", "context_id"]
FIRST_TWO = " Of more than two features the first two are shown."
_TICKS = (1, 3)
_SHADE = "#e2e2d9"  # of what is trained on


class Plane(NamedTuple):
    """The contexts of a benchmark, in the first two of its features."""

    features: list[pd.DataFrame]  # the rows of the contexts table of the one on the x and on the y axis
    points: pd.DataFrame  # where each context is drawn, columns 0 and 1, by split and context_id


def plane(contexts: pd.DataFrame) -> Plane:
    """Of one benchmark's rows of the contexts table."""
    features = [rows for _, rows in contexts.groupby("feature")][:2]
    places = [
        feature_axis.sign(rows["value"]) * rows.set_index(PLACE)["value"].rename(i)
        for i, rows in enumerate(features)
    ]
    return Plane(features, pd.concat(places, axis=1))


def draw(ax: Axes, values: pd.Series, plane: Plane, colours: ScalarMappable) -> None:
    """Contexts as dots in the colour of their value, by split and context_id, and the train ranges."""
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


def handles() -> list[Patch]:
    """The legend's entries for what is trained on."""
    return [
        Patch(label="train ranges", facecolor="none", edgecolor=style.INK, linewidth=0.9),
        Patch(label="trained on", color=_SHADE),
    ]
