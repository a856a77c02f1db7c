"""The context space of a published benchmark: its train region, its held-out splits, and the plain environment.

Marks are the first contexts of each split, which are the same in every study. Shaded: the train range, which of a
list are its values.
"""

import itertools
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FuncFormatter

from meta_rl.contexts import ALL, COMBINATORIAL, EXTRAPOLATION, INTERPOLATION, SINGLE, TRAIN, ContextSpace
from meta_rl.figures import style

CONTEXTS = 64  # drawn per split, or the next multiple of a region's parts
_MARKS: dict[str, dict[str, Any]] = {
    INTERPOLATION: {"color": "#0072B2", "marker": "o"},
    EXTRAPOLATION: {"color": "#D55E00", "marker": "s"},
    COMBINATORIAL: {"color": "#009E73", "marker": "^"},
    SINGLE: {"color": "#E69F00", "marker": "D"},
    ALL: {"color": "#D55E00", "marker": "s"},
}
_SIZE: dict[str, Any] = {"markersize": 2.6, "linestyle": "none", "markeredgewidth": 0}
_VALUE = 0.04  # width of a value's mark, as a share of the train range


def draw(space: ContextSpace) -> Figure:
    """The splits along one feature, or in the plane of the first two."""
    plane = len(space.features) > 1
    figure = Figure(figsize=(0.62 * style.WIDTH, 3.6 if plane else 1.5), layout="constrained")
    ax = figure.subplots()
    shade: dict[str, Any] = {"color": style.SHADE, "linewidth": 0, "zorder": 0}
    for corner, size in _train_ranges(space, 2 if plane else 1):
        if plane:
            ax.add_patch(Rectangle(corner, *size, **shade))
        else:
            ax.axvspan(corner[0], corner[0] + size[0], **shade)
    for height, (split, parts) in enumerate(space.regions.items()):
        drawn = space.draw_held_out(split, -(-CONTEXTS // parts) * parts)
        y = drawn[:, 1] if plane else np.full(len(drawn), float(height))
        ax.plot(drawn[:, 0], y, label=split, **_MARKS[split], **_SIZE)
    default: dict[str, Any] = {"color": style.INK, "marker": "+", "markersize": 8, "linestyle": "none"}
    ax.plot(space.defaults[0], space.defaults[1] if plane else len(space.regions), **default)
    _label(ax, space, plane)
    handles = [Line2D([], [], label=split, **_MARKS[split], **_SIZE) for split in space.regions]
    handles += [Line2D([], [], label="plain environment", **default)]
    style.legend(figure, [*handles, Patch(color=style.SHADE, label="train range")])
    return figure


def _train_ranges(space: ContextSpace, shown: int) -> list[np.ndarray]:
    """The train ranges in the first features, so many as are `shown`: corner and size of each box [2, shown].

    A value, which has no width, is given one that can be seen.
    """
    product = tuple(factor.train for factor in space.factors)
    unions = [part.pieces for part in space.boxes.get(TRAIN, ())] or [product]
    seen = _VALUE * np.subtract(*space.bounds()[::-1])[:shown]
    boxes = {}
    for pieces in unions:
        for cell in itertools.product(*pieces[:shown], *(rest[:1] for rest in pieces[shown:])):
            low, high = np.sort(space.values(np.array(cell).T), axis=0)[:, :shown]
            size = np.where(high > low, high - low, seen)
            boxes[(*low, *high)] = np.stack([np.where(high > low, low, low - size / 2), size])
    return list(boxes.values())


def _label(ax: Axes, space: ContextSpace, plane: bool) -> None:
    minus = FuncFormatter(lambda value, _: f"{value:g}".replace("-", style.MINUS))
    labels = [style.with_unit(feature.name, feature.unit) for feature in space.features]
    ax.set_xlabel(labels[0])
    ax.xaxis.set_major_formatter(minus)
    if plane:
        ax.set_ylabel(labels[1])
        ax.yaxis.set_major_formatter(minus)
    else:
        ax.set_yticks([])
        ax.set_ylim(-0.7, len(space.regions) + 0.7)
        ax.spines["left"].set_visible(False)
    ax.spines[["top", "right"]].set_visible(False)
