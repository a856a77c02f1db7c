"""A figure drawn from tables, with its lines and texts."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from meta_rl import registry
from meta_rl.figures import style

Tables = dict[str, pd.DataFrame]
OBSERVED = ("observed_0", "observed_20", "observed_episode")


def draw(name: str, tables: Tables) -> Figure:
    with style.context():
        return registry.load("figure", name).build(tables)


def lines(ax: Axes) -> dict[str, Any]:
    return {line.get_label(): line for line in ax.get_lines()}


def texts(figure: Figure) -> str:
    return " ".join("\n".join(text.get_text() for text in figure.findobj(Text)).split())
