"""The looks that all figures share: one colour, marker and dash per method, panels, legend and footer.

Figures are drawn at the width of a printed page (7 inches), so that text keeps its size in a paper.
"""

import math
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import matplotlib
import pandas as pd
import seaborn
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from meta_rl.tables.columns import COLD, PROBED, REGIMES

WIDTH = 7.0  # inches
INK, MUTED, SHADE = "#222222", "#6f6f6f", "#efefe9"
MINUS = "\N{MINUS SIGN}"
BAND = 0.16  # opacity of an interval's band
_EDGE = {"markeredgecolor": "white", "markeredgewidth": 0.4}  # keeps markers apart where they overlap


class Look(NamedTuple):
    """How a method is drawn, everywhere."""

    colour: str
    marker: str
    dash: Any

    @property
    def point(self) -> dict[str, Any]:
        return {"color": self.colour, "marker": self.marker}

    @property
    def line(self) -> dict[str, Any]:
        return self.point | {"linestyle": self.dash, **_EDGE}


# Okabe and Ito's palette, then Tol's: made for colour-blind readers. Marker and dash tell methods apart, too.
_SOLID, _DASHED, _DASHDOT, _LONG = "-", (0, (4, 1.5)), (0, (5, 1.2, 1, 1.2)), (0, (8, 1.5))
_FIXED = {
    "none": Look("#d55e00", "o", _DASHED),
    "explicit": Look("#0072b2", "s", _SOLID),
    "iida": Look("#009e73", "^", _DASHDOT),
    "jrpl": Look("#cc79a7", "D", _LONG),
    "epi": Look("#e69f00", "v", _DASHDOT),
    "default": Look("#56b4e9", "P", _DASHED),
    "random_encoder": Look("#882255", "X", _LONG),
    "shuffled": Look("#999933", "*", _DASHED),
    "cgate": Look("#332288", "p", _SOLID),
    "adapter": Look("#117733", "d", _SOLID),
    "recurrent": Look("#000000", "h", _SOLID),
    "stacked": Look("#997700", "<", _DASHDOT),
    # A control has the colour of what it controls, made paler.
    "adapter_shuffled": Look("#99ccaa", "d", _DASHED),
    "recurrent_cleared": Look("#888888", "h", _DASHED),
    "stacked_cleared": Look("#eecc66", "<", _DASHED),
    "cgate_shuffled": Look("#ddcc77", "H", _DASHED),
}
_MARKERS, _DASHES = ("8", "h", "<", ">"), (_SOLID, _DASHED, _DASHDOT, _LONG)
_FREE = [
    Look(colour, _MARKERS[i], _DASHES[(i + shift) % len(_DASHES)])
    for shift in range(len(_DASHES))
    for i in range(len(_MARKERS))
    for colour in ("#661100", "#88aa66", "#aa4499")
]


def looks(methods: Iterable[str]) -> dict[str, Look]:
    """The look of each method, in drawing order: the known ones, then the others by name.

    Give it all methods of the study, also where a figure shows a few of them: then a method that is not
    listed above looks the same in every figure, too.
    """
    names = set(methods)
    others = sorted(names - _FIXED.keys())
    known = {name: look for name, look in _FIXED.items() if name in names}
    return known | {name: _FREE[i % len(_FREE)] for i, name in enumerate(others)}


_SETTINGS = {
    "font.family": ["DejaVu Sans"],  # ships with matplotlib: the same letters on every machine
    "font.size": 8,
    "axes.titlesize": 8.5,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7.5,
    "figure.titlesize": 8,
    "axes.titlelocation": "left",
    "axes.linewidth": 0.7,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "xtick.minor.size": 1.5,
    "lines.linewidth": 1.3,
    "lines.markersize": 3.5,
    "axes.edgecolor": INK,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "pdf.fonttype": 42,  # text stays text
    "savefig.dpi": 200,
}


