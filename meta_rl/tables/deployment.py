"""Deployment: what a run's last policy returns in the contexts that estimators are fitted on and judged in."""

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
    SPLIT,
)
from meta_rl.tables.schema import Column, Table

TABLE = Table(
    name="deployment",
    meaning=(
        "Greedy episodes of each run's last policy, the one that is doubted, one row per episode. None of them is "
        "watched by an estimator."
    ),
    paths=("{benchmark}/{agent}/{method}/{block}/deployment.parquet", "tables/deployment.parquet"),
    columns=(
        BENCHMARK,
        AGENT,
        METHOD,
        SEED,
        replace(INFORMATION, meaning=f"{INFORMATION.meaning}; here the first regime that the method has"),
        SPLIT,
        CONTEXT_ID,
        EPISODE,
        EPISODE_RETURN,
        EPISODE_LENGTH,
        DISCOUNTED_RETURN,
        INITIAL_VALUE,
        Column(
            "tail_value",
            "float",
            "the agent's estimate of what is left, discounted to the start, where the episode was cut off; 0 where it "
            "was terminated; null where it is not finite",
            "reward",
            nullable=True,
        ),
    ),
    key=("benchmark", "agent", "method", "seed", "information", "split", "context_id", "episode"),
)
