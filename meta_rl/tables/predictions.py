"""Predictions: the one-step errors of pretrained encoders, and of what they could be replaced by."""

from meta_rl.tables.columns import AGENT, BENCHMARK, METHOD, SEED, SPLIT
from meta_rl.tables.schema import Column, Table

TABLE = Table(
    name="predictions",
    meaning="One-step prediction errors in held-out contexts, one row per run, split and predictor. All predictors "
    "have the same size, the same updates and the same trajectories.",
    paths=("{benchmark}/{agent}/{method}/{block}/predictions.parquet", "tables/predictions.parquet"),
    columns=(
        BENCHMARK,
        AGENT,
        METHOD,
        SEED,
        SPLIT,
        Column(
            "predictor",
            "string",
            "what it is told beside state and action; encoder: the method's encoding of transitions of the context; "
            "none: nothing; true_context: the context",
            choices=("encoder", "none", "true_context"),
        ),
        Column("window", "int", "transitions that are encoded; 0 for other predictors", "transitions", low=0),
        Column(
            "error",
            "float",
            "mean squared error of the change of state (and of the reward where the context acts on it), each "
            "dimension standardised by the run's train trajectories",
            low=0,
        ),
    ),
    key=("benchmark", "agent", "method", "seed", "split", "predictor", "window"),
)
