"""What leaderboards show of the table `doubt_metrics`: one number per estimator, sorted."""

import pandas as pd

from meta_rl import registry
from meta_rl.metrics.doubt import budgets
from meta_rl.tables.doubt_metrics import HELD_OUT


def told(name: str) -> bool:
    """Whether an estimator is told the context, which no policy need know."""
    return name in registry.ESTIMATORS and "context" in registry.ESTIMATORS[name].needs


def most_shown(table: pd.DataFrame) -> str:
    """The largest of the budgets in a table: an episode, if estimators were shown one."""
    return budgets.ordered(set(table["budget"].dropna()) - {budgets.AREA})[-1]


def shown(table: pd.DataFrame) -> str:
    """The largest budget in words: `after one unscored episode`."""
    budget = most_shown(table)
    words = {"0": "in the first state", budgets.EPISODE: "after one unscored episode"}
    return words.get(budget, f"after {budget} unscored steps")


def measured(metrics: pd.DataFrame, metric: str, compared_with: str | None = None) -> pd.DataFrame:
    """The rows with a metric of estimators, in all held-out regions together, at the largest budget.

    Of a contrast they are those with the estimator that it is `compared_with`.
    """
    other = metrics["compared_with"]
    return metrics[
        (metrics["metric"] == metric)
        & (metrics["region"] == HELD_OUT)
        & (metrics["budget"] == most_shown(metrics))
        & (other.isna() if compared_with is None else other == compared_with)
        & metrics["estimator"].notna()
    ]


def of_runs(metrics: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The rows with a metric of the runs themselves, in all held-out regions together."""
    return metrics[(metrics["metric"] == metric) & (metrics["region"] == HELD_OUT)]


def ranked(metrics: pd.DataFrame) -> list[str]:
    """All estimators, the least nAURC first, in the mean over all runs; last those without one."""
    means = measured(metrics, "naurc").groupby("estimator")["estimate"].mean()
    return list(means.sort_values(kind="stable").index)
