"""Estimates with intervals, one row per method, the held-out regions of the benchmark below each other in it."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from meta_rl.contexts import RESULTS
from meta_rl.figures import bands, regions, style

_KEYS = ["benchmark", "agent", "method", "information", "split"]
_ROW = 0.86  # part of a method's row that its regions share
_ESTIMATE: dict[str, Any] = {
    "marker": "o", "markersize": 4.5, "markeredgewidth": 1.1, "linewidth": 1.6,
}  # fmt: skip


def draw(estimates: pd.DataFrame, label: str, runs: pd.DataFrame | None = None) -> tuple[Figure, list[Axes]]:
    """One panel per benchmark (and agent) from rows of the metrics table, with their legend.

    `runs`, if given, has the same keys and a column `value`: single runs, drawn as faint dots.
    """
    looks = style.looks(estimates["method"])
    held_out = estimates[estimates["split"].isin(RESULTS)]
    data = style.split(held_out, "agent", "information")
    most = max(one["split"].nunique() for one in data.values())
    figure, axes = style.panels(data, height=0.65 + 0.13 * most * len(looks))
    for title, ax in axes.items():
        one = data[title]
        panel(ax, one, looks, None if runs is None else one[_KEYS].merge(runs, on=_KEYS))
        ax.set_xlabel(label)
    style.legend(figure, handles(held_out, dots=runs is not None))
    return figure, list(axes.values())


def panel(
    ax: Axes, rows: pd.DataFrame, looks: dict[str, style.Look], runs: pd.DataFrame | None = None
) -> None:
    """The estimates of one benchmark, and agent, in a panel: a row for each method of `looks`."""
    places = _places(rows, list(looks))
    if runs is not None:
        _dots(ax, runs, looks, places)
    _estimates(ax, rows, looks, places)
    _rows(ax, list(looks), set(rows["method"]))


def _places(rows: pd.DataFrame, methods: list[str]) -> dict[tuple[str, str], float]:
    """The height at which each method's region is drawn; downwards, in rows."""
    present = regions.ordered(rows["split"].unique())
    step = _ROW / len(present)
    offsets = step * (np.arange(len(present)) - (len(present) - 1) / 2)
    return {
        (method, region): row + offset
        for row, method in enumerate(methods)
        for region, offset in zip(present, offsets, strict=True)
    }


def _estimates(
    ax: Axes, rows: pd.DataFrame, looks: dict[str, style.Look], places: dict[tuple[str, str], float]
) -> None:
    for row in rows.to_dict("records"):
        look, y = looks[row["method"]], places[row["method"], row["split"]]
        if np.isfinite(row["low"]):
            ends = [row["low"], row["high"]]
            ax.plot(ends, [y, y], color=look.colour, linewidth=1.6, solid_capstyle="butt", zorder=2)
        filled = look.point | regions.marker(row["split"], look.colour)
        ax.plot(row["estimate"], y, label=f"{row['method']}, {row['split']}", zorder=3, **_ESTIMATE | filled)


def _dots(
    ax: Axes, runs: pd.DataFrame, looks: dict[str, style.Look], places: dict[tuple[str, str], float]
) -> None:
    """Just below the estimates of their region."""
    below = 0.37 * _ROW / runs["split"].nunique()
    y = [places[method, split] + below for method, split in zip(runs["method"], runs["split"], strict=True)]
    ax.scatter(runs["value"], y, s=5, c=[looks[method].colour for method in runs["method"]], alpha=0.45,
               linewidths=0, zorder=1)  # fmt: skip


def _rows(ax: Axes, methods: list[str], tested: set[str]) -> None:
    """The rows' names and borders. Who was not tested here, because it is made for the other regime, is NA."""
    ax.set_yticks(range(len(methods)), methods if style.is_left(ax) else [""] * len(methods))
    ax.set_ylim(len(methods) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    for row, method in enumerate(methods):
        if method not in tested:
            ax.text(
                0.5,
                row,
                "NA",
                transform=ax.get_yaxis_transform(),
                color=style.MUTED,
                ha="center",
                va="center",
            )
    for y in np.arange(len(methods) - 1) + 0.5:
        ax.axhline(y, color=style.SHADE, linewidth=0.8, zorder=0)


def handles(rows: pd.DataFrame, dots: bool) -> list[Line2D]:
    """The legend's entries for the regions of these rows, and for single runs."""
    entries = regions.handles(rows["split"], **_ESTIMATE)
    run = Line2D([], [], label="single run", color=style.MUTED, marker="o", markersize=2, linestyle="none")
    return [*entries, run] if dots else entries


def footer(figure: Figure, estimates: pd.DataFrame, text: str) -> None:
    """`text`, then what the lines are."""
    style.footer(figure, f"{text} Line: {bands.describe(estimates['n_seeds'])}.")
