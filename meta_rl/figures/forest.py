"""Estimates with intervals, one row per method, the two held-out regions beside each other in it."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from meta_rl.figures import bands, style

REGIONS = {"interpolation": -0.19, "extrapolation": 0.19}  # where in a method's row; downwards
_KEYS = ["benchmark", "agent", "method", "information", "split"]
_ESTIMATE: dict[str, Any] = {
    "color": style.INK, "marker": "o", "markersize": 4.5, "markeredgewidth": 1.1, "linewidth": 1.6,
}  # fmt: skip


def draw(estimates: pd.DataFrame, label: str, runs: pd.DataFrame | None = None) -> tuple[Figure, list[Axes]]:
    """One panel per benchmark (and agent) from rows of the metrics table, with their legend.

    `runs`, if given, has the same keys and a column `value`: single runs, drawn as faint dots.
    """
    looks = style.looks(estimates["method"])
    held_out = estimates[estimates["split"].isin(REGIONS)]
    data = style.split(held_out, "agent", "information")
    figure, axes = style.panels(data, height=0.65 + 0.27 * len(looks))
    for title, ax in axes.items():
        one = data[title]
        if runs is not None:
            _dots(ax, one[_KEYS].merge(runs, on=_KEYS), looks)
        _estimates(ax, one, looks)
        _rows(ax, list(looks))
        ax.set_xlabel(label)
    style.legend(figure, _handles(dots=runs is not None))
    return figure, list(axes.values())


def _estimates(ax: Axes, rows: pd.DataFrame, looks: dict[str, style.Look]) -> None:
    order = list(looks)
    for row in rows.to_dict("records"):
        look, y = looks[row["method"]], order.index(row["method"]) + REGIONS[row["split"]]
        of_region = {"markerfacecolor": look.colour if row["split"] == "interpolation" else "white"}
        ax.plot(
            [row["low"], row["high"]],
            [y, y],
            color=look.colour,
            linewidth=1.6,
            solid_capstyle="butt",
            zorder=2,
        )
        ax.plot(
            row["estimate"],
            y,
            label=f"{row['method']}, {row['split']}",
            zorder=3,
            **_ESTIMATE | look.point | of_region,
        )


def _dots(ax: Axes, runs: pd.DataFrame, looks: dict[str, style.Look]) -> None:
    order = list(looks)
    y = runs["method"].map(order.index) + 1.75 * runs["split"].map(REGIONS)
    ax.scatter(runs["value"], y, s=5, c=[looks[method].colour for method in runs["method"]], alpha=0.45,
               linewidths=0, zorder=1)  # fmt: skip


def _rows(ax: Axes, methods: list[str]) -> None:
    ax.set_yticks(range(len(methods)), methods if style.is_left(ax) else [""] * len(methods))
    ax.set_ylim(len(methods) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    for y in np.arange(len(methods) - 1) + 0.5:
        ax.axhline(y, color=style.SHADE, linewidth=0.8, zorder=0)


def _handles(dots: bool) -> list[Line2D]:
    handles = [
        Line2D([], [], label="interpolation", **_ESTIMATE),
        Line2D([], [], label="extrapolation", markerfacecolor="white", **_ESTIMATE),
    ]
    run = Line2D([], [], label="single run", color=style.MUTED, marker="o", markersize=2, linestyle="none")
    return [*handles, run] if dots else handles


def footer(figure: Figure, estimates: pd.DataFrame, text: str) -> None:
    """`text`, then what the lines are."""
    style.footer(figure, f"{text} Line: {bands.describe(estimates['n_seeds'])}.")
