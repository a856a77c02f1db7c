"""What is left of the shortfall where a policy acts only in the contexts that it doubts least, against the part of the
held-out contexts that it keeps. Line: mean over runs of the mean shortfall of the contexts kept; equal doubts count by
the expectation over their orders. Band: 95 % interval over runs, whose number stands below the panels. The oracle ranks
contexts by their shortfall in other episodes, ``random`` knows nothing, ``range_distance`` is told the context. Beside
them the estimators of least nAURC. Contexts that nobody can solve are left out. Source: tables ``deployment``,
``doubt_metrics``, ``scores`` and ``uncertainty``.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from meta_rl.contexts import RESULTS
from meta_rl.figures import bands, doubted, estimators, style
from meta_rl.metrics.doubt import boards
from meta_rl.metrics.doubt.runs import Run, gathered
from meta_rl.metrics.doubt.selective import in_order
from meta_rl.metrics.scores import RUN
from meta_rl.tables import deployment, doubt_metrics, scores, uncertainty

TABLES = (deployment.TABLE, doubt_metrics.TABLE, scores.TABLE, uncertainty.TABLE)
_SHOWN = 4  # estimators, beside the references
_LEAST = 0.05  # part kept; of fewer contexts the mean is noise
_REFERENCES = ("random", "range_distance")

Curves = dict[str, pd.DataFrame]  # by who ranks, the shortfall of each run (row) at each part kept (column)


def build(tables: dict[str, pd.DataFrame]) -> Figure:
    """One panel per benchmark and method (and agent)."""
    rows = doubted.joined(tables, RESULTS)
    if rows.empty:
        return style.empty(estimators.NONE)
    names = [*estimators.foremost(tables["doubt_metrics"], _SHOWN), *_REFERENCES]
    asked = rows[rows["estimator"].isin(names)]
    runs = {key: run for key, run in gathered(asked, tables["deployment"], tables["scores"]).items() if run}
    data = style.split(asked, "agent", "method")
    looks = estimators.looks({*asked["estimator"], estimators.ORACLE})
    figure, axes = style.panels(data, height=2.1)
    for title, ax in axes.items():
        keys = data[title][RUN].drop_duplicates().itertuples(index=False, name=None)
        curves = _curves([runs[key] for key in keys if key in runs])
        _panel(ax, curves, looks, doubted.possible(data[title]))
        ax.set_xlabel("part of the contexts kept")
    style.label_left(axes.values(), "mean shortfall")
    style.legend(figure, style.handles(looks))
    band = bands.describe_spread(bands.runs_per_method(asked))
    left_out = estimators.left_out(tables["doubt_metrics"], looks)
    style.footer(
        figure,
        f"Held-out contexts, {boards.shown(rows)}; mean over one half of the episodes. Line: mean over runs. Band: "
        f"{band}.{left_out}"
        f"{estimators.source(rows, TABLES)}",
    )
    return figure


def _curves(runs: list[Run]) -> Curves:
    """Of runs in the same contexts; an estimator that is silent somewhere has no curve for that run."""
    curves: dict[str, list[pd.Series]] = {}
    for run in (run.within(run.solvable != "false") for run in runs):
        shortfall = run.reference - run.scored
        told = {name: doubt for (name, _), doubt in zip(run.asked, run.doubt, strict=True)}
        for name, doubt in {estimators.ORACLE: run.reference - run.ranking, **told}.items():
            if not np.isnan(doubt).any():
                kept = np.arange(1, len(doubt) + 1)
                mean = np.cumsum(in_order(doubt, shortfall)) / kept
                curves.setdefault(name, []).append(pd.Series(mean, index=kept / len(doubt)))
    return {name: pd.DataFrame(own) for name, own in curves.items()}


def _panel(ax: Axes, curves: Curves, looks: dict[str, style.Look], possible: tuple[float, float]) -> None:
    for i, (name, look) in enumerate(looks.items()):
        if name in curves:
            runs = curves[name].loc[:, _LEAST:]
            step = max(1, runs.shape[1] // 6)
            bands.draw(ax, name, look, runs.columns, runs, (step - 1 - i % step, step), possible)
    ax.set_xlim(0, 1.02)
    ax.set_ylim(bottom=min(0, ax.get_ylim()[0]))
