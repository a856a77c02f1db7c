"""Evaluation: the episodes of trained, frozen policies."""

from meta_rl.tables.columns import (
    AGENT,
    BENCHMARK,
    CONTEXT_ID,
    EPISODE,
    EPISODE_RETURN,
    INFORMATION,
    METHOD,
    SEED,
    SNAPSHOT,
    SPLIT,
    STATUS,
)
from meta_rl.tables.schema import Column, Table

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
        Column(
            "episode_length", "int", "steps until the episode was terminated or truncated", "steps", low=1
        ),
        Column("discounted_return", "float", "sum of rewards with the agent's discount factor", "reward"),
        Column(
            "initial_value",
            "float",
            "the agent's own estimate of `discounted_return` in the first state; null where it is not finite, "
            "or a policy from outside gives none",
            "reward",
            nullable=True,
        ),
        STATUS,
    ),
    key=("benchmark", "agent", "method", "seed", "information", "split", "context_id", "episode"),
)
