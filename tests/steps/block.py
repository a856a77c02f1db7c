"""A study of one small benchmark and, of its first block, what jobs take and do."""

from pathlib import Path
from typing import Any

import numpy as np
from raw_study import RAW, SMALL

from meta_rl.contexts import DEVELOPMENT, ContextSpace
from meta_rl.envs import cartpole
from meta_rl.steps import evaluate
from meta_rl.study import config
from meta_rl.study.study import Study
from meta_rl.training import episodes, policy
from meta_rl.training.setup import Setup

BENCHMARK = "small_gravity"
DRAWN = SMALL["contexts"] | {"validation": 3, "calibration": 2}
STUDY = Study(
    config.check(RAW | {"benchmarks": {BENCHMARK: SMALL | {"contexts": DRAWN}}}, "config/test.yaml")
)
NAMES = tuple(STUDY.benchmarks[BENCHMARK]["features"])
BLOCK = next(iter(STUDY.blocks))
SEEDS = [STUDY.blocks[BLOCK][0] + index for index in range(STUDY.blocks[BLOCK][1])]
EPISODES = STUDY.config["evaluate"]["episodes"]
COUNTS = STUDY.benchmarks[BENCHMARK]["contexts"]
PLAYED = {split: count for split, count in COUNTS.items() if split not in DEVELOPMENT}  # and train


def spec(rule: str, method: str = "none", part: str = BLOCK, **changed: Any) -> dict[str, Any]:
    job = {"study": "test", "benchmark": BENCHMARK, "agent": "dqn", "block": BLOCK}
    return STUDY.spec(rule, **job, method=method, part=part) | changed


def collect_spec(transitions: int = 60) -> dict[str, Any]:
    described = spec("collect_trajectories", "iida")
    return described | {"method_settings": described["method_settings"] | {"transitions": transitions}}


def play(inputs: Path, method: str, outputs: Path) -> str:
    return evaluate.main(
        inputs / f"{method}.pt",
        inputs / "held_out.parquet",
        inputs / "block.parquet",
        spec("evaluate", method),
        outputs / f"{method}_evaluation.parquet",
        outputs / f"{method}_encodings.parquet",
    )


def expected(
    weights: policy.Weights,
    split: str,
    ids: np.ndarray,
    values: np.ndarray,
    played: np.ndarray,
    information: str = "cold",
) -> Any:
    """The episodes of a one-run policy in contexts [C, F], each [1, C * E]."""
    chosen = episodes.cases(BENCHMARK, split, ids[None], values[None], played, cartpole.noise)
    return episodes.play_agent(weights.runs(), chosen, information)


def space() -> ContextSpace:
    return Setup(spec("solve_references")).task.contexts
