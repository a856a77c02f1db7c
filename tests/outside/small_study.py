"""A tiny study of a published benchmark, and the jobs of its only block."""

from pathlib import Path
from typing import Any

from meta_rl.steps import evaluate, sample_contexts, train
from meta_rl.study import config
from meta_rl.study.study import Study

BENCHMARK = "cartpole_gravity"
METHODS = ("none", "explicit", "recurrent", "jrpl", "stacked")
STUDY = Study(
    config.check(
        {
            "study": "outside",
            "benchmarks": {
                BENCHMARK: {
                    "contexts": {"train": 3, "interpolation": 2, "extrapolation": 4},
                    "agents": ["dqn"],
                }
            },
            "methods": list(METHODS),
            "seeds": {"test": {"first": 3, "count": 2}},
            "train": {"env_steps": 600, "snapshots": 2},
            "evaluate": {"episodes": 4},
            "agents": {"dqn": {"hidden": [16], "replay": 1000, "batch": 16, "learning_starts": 100}},
            "method_settings": {
                "jrpl": {"window": 4},
                "recurrent": {"size": 8, "sequence": 4, "burn_in": 2},
            },
        },
        "a test",
    )
)
BLOCK = next(iter(STUDY.blocks))
SEEDS = (3, 4)
COUNTS = STUDY.benchmarks[BENCHMARK]["contexts"]


def spec(rule: str, method: str = "none", part: str = BLOCK, **changed: Any) -> dict[str, Any]:
    job = {"study": "outside", "benchmark": BENCHMARK, "agent": "dqn", "block": BLOCK}
    return STUDY.spec(rule, **job, method=method, part=part) | changed


def make(folder: Path) -> Path:
    """Train and evaluate each method as the workflow does."""
    sample_contexts.main(spec("sample_contexts", part="held_out"), folder / "held_out.parquet")
    sample_contexts.main(spec("sample_contexts"), folder / "block.parquet")
    for method in METHODS:
        policy, learning = folder / f"{method}.pt", folder / f"{method}_learning.parquet"
        train.main(
            folder / "block.parquet", None, spec("train", method), folder / "checkpoint.pt", policy, learning
        )
        evaluate.main(
            policy,
            folder / "held_out.parquet",
            folder / "block.parquet",
            spec("evaluate", method),
            folder / f"{method}_evaluation.parquet",
            folder / f"{method}_encodings.parquet",
        )
    return folder
