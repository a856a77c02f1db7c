"""An axis over the values of a context feature, near end first: logarithmic where they span a wide range."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from meta_rl.contexts import TRAIN
from meta_rl.figures.style import MINUS, SHADE, train_range

POINTS = 12  # of a line, at most, below, inside and above the train range


def sign(values: pd.Series) -> int:
    """What values are multiplied with before they are drawn: a gravity of -20 is the far end, not the near one."""
    return -1 if values.max() < 0 else 1


def trained(ax: Axes, contexts: pd.DataFrame, turned: int = 1) -> None:
    """Shade what is trained on along x, of the contexts of one benchmark and feature, all times `turned`.

    That is the train range, or else, where not all of it is trained on, the values of the train contexts.
    """
    if contexts["train_between"].iloc[0]:
        low, high = sorted(turned * end for end in train_range(contexts))
        ax.axvspan(low, high, color=SHADE, linewidth=0, zorder=0)
    else:
        values = turned * contexts.loc[contexts["split"] == TRAIN, "value"].unique()
        ax.vlines(values, 0, 1, transform=ax.get_xaxis_transform(), color=SHADE, linewidth=3, zorder=0)


def scale(ax: Axes, which: str, values: pd.Series, ticks: tuple[int, ...]) -> bool:
    """Set up the axis `which` ("x" or "y") for these values, of any sign; whether it is logarithmic.

    `ticks` are the multiples of powers of ten that bear a label there.
    """
    turned = sign(values)
    axis, drawn = getattr(ax, f"{which}axis"), turned * values
    logarithmic = bool(0 < 5 * drawn.min() < drawn.max())
    if logarithmic:
        getattr(ax, f"set_{which}scale")("log")
        axis.set_major_locator(LogLocator(subs=ticks))
        axis.set_minor_formatter(NullFormatter())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{turned * value:g}".replace("-", MINUS)))
    return logarithmic


def points(x: pd.Series, low: float, high: float) -> pd.Series:
    """Which point of the line each row belongs to; no point mixes contexts inside and outside [low, high]."""
    values = x.drop_duplicates().sort_values()
    region = (values >= low).astype(int) + (values > high)
    per_point = np.ceil(values.groupby(region).transform("size") / POINTS)
    point = region * POINTS + values.groupby(region).cumcount() // per_point
    return x.map(dict(zip(values, point, strict=True)))
