"""Encodings: what methods that infer the context make of it."""

from meta_rl.tables.columns import AGENT, BENCHMARK, CONTEXT_ID, INFORMATION, METHOD, SEED, SPLIT
from meta_rl.tables.schema import Column, Table

TABLE = Table(
    name="encodings",
    meaning="Encodings by methods that infer the context, one row per run, context and dimension.",
    paths=("{benchmark}/{agent}/{method}/{block}/encodings.parquet", "tables/encodings.parquet"),
    columns=(
        BENCHMARK,
        AGENT,
        METHOD,
        SEED,
        INFORMATION,
        SPLIT,
        CONTEXT_ID,
        Column("dimension", "int", "entry of the encoding, from 0", low=0),
        Column(
            "value",
            "float",
            "the entry at the end of an episode, mean over those of the last snapshot; null where it is not finite",
            nullable=True,
        ),
    ),
    key=("benchmark", "agent", "method", "seed", "information", "split", "context_id", "dimension"),
)
