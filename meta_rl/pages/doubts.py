"""The leaderboard of doubt beside that of return, from the same runs, in words and numbers."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from meta_rl import registry
from meta_rl.metrics.comparisons import ALPHA
from meta_rl.metrics.doubt import boards
from meta_rl.metrics.doubt.contrasts import BASELINES
from meta_rl.pages.comparisons import by_metric, digits_of, interval, number

_METHOD = ["benchmark", "agent", "method"]
_OF_DOUBT = {"naurc": 2, "naugrc": 2, "spearman": 2, "failure_auroc": 2}  # metrics and their decimals


def board(metrics: pd.DataFrame) -> dict[str, Any] | None:
    """What the page says of doubt, from the table doubt_metrics; None if nobody doubts."""
    if metrics.empty:
        return None
    names = boards.ranked(metrics)
    groups = metrics.groupby(["benchmark", "agent"])
    return {
        "shown": boards.shown(metrics),
        "floors": [name for name in registry.FLOORS if name in names],
        "told": [name for name in sorted(names) if boards.told(name)],
        "sections": [{"title": ", ".join(key), "methods": list(_methods(rows))} for key, rows in groups],
        "missing": list(_missing(metrics)),
    }


def _methods(metrics: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The methods of one benchmark and agent, the greatest return first, and the estimators of each."""
    returns = boards.of_runs(metrics, "return_never").sort_values("estimate", ascending=False, kind="stable")
    digits = digits_of(returns["estimate"])
    for row in returns.to_dict("records"):
        own = metrics[metrics["method"] == row["method"]]
        of_runs = by_metric(
            own[own["region"].eq(row["region"]) & own["estimator"].isna() & own["budget"].isna()]
        )
        yield {
            "method": row["method"],
            "information": row["information"],
            "return": interval(row, digits),
            "failure": number(of_runs["failure_rate"]["estimate"], 2),
            "floors": [interval(of_runs[f"{name}_floor"], 2) for name in ("naurc", "naugrc")],
            "runs": row["n_seeds"],
            "contexts": row["n_contexts"],
            "lines": list(_lines(own)),
        }


def _lines(own: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The estimators of one method, the least nAURC first."""
    found = {name: boards.measured(own, name).set_index("estimator") for name in _OF_DOUBT}
    for estimator in boards.ranked(own):
        kind = "floor" if estimator in registry.FLOORS else "told" if boards.told(estimator) else ""
        yield {
            "estimator": f"{estimator} ({kind})" if kind else estimator,
            "floor": kind == "floor",
            "numbers": [
                interval(found[name].loc[estimator].to_dict(), digits)
                if estimator in found[name].index
                else ""
                for name, digits in _OF_DOUBT.items()
            ],
            "contrasts": [_contrast(own, estimator, baseline) for baseline in BASELINES],
        }


def _contrast(own: pd.DataFrame, estimator: str, baseline: str) -> str:
    """`-0.45 [-0.60, -0.30], p .012`, in bold words where it may be said; empty if the two are not compared."""
    difference, p = (
        rows[rows["estimator"] == estimator].to_dict("records")
        for rows in (boards.measured(own, f"naurc_{what}", baseline) for what in ("difference", "p_holm"))
    )
    if not difference:
        return ""
    known = p[0]["estimate"] if p else float("nan")
    said = f"{interval(difference[0], 2)}, p {number(known, 3)}"
    better = known <= ALPHA and difference[0]["high"] < 0
    worse = known <= ALPHA and difference[0]["low"] > 0
    return f"{said}: {'better' if better else 'worse'}" if better or worse else said


def _missing(metrics: pd.DataFrame) -> Iterator[str]:
    """Why numbers on the board are missing, or are of fewer runs: a line per method and reason, with the estimators."""
    rows = pd.concat([boards.measured(metrics, name) for name in _OF_DOUBT])
    for (*method, reason), own in rows[rows["reason"].notna()].groupby([*_METHOD, "reason"]):
        names = boards.ranked(metrics[(metrics[_METHOD] == method).all(axis=1)])
        lacking = set(own["estimator"])
        who = "all estimators" if lacking == set(names) else ", ".join(filter(lacking.__contains__, names))
        yield f"{', '.join(method)}, {who}: {reason}"
