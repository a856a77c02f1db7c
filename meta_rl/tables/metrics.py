"""Metrics: the numbers that figures and reports show, with their intervals."""

from meta_rl.tables.columns import AGENT, BENCHMARK, INFORMATION, METHOD, SPLIT
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
        Column("metric", "string", "what was computed"),
        Column(
            "compared_with",
            "string",
            "method that `method` is compared with; null if the metric concerns one method",
            nullable=True,
        ),
        Column(
            "estimate",
            "float",
            "point estimate; null where it is not defined",
            "that of `metric`",
            nullable=True,
        ),
        Column(
            "low",
            "float",
            "lower end of the interval; null if there is none",
            "that of `metric`",
            nullable=True,
        ),
        Column(
            "high",
            "float",
            "upper end of the interval; null if there is none",
            "that of `metric`",
            nullable=True,
        ),
        Column("n_seeds", "int", "runs behind the estimate", "runs", low=0),
        Column("n_contexts", "int", "contexts behind the estimate, per run", "contexts", low=0),
        Column("n_solvable", "int", "those of them that are known to be solvable", "contexts", low=0),
    ),
    key=("benchmark", "agent", "method", "information", "split", "metric", "compared_with"),
)
