"""References: what a portfolio of specialists and controllers reaches in every context."""

from dataclasses import replace

from meta_rl.tables.columns import BENCHMARK, CONTEXT_ID, EPISODE, EPISODE_RETURN, SEED, SNAPSHOT, SPLIT
from meta_rl.tables.schema import Column, Table

TABLE = Table(
    name="references",
    meaning="Episodes of the reference portfolio; the best member in a context is its reference.",
    paths=("{benchmark}/references/{part}.parquet", "tables/references.parquet"),
    columns=(
        BENCHMARK,
        SPLIT,
        CONTEXT_ID,
        Column(
            "member",
            "string",
            "random, a controller, or specialist_{agent}_{number of its context}, trained in one context",
        ),
        replace(SEED, meaning="independent training of the member; 0 for random and controllers"),
        EPISODE,
        replace(SNAPSHOT, meaning=f"{SNAPSHOT.meaning}; 100 for random and controllers"),
        EPISODE_RETURN,
        Column(
            "env_steps",
            "int",
            "interactions that the member was trained on; 0 if it does not learn",
            "steps",
            low=0,
        ),
    ),
    key=("benchmark", "split", "context_id", "member", "seed", "episode"),
)
