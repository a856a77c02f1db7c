"""Runs: what each training cost, and what became of it."""

from meta_rl.tables.columns import AGENT, BENCHMARK, METHOD, SEED
from meta_rl.tables.schema import Column, Table

TABLE = Table(
    name="runs",
    meaning="What each run cost and what became of it, one row per run.",
    paths=("tables/runs.parquet",),
    columns=(
        BENCHMARK,
        AGENT,
        METHOD,
        SEED,
        Column(
            "env_steps",
            "int",
            "interactions that the run has paid for in all, those of pretraining included; null if its training failed",
            "steps",
            nullable=True,
            low=0,
        ),
        Column(
            "outcome",
            "string",
            "diverged: a value or weight ceased to be finite, and the run counts with what it returned; failed: "
            "its job could not finish it, and it counts nowhere",
            choices=("ok", "diverged", "failed"),
        ),
        Column("reason", "string", "why the run is not ok; null if it is", nullable=True),
    ),
    key=("benchmark", "agent", "method", "seed"),
)
