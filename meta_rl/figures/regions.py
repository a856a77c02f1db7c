"""The held-out regions in figures: how one is named, and how the markers tell them apart."""

from collections.abc import Iterable
from typing import Any

import pandas as pd
from matplotlib.lines import Line2D

from meta_rl.contexts import ALL, COMBINATORIAL, EXTRAPOLATION, INTERPOLATION, SINGLE
from meta_rl.figures import style

# From inside the train set outwards. (No benchmark has both of the last two, which share a look.)
_FILLS = {
    INTERPOLATION: "full",
    COMBINATORIAL: "left",
    SINGLE: "bottom",
    EXTRAPOLATION: "none",
    ALL: "none",
}


def ordered(splits: Iterable[str]) -> list[str]:
    """The held-out regions among these splits, from the inside outwards."""
    return [region for region in _FILLS if region in set(splits)]


def name(region: str) -> str:
    """In words: `single extrapolation`."""
    return region.replace("_", " ")


def marker(region: str, colour: str) -> dict[str, Any]:
    """How a marker of this colour is filled: the fuller, the closer to what was trained on."""
    fill = _FILLS[region]
    if fill == "none":  # white, which hides what lies behind
        return {"color": colour, "markerfacecolor": "white"}
    return {"color": colour, "markerfacecolor": colour, "markerfacecoloralt": "white", "fillstyle": fill}


def handles(splits: pd.Series, **point: Any) -> list[Line2D]:
    """The legend's entries for the regions among these splits, one per look."""
    names: dict[str, str] = {}
    for region in ordered(splits.unique()):
        fill = _FILLS[region]
        names[fill] = f"{names[fill]} / {name(region)}" if fill in names else name(region)
    look = {fill: marker(region, style.INK) for region, fill in _FILLS.items()}
    return [Line2D([], [], label=label, **point | look[fill]) for fill, label in names.items()]
