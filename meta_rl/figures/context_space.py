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


def draw(space: ContextSpace) -> Figure:
    """The splits along one feature, or in the plane of the first two."""
    plane = len(space.features) > 1
    figure = Figure(figsize=(0.62 * style.WIDTH, 3.6 if plane else 1.5), layout="constrained")
    ax = figure.subplots()
    for low, high in np.array(sorted(_train_ranges(space, 2 if plane else 1))):
        # What has no width is drawn as a line, or as a dot.
        shade: dict[str, Any] = {
            "color": style.SHADE,
            "linewidth": 0 if (low < high).all() else 3,
            "zorder": 0,
        }
        if plane:
            ax.add_patch(Rectangle(tuple(low), *(high - low), joinstyle="round", **shade))
        else:
            ax.axvspan(low[0], high[0], **shade)
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


def _train_ranges(space: ContextSpace, shown: int) -> set[tuple[tuple[float, ...], ...]]:
    """The boxes of the train ranges in the first features, so many as are `shown`: their lowest and highest values."""
    product = tuple(factor.train for factor in space.factors)
    unions = [part.pieces for part in space.boxes.get(TRAIN, ())] or [product]
    boxes = set()
    for pieces in unions:
        for cell in itertools.product(*pieces[:shown], *(rest[:1] for rest in pieces[shown:])):
            ends = np.sort(space.values(np.array(cell).T), axis=0)[:, :shown]
            boxes.add(tuple(map(tuple, ends.tolist())))
    return boxes


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
