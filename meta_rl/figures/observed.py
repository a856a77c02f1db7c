"""Return against the number of transitions of the context that a method was shown before the episode, and nothing more
in it: what an observation is worth to methods that infer the context. Marker: interquartile mean (IQM) over runs of
the mean over held-out contexts. Line: its 95 % interval over runs, whose number stands below the panels. Horizontal:
the others, in `cold`. Source: table ``metrics``.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from meta_rl.contexts import RESULTS
from meta_rl.figures import bands, regions, style
from meta_rl.figures.blocks import blocks
from meta_rl.tables import metrics
from meta_rl.tables.columns import BUDGETS, COLD, OBSERVED

TABLES = (metrics.TABLE,)


def build(tables: dict[str, pd.DataFrame]) -> Figure:
    """One panel per benchmark and held-out region (and agent), one line per method that infers the context."""
    metrics = tables["metrics"]
    estimates = metrics[(metrics["metric"] == "iqm_return") & metrics["split"].isin(RESULTS)]
    shown = estimates[estimates["information"].str.startswith(OBSERVED)]
    if shown.empty:
        return style.empty("No method of this study was evaluated after a number of observed transitions.")
    shown = shown.assign(shown=shown["information"].str.removeprefix(OBSERVED), information=COLD)
    blind = estimates[(estimates["information"] == COLD) & ~estimates["method"].isin(shown["method"])]
    looks = style.looks(metrics["method"])
    data, others = style.split(shown, "agent"), style.split(blind, "agent")
    present = {title: regions.ordered(rows["split"].unique()) for title, rows in data.items()}
    figure, axes = blocks(
        {title: list(map(regions.name, own)) for title, own in present.items()}, height=1.75
    )
    budgets = [str(budget) for budget in BUDGETS if str(budget) in set(shown["shown"])]
    for title, panels in axes.items():
        for region, ax in zip(present[title], panels.values(), strict=True):
            rows, around = (
                one[one["split"] == region] for one in (data[title], others.get(title, blind[:0]))
            )
            _panel(ax, rows, around, looks, budgets)
        low, high = zip(*(ax.get_ylim() for ax in panels.values()), strict=True)
        for ax in panels.values():
            ax.set_ylim(min(low), max(high))
        style.label_left(panels.values(), "episode return")
    style.legend(figure, style.handles(style.looks(estimates["method"])))
    runs = bands.describe(shown["n_seeds"])
    style.footer(figure, f"Mean over contexts within a run. Marker: IQM over runs. Line: {runs}.")
    return figure


def _panel(
    ax: Axes, shown: pd.DataFrame, blind: pd.DataFrame, looks: dict[str, style.Look], budgets: list[str]
) -> None:
    methods = [method for method in looks if method in set(shown["method"])]
    for i, method in enumerate(methods):
        rows = shown[shown["method"] == method].set_index("shown").reindex(budgets)
        x = [place + 0.12 * (i - (len(methods) - 1) / 2) for place in range(len(budgets))]
        ax.vlines(x, rows["low"], rows["high"], color=looks[method].colour, linewidth=1, zorder=2)
        ax.plot(x, rows["estimate"], label=method, zorder=3, **looks[method].line)
    for row in blind.to_dict("records"):
        look = looks[row["method"]]
        ax.axhline(row["estimate"], color=look.colour, linestyle=look.dash, linewidth=0.8, zorder=1)
    ax.set_xticks(range(len(budgets)), [budget.replace("episode", "all") for budget in budgets])
    ax.set_xlabel("observed transitions")
