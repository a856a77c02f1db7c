"""What is said of a run across budgets and across estimators, from its metrics."""

from collections.abc import Iterator

import numpy as np

from meta_rl.metrics.doubt import budgets, ranks
from meta_rl.metrics.doubt.measures import Measure
from meta_rl.metrics.doubt.runs import SILENT, Run

# What a metric is for one who knows nothing: so it counts at a budget at which an estimator has no doubt yet.
UNINFORMED = {"naurc": 1.0, "naugrc": 1.0, "spearman": 0.0, "failure_auroc": 0.5}
AGREEMENT = "rank_agreement"
_FEW = "less than three estimators have both metrics, or all are equal"


def areas(run: Run, measure: Measure) -> Iterator[tuple[str, float, str]]:
    """Estimator, area over the budgets, and reason if there is none; nothing with less than two budgets.

    An estimator without any doubt at a budget counts as uninformed there, unless it has none at any budget.
    """
    axis = budgets.ordered(budget for _, budget in run.asked)
    if measure.metric not in UNINFORMED or len(axis) < 2:
        return
    at = {asked: k for k, asked in enumerate(run.asked)}
    silent = np.isnan(run.doubt).all(axis=1)
    for estimator in dict.fromkeys(name for name, _ in run.asked):
        rows = [at.get((estimator, budget)) for budget in axis]
        told = [k for k in rows if k is not None and not silent[k]]
        reasons = [measure.reasons[k] for k in told if np.isnan(measure.values[k])]
        if not told:
            yield estimator, np.nan, next((measure.reasons[k] for k in rows if k is not None), SILENT)
        elif reasons:
            yield estimator, np.nan, reasons[0]
        else:
            values = [measure.values[k] if k in told else UNINFORMED[measure.metric] for k in rows]
            yield estimator, budgets.area(np.array(values, dtype=float)), ""


def agreements(run: Run, found: dict[str, Measure]) -> Iterator[tuple[str, float, str]]:
    """Budget, Kendall's tau between nAURC and nAUGRC of the estimators there, and reason if there is none."""
    for budget in budgets.ordered(budget for _, budget in run.asked):
        rows = [k for k, (_, other) in enumerate(run.asked) if other == budget]
        tau = ranks.agreement(found["naurc"].values[rows], found["naugrc"].values[rows])
        yield budget, tau, _FEW if np.isnan(tau) else ""