@contextmanager
def context() -> Iterator[None]:
    """The settings under which a figure is built and saved: ours over matplotlib's, whatever the user's files say."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(seaborn.axes_style("ticks") | _SETTINGS)
        yield


def split(table: pd.DataFrame, *keys: str) -> dict[str, pd.DataFrame]:
    """The rows of each panel by its title: the benchmark, then of `keys` the method and what varies within one.

    Of several information regimes, those in which methods are ranked with "information" in `keys`, else `cold`. If
    nothing was tested there, or with "method" in `keys` one method was not, `probe10` stands in its place.
    """
    if "information" in table and "information" in keys:
        table = table[table["information"].isin(REGIMES)]
    elif "information" in table:
        cold = table["information"] == COLD
        tested = cold.groupby(table["method"]).transform("any") if "method" in keys else cold.any()
        table = table[cold | (table["information"] == PROBED) & ~tested]
    varies = table.groupby("benchmark")[list(keys)].nunique().max() > 1
    named = [key for key in keys if key == "method" or varies[key]]
    groups = table.groupby([*named, "benchmark"])
    return {", ".join(map(str, [benchmark, *values])): rows for (*values, benchmark), rows in groups}


def train_range(rows: pd.DataFrame) -> tuple[float, float]:
    """Lowest and highest value of the declared train range, of the rows' one benchmark and feature."""
    low, high = rows[["train_low", "train_high"]].iloc[0]
    return low, high


def panels(data: dict[str, pd.DataFrame], height: float) -> tuple[Figure, dict[str, Axes]]:
    """A figure with one panel for each of `split`'s, up to three abreast and each `height` inches tall."""
    benchmarks = len({benchmark for rows in data.values() for benchmark in rows["benchmark"].unique()})
    columns = {1: 1, 2: 2, 4: 2}.get(benchmarks if benchmarks > 1 else len(data), 3)
    rows = math.ceil(len(data) / columns)
    figure = Figure(
        figsize=(WIDTH if columns > 1 else 0.7 * WIDTH, rows * height + 0.6), layout="constrained"
    )
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax in grid[len(data) :]:
        ax.remove()
    axes = dict(zip(data, grid, strict=False))
    letters = int(13 * figure.get_figwidth() / columns) - 4
    for title, ax in axes.items():
        ax.set_title(_wrapped(title, letters))
        seaborn.despine(ax=ax)
    return figure, axes


def _wrapped(title: str, letters: int) -> str:
    """In lines of so many letters; a name that is too long for one is broken behind an underscore."""
    words = [word.replace("_", "_ ") if len(word) > letters else word for word in title.split()]
    return textwrap.fill(" ".join(words), letters).replace("_ ", "_")


def empty(message: str) -> Figure:
    """A figure that says why there is nothing to draw."""
    figure = Figure(figsize=(0.7 * WIDTH, 1), layout="constrained")
    figure.text(0.5, 0.5, message, ha="center", va="center", color=MUTED)
    return figure


def label_left(axes: Iterable[Axes], text: str) -> None:
    """Label the y axis of the panels in the first column."""
    for ax in filter(is_left, axes):
        ax.set_ylabel(text)


def is_left(ax: Axes) -> bool:
    """Whether a panel stands in the first column."""
    place = ax.get_subplotspec()
    return place is not None and place.is_first_col()


def feature_label(rows: pd.DataFrame) -> str:
    """`gravity [m/s²]`, of the rows' one feature."""
    feature, unit = rows[["feature", "unit"]].iloc[0]
    return with_unit(feature, unit)


def with_unit(name: str, unit: str) -> str:
    """`gravity [m/s²]`."""
    return f"{name} [{unit.replace('^2', '²')}]" if unit else name


def legend(figure: Figure, handles: Sequence[Artist]) -> None:
    """One legend for all panels, above them, in as few rows as fit."""
    width = sum(0.47 + 0.062 * len(str(handle.get_label())) for handle in handles)  # inches, about
    rows = math.ceil(width / figure.get_figwidth())
    figure.legend(
        handles=handles,
        loc="outside upper center",
        ncols=math.ceil(len(handles) / rows),
        frameon=False,
        handlelength=2.4,
        handletextpad=0.5,
        columnspacing=1.1,
    )


def handles(looks: dict[str, Look]) -> list[Line2D]:
    """The legend's entries for methods that are drawn as lines."""
    return [Line2D([], [], label=method, **look.line) for method, look in looks.items()]


def footer(figure: Figure, text: str) -> None:
    """A small note under the panels: how many runs, and what the interval is."""
    lines = textwrap.fill(text, int(19 * figure.get_figwidth()))  # 19 letters an inch
    figure.supxlabel(lines, x=0.01, ha="left", fontsize=6.5, color=MUTED)
