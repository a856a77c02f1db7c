"""The headline: the return per method and held-out region. Dot: a run's mean over contexts. Marker: the
interquartile mean (IQM) of the runs. Line: its 95 % interval over runs, whose number stands below the panels.
Source: tables ``metrics`` and ``scores``.
"""

import pandas as pd
from matplotlib.figure import Figure

from meta_rl.figures import forest
from meta_rl.tables import metrics, scores

TABLES = (metrics.TABLE, scores.TABLE)


def build(tables: dict[str, pd.DataFrame]) -> Figure:
    """One panel per benchmark (and agent); single runs are drawn beside the estimates."""
    metrics = tables["metrics"]
    estimates = metrics[metrics["metric"] == "iqm_return"]
    run = ["benchmark", "agent", "method", "information", "split", "seed"]
    runs = tables["scores"].groupby(run)["episode_return"].mean()
    figure, _ = forest.draw(estimates, "episode return", runs.reset_index(name="value"))
    forest.footer(figure, estimates, "Mean over contexts within a run. Marker: IQM over runs.")
    return figure
