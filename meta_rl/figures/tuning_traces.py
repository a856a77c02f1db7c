"""The incumbent of a tuning against what its trials have cost."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator

from meta_rl.figures import bands, style


def build(traces: pd.DataFrame, possible: dict[str, tuple[float, float]]) -> Figure:
    """One panel per benchmark (and agent), one line per method: the mean over repetitions, with their spread.

    `traces` are those of `metrics.tuning`; all start at the score of the default settings. `possible` is what an
    episode of each benchmark can return, where that is known.
    """
    looks = style.looks(traces["method"])
    data = style.split(traces, "agent")
    figure, axes = style.panels(data, height=1.95)
    for title, ax in axes.items():
        within = possible.get(data[title]["benchmark"].iloc[0], bands.ANY)
        for i, (method, look) in enumerate(looks.items()):
            mine = data[title][data[title]["method"] == method]
            if mine.empty:
                continue
            runs = (
                mine.pivot(index="repetition", columns="spent", values="score").ffill(axis=1).dropna(axis=1)
            )
            steps = np.repeat(
                np.arange(runs.shape[1]), 2
            )  # a score holds until the next trial has been paid for
            bands.draw(
                ax, method, look, runs.columns[steps[1:]], runs.iloc[:, steps[:-1]], (2 * i, 20), within
            )
        ax.set_xlim(left=0)
        ax.set_xlabel("environment steps of a tuning, all seeds")
        ax.xaxis.set_major_locator(MaxNLocator(5))
        ax.xaxis.set_major_formatter(EngFormatter(sep=""))
    style.label_left(axes.values(), "incumbent's validation return")
    style.legend(figure, style.handles(looks))
    spread = bands.describe_spread(repetitions(traces)).replace("run", "tuning")
    style.footer(
        figure,
        "Best trial so far among those trained to the end; the first trial is the default settings. IQM over tuning "
        f"seeds of the mean over validation contexts. Line: mean over repetitions of the tuning. Band: {spread}.",
    )
    return figure


def repetitions(traces: pd.DataFrame) -> np.ndarray:
    """How many each method of each benchmark and agent has."""
    return traces.groupby(["benchmark", "agent", "method"])["repetition"].nunique().to_numpy()
