"""Scores: every run in every context, measured against random and the reference."""

from meta_rl.tables.columns import AGENT, BENCHMARK, CONTEXT_ID, INFORMATION, METHOD, SEED, SPLIT
from meta_rl.tables.schema import Column, Table

_POSSIBLE = "the {} return that an episode of the environment can have; null where none is known"

TABLE = Table(
    name="scores",
    meaning="Runs measured against the reference, one row per run and context.",
    paths=("{benchmark}/scores.parquet", "tables/scores.parquet"),
    columns=(
        BENCHMARK,
        AGENT,
        METHOD,
        SEED,
        INFORMATION,
        SPLIT,
        CONTEXT_ID,
        Column("episode_return", "float", "undiscounted sum of rewards, mean over episodes", "reward"),
        Column("reference", "float", "mean return of the context's best reference member", "reward"),
        Column("random", "float", "mean return of the random policy", "reward"),
        Column("shortfall", "float", "reference - episode_return", "reward"),
        Column(
            "score",
            "float",
            "(episode_return - random) / (reference - random); null where the context is not informative",
            nullable=True,
        ),
        Column(
            "solvable",
            "string",
            "true: a reference member reaches the success threshold; false: none does, and the context lies "
            "beyond a limit that the environment declares; unknown: none does, which proves nothing",
            choices=("true", "false", "unknown"),
        ),
        Column(
            "success", "float", "return from which a context of the environment counts as solved", "reward"
        ),
        Column("lowest", "float", _POSSIBLE.format("lowest"), "reward", nullable=True),
        Column("highest", "float", _POSSIBLE.format("highest"), "reward", nullable=True),
        Column("informative", "bool", "reference - random is large enough for a score to mean something"),
    ),
    key=("benchmark", "agent", "method", "seed", "information", "split", "context_id"),
)
