"""Trials: the candidates of a tuning."""

from meta_rl.tables.columns import AGENT, BENCHMARK, METHOD, STATUS
from meta_rl.tables.schema import Column, Table

TABLE = Table(
    name="trials",
    meaning="Candidates of the tunings, one row per candidate and tuning seed.",
    paths=("tuned/{benchmark}/{agent}/{method}/{block}/trials.parquet",),
    columns=(
        BENCHMARK,
        AGENT,
        METHOD,
        Column("repetition", "int", "first tuning seed of this repetition of the tuning", low=0),
        Column("trial", "int", "number of the candidate, in the order of their trials, from 0", low=0),
        Column("seed", "int", "tuning seed, never one of the test seeds", low=0),
        Column(
            "source",
            "string",
            "who proposed it; default: the study's own settings",
            choices=("default", "dehb", "random"),
        ),
        Column("settings", "string", "the agent's settings that are tuned, as a JSON object"),
        Column("rung", "int", "0: trained as long as any; 1: a third of that, and so on", low=0),
        Column(
            "env_steps",
            "int",
            "interactions that the seed's run paid for, pretraining included",
            "steps",
            low=0,
        ),
        Column(
            "validation_return",
            "float",
            "mean return over the validation contexts; the random policy's where the run diverged",
            "reward",
        ),
        Column("seconds", "float", "CPU time of training and scoring; the seeds share alike", "s", low=0),
        STATUS,
    ),
    key=("benchmark", "agent", "method", "repetition", "trial", "seed"),
)
