"""Figures in blocks: a benchmark begins a row of its own, and its panels share what is written at the left."""

import math

import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from meta_rl.figures import style

COLUMNS = 5  # panels abreast, at most


def blocks(names: dict[str, list[str]], height: float) -> tuple[Figure, dict[str, dict[str, Axes]]]:
    """A figure with a panel for each name in each block; panels are `height` inches tall, with their labels.

    Only the first panel of a row has tick labels at its y axis: all panels of a block must have the same.
    """
    columns = min(COLUMNS, max(map(len, names.values())))
    rows = {title: math.ceil(len(panels) / columns) for title, panels in names.items()}
    total = sum(rows.values())
    figure = Figure(figsize=(style.WIDTH, 0.6 + 0.15 * len(names) + total * height), layout="constrained")
    grid = figure.subplots(total, columns, squeeze=False)
    axes: dict[str, dict[str, Axes]] = {}
    for title, panels in names.items():
        own, grid = grid[: rows[title]].ravel(), grid[rows[title] :]
        for ax in own[len(panels) :]:
            ax.remove()
        axes[title] = dict(zip(panels, own, strict=False))
        for name, ax in axes[title].items():
            ax.set_title(name)
            ax.tick_params(labelleft=style.is_left(ax))
            seaborn.despine(ax=ax)
        own[0].set_title(f"\n{next(iter(panels))}")  # leaves a line for the title, which may be wider
        own[0].annotate(title, (0, 1), xytext=(0, 18), xycoords="axes fraction", textcoords="offset points",
                        fontsize=own[0].title.get_fontsize(), in_layout=False)  # fmt: skip
    return figure, axes
