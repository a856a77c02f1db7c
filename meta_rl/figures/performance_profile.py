"""Performance profiles: in which share of its held-out contexts a method exceeds a score, for every score between
random (0) and the reference (1); informative contexts only, and none in which nobody can succeed. Line: mean over
runs. Band: 95 % interval over runs, whose number stands below the panels. Source: table ``scores``.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from meta_rl.contexts import RESULTS
from meta_rl.figures import bands, regions, style
from meta_rl.figures.blocks import blocks
from meta_rl.metrics.returns import run_profile
from meta_rl.tables import scores

TABLES = (scores.TABLE,)
THRESHOLDS = np.linspace(0, 1, 51)


def build(tables: dict[str, pd.DataFrame]) -> Figure:
    """One panel per benchmark and held-out region (and agent), one line per method."""
    scores = tables["scores"]
    counted = scores["score"].notna() & (scores["solvable"] != "false")
    scored = scores[scores["split"].isin(RESULTS) & counted]
    if scored.empty:
        return style.empty("No held-out context of this study is informative.")
    looks = style.looks(scores["method"])
    data = style.split(scored, "agent")
    present = {title: regions.ordered(rows["split"].unique()) for title, rows in data.items()}
    figure, axes = blocks(
        {title: list(map(regions.name, own)) for title, own in present.items()}, height=1.65
    )
    for title, panels in axes.items():
        for region, ax in zip(present[title], panels.values(), strict=True):
            _panel(ax, data[title][data[title]["split"] == region], looks)
        style.label_left(panels.values(), "share of contexts above")
    style.legend(figure, style.handles(looks))
    band = bands.describe_spread(bands.runs_per_method(scored))
    style.footer(figure, f"Informative held-out contexts. Line: mean over runs. Band: {band}.")
    return figure


def _panel(ax: Axes, rows: pd.DataFrame, looks: dict[str, style.Look]) -> None:
    for i, (method, look) in enumerate(looks.items()):
        mine = rows[rows["method"] == method]
        if len(mine):
            scores = mine.pivot(index="seed", columns="context_id", values="score").to_numpy()
            runs = pd.DataFrame(run_profile(scores, THRESHOLDS))
            bands.draw(ax, method, look, THRESHOLDS, runs, (2 * i, 10), possible=(0.0, 1.0))
    ax.set_xlim(-0.01, 1.01)
    ax.set_ylim(-0.03, 1.03)
    ax.set_xlabel("score")
