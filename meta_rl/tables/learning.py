"""Learning curves: what was measured while a run was trained."""

from meta_rl.tables.columns import AGENT, BENCHMARK, METHOD, SEED, STATUS
from meta_rl.tables.schema import Column, Table

TABLE = Table(
    name="learning",
    meaning="Learning curves, one row per run, measure and moment of training.",
    paths=("{benchmark}/{agent}/{method}/{block}/learning.parquet", "tables/learning.parquet"),
    columns=(
        BENCHMARK,
        AGENT,
        METHOD,
        SEED,
        Column(
            "env_steps",
            "int",
            "interactions that the run has paid for so far, those of pretraining included",
            "steps",
            low=0,
        ),
        Column("metric", "string", "what was measured, such as episode_return or loss"),
        Column("value", "float", "its value; null where it is not finite", "that of `metric`", nullable=True),
        STATUS,
    ),
    key=("benchmark", "agent", "method", "seed", "env_steps", "metric"),
)
