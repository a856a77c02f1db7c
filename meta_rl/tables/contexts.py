"""Contexts: the parameters of every environment that a study trains or tests on."""

from dataclasses import replace

from meta_rl.tables.columns import BENCHMARK, CONTEXT_ID, SEED, SPLIT
from meta_rl.tables.schema import Column, Table

TABLE = Table(
    name="contexts",
    meaning="The context sets, one row per context and feature that varies.",
    paths=(
        "{benchmark}/contexts/held_out.parquet",
        "{benchmark}/contexts/{block}.parquet",
        "tables/contexts.parquet",
    ),
    columns=(
        BENCHMARK,
        SPLIT,
        replace(
            SEED,
            meaning="run whose train context this is; null for held-out contexts, which all runs share",
            nullable=True,
        ),
        CONTEXT_ID,
        Column("feature", "string", "physical parameter"),
        Column("value", "float", "the parameter's value in this context", "see `unit`"),
        Column("unit", "string", "unit of `value`"),
        Column("default", "float", "the parameter's value in the plain environment", "see `unit`"),
        Column("train_low", "float", "lowest value of the benchmark's train range", "see `unit`"),
        Column("train_high", "float", "highest value of the benchmark's train range", "see `unit`"),
        Column(
            "train_between",
            "bool",
            "whether the train range is all from the lowest to the highest; else only what train contexts show of it",
        ),
    ),
    key=("benchmark", "split", "context_id", "feature"),
)
