"""The generalisation gap: how much of its score a method loses between its train contexts and held-out ones.
Marker: interquartile mean (IQM) over runs. Line: its 95 % interval over runs, whose number stands below the
panels. Source: table ``metrics``.
"""

import pandas as pd
from matplotlib.figure import Figure

from meta_rl.figures import forest, style
from meta_rl.tables import metrics

TABLES = (metrics.TABLE,)


def build(tables: dict[str, pd.DataFrame]) -> Figure:
    """One panel per benchmark (and agent); 0 is no loss, right of it is worse."""
    metrics = tables["metrics"]
    estimates = metrics[metrics["metric"] == "generalisation_gap"]
    figure, axes = forest.draw(estimates, "generalisation gap [score]")
    for ax in axes:
        ax.axvline(0, color=style.MUTED, linewidth=0.8, zorder=0)
    forest.footer(figure, estimates, "Train score minus held-out score. Marker: IQM over runs.")
    return figure
