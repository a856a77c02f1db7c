"""Training return against the interactions that a run has paid for, those of pretraining included. Line: mean
over runs. Band: 95 % interval over runs, whose number stands below the panels. Source: table ``learning``,
and ``scores`` for what returns are possible.
"""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator

from meta_rl.figures import bands, style
from meta_rl.tables import learning, scores

TABLES = (learning.TABLE, scores.TABLE)


def build(tables: dict[str, pd.DataFrame]) -> Figure:
    """One panel per benchmark (and agent), one line per method, with an interval over runs as its band.

    A run in which no episode ended since its last point keeps the value of that point.
    """
    learning = tables["learning"]
    returns = learning[learning["metric"] == "episode_return"]
    if returns["value"].isna().all():
        return style.empty("No training episode has ended.")
    looks = style.looks(learning["method"])
    data = style.split(returns, "agent")
    figure, axes = style.panels(data, height=1.95)
    for title, ax in axes.items():
        of = tables["scores"]["benchmark"] == data[title]["benchmark"].iloc[0]
        possible = bands.possible(tables["scores"][of]) if of.any() else bands.ANY
        for i, (method, look) in enumerate(looks.items()):
            mine = data[title][data[title]["method"] == method]
            runs = mine.pivot(index="seed", columns="env_steps", values="value").ffill(axis=1).dropna(axis=1)
            if runs.size:
                bands.draw(ax, method, look, runs.columns, runs, (2 * i, 10), possible)
        ax.set_xlim(left=0)
        ax.set_xlabel("environment steps")
        ax.xaxis.set_major_locator(MaxNLocator(5))
        ax.xaxis.set_major_formatter(EngFormatter(sep=""))
    style.label_left(axes.values(), "training return")
    style.legend(figure, style.handles(looks))
    band = bands.describe_spread(bands.runs_per_method(returns))
    style.footer(figure, f"Steps include those of pretraining. Line: mean over runs. Band: {band}.")
    return figure
