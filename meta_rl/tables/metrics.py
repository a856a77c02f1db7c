"""Metrics: the numbers that figures and reports show, with their intervals."""

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
    SPLIT,
)
from meta_rl.tables.schema import Column, Table

TABLE = Table(
    name="metrics",
    meaning="Aggregates over runs and contexts, one row per metric; runs are the statistical unit.",
    paths=("tables/metrics.parquet",),
    columns=(
        BENCHMARK,
        AGENT,
        METHOD,
        INFORMATION,
        SPLIT,
        METRIC,
        Column(
            "compared_with",
            "string",
            "method that `method` is compared with; null if the metric concerns one method",
            nullable=True,
        ),
        ESTIMATE,
        LOW,
        HIGH,
        N_SEEDS,
        N_CONTEXTS,
        N_SOLVABLE,
    ),
    key=("benchmark", "agent", "method", "information", "split", "metric", "compared_with"),
)
