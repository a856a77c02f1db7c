"""Uncertainty: how much each estimator doubts each run's last policy in each context."""

from meta_rl.tables.columns import AGENT, BENCHMARK, CONTEXT_ID, INFORMATION, METHOD, SEED, SPLIT
from meta_rl.tables.schema import Column, Table

# How much an estimator has seen of a context: steps of one episode that is not scored, or all of it.
EPISODE = "episode"

ESTIMATOR = Column("estimator", "string", "what doubts: a registered estimator")
BUDGET = Column(
    "budget",
    "string",
    "how many steps of one unscored episode the estimator was shown; 0: its first state alone; episode: all of it",
)
TABLE = Table(
    name="uncertainty",
    meaning="How much each estimator doubts a run's last policy in a context, after what a budget shows of it.",
    paths=(
        "{benchmark}/{agent}/{method}/{block}/uncertainty/{estimator}.parquet",
        "tables/uncertainty.parquet",
    ),
    columns=(
        BENCHMARK,
        AGENT,
        METHOD,
        SEED,
        INFORMATION,
        SPLIT,
        CONTEXT_ID,
        ESTIMATOR,
        BUDGET,
        Column(
            "doubt",
            "float",
            "higher: less certain; comparable within a run, estimator and budget alone; null where there is none",
            nullable=True,
        ),
        Column(
            "lower",
            "float",
            "lower end of the interval of a return that the estimator gives; null if it gives none",
            "reward",
            nullable=True,
        ),
        Column("upper", "float", "its upper end; null if it gives none", "reward", nullable=True),
        Column("reason", "string", "why there is no doubt; null where there is one", nullable=True),
    ),
    key=("benchmark", "agent", "method", "seed", "information", "split", "context_id", "estimator", "budget"),
)
