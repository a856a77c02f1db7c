"""Trajectories: the transitions on which encoders are pretrained."""

from meta_rl.tables.columns import BENCHMARK, CONTEXT_ID, EPISODE, SEED, SPLIT
from meta_rl.tables.schema import Column, Table

TABLE = Table(
    name="trajectories",
    meaning="Transitions, one row per step: in a run's train contexts, on which its encoder is pretrained, and in "
    "held-out ones, on which its predictor is measured.",
    paths=("{benchmark}/{agent}/{method}/{block}/trajectories/{part}.parquet",),
    columns=(
        BENCHMARK,
        Column(
            "source",
            "string",
            "who acted; generator: the policy that collects for pretraining; vine: the same random actions in the "
            "same states of all contexts",
            choices=("generator", "vine"),
        ),
        SEED,
        SPLIT,
        CONTEXT_ID,
        EPISODE,
        Column("t", "int", "step within the episode, from 0", "steps", low=0),
        Column("obs", "floats", "observation before the action"),
        Column("action", "floats", "action, one-hot if discrete"),
        Column("reward", "float", "reward of the step", "reward"),
        Column("next_obs", "floats", "observation after the action, before any reset"),
        Column("terminated", "bool", "the step ended the episode by reaching a terminal state"),
        Column("truncated", "bool", "the step ended the episode at the time limit"),
    ),
    key=("benchmark", "source", "seed", "split", "context_id", "episode", "t"),
)
