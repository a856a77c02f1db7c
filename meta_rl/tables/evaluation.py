"""Evaluation: the episodes of trained, frozen policies."""

from dataclasses import replace

from meta_rl.tables.columns import (
    AGENT,
    BENCHMARK,
    CONTEXT_ID,
    DISCOUNTED_RETURN,
    EPISODE,
    EPISODE_LENGTH,
    EPISODE_RETURN,
    INFORMATION,
    INITIAL_VALUE,
    METHOD,
    SEED,
    SNAPSHOT,
    SPLIT,
    STATUS,
)
from meta_rl.tables.schema import Table

TABLE = Table(
    name="evaluation",
    meaning="Episodes of trained, frozen policies that act greedily, one row per episode.",
    paths=("{benchmark}/{agent}/{method}/{block}/evaluation.parquet", "tables/evaluation.parquet"),
    columns=(
        BENCHMARK,
        AGENT,
        METHOD,
        SEED,
        INFORMATION,
        SPLIT,
        CONTEXT_ID,
        EPISODE,
        SNAPSHOT,
        EPISODE_RETURN,
        EPISODE_LENGTH,
        DISCOUNTED_RETURN,
        replace(INITIAL_VALUE, meaning=f"{INITIAL_VALUE.meaning}, or a policy from outside gives none"),
        STATUS,
    ),
    key=("benchmark", "agent", "method", "seed", "information", "split", "context_id", "episode"),
)
