"""Metrics of doubt: whether what estimators say of contexts is worth anything, with intervals."""

from dataclasses import replace

from meta_rl.contexts import RESULTS
from meta_rl.tables.columns import (
    AGENT,
    BENCHMARK,
    ESTIMATE,
    HIGH,
    INFORMATION,
    LOW,
    METHOD,
    METRIC,
    N_CONTEXTS,
    N_SEEDS,
    N_SOLVABLE,
)
from meta_rl.tables.schema import Column, Table

HELD_OUT = "held_out"

TABLE = Table(
    name="doubt_metrics",
    meaning="What doubt is worth: means over runs of a number per run over its contexts, one row per metric.",
    paths=("tables/doubt_metrics.parquet",),
    columns=(
        BENCHMARK,
        AGENT,
        METHOD,
        INFORMATION,
        Column(
            "region",
            "string",
            "split that the contexts are of; held_out: all splits of results together",
            choices=(HELD_OUT, *RESULTS),
        ),
        Column(
            "estimator", "string", "who doubts; null if the metric is one of the run itself", nullable=True
        ),
        Column(
            "budget",
            "string",
            "what the estimator watched before: steps, or episode; area: of the metric over these budgets; null if the "
            "metric is one of the run itself",
            nullable=True,
        ),
        METRIC,
        Column(
            "compared_with",
            "string",
            "estimator that `estimator` is compared with; null if the metric concerns one",
            nullable=True,
        ),
        ESTIMATE,
        LOW,
        HIGH,
        replace(N_SEEDS, meaning=f"{N_SEEDS.meaning}: those that have a value"),
        N_CONTEXTS,
        N_SOLVABLE,
        Column(
            "reason",
            "string",
            "why runs have no value, and how many; null if all have one",
            nullable=True,
        ),
    ),
    key=(
        "benchmark",
        "agent",
        "method",
        "information",
        "region",
        "estimator",
        "budget",
        "metric",
        "compared_with",
    ),
)
