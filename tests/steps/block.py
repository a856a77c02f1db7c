"""A study of one small benchmark and, of its first block, what jobs take and do."""

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

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


class Played(NamedTuple):
    """Of each episode, in the order of the cases."""

    episode_return: np.ndarray
    episode_length: np.ndarray
    discounted_return: np.ndarray
    initial_value: np.ndarray
    encoding: np.ndarray
    snapshot: np.ndarray


def expected(
    weights: policy.Weights,
    split: str,
    ids: np.ndarray,
    values: np.ndarray,
    played: np.ndarray,
    information: str = "cold",
) -> Played:
    """The episodes of a one-run policy in contexts [C, F]: each snapshot alone plays all, and its part is taken."""
    chosen = episodes.cases(BENCHMARK, split, ids[None], values[None], played, cartpole.noise)
    count = weights.snapshots if information in ("cold", "probe10") else 1
    number = chosen.episode[0] % count
    found = []
    for snapshot in range(count):
        place = snapshot - count  # from the end
        alone = replace(weights, tensors={k: v[:, place].unsqueeze(1) for k, v in weights.tensors.items()})
        runs = alone.runs()
        one = episodes.play_agent(runs, chosen, information)
        columns = (one.episode_return, one.episode_length, one.discounted_return, runs.agent.value(one.first))
        found.append([np.asarray(column)[0] for column in (*columns, one.encoding)])
    joined = (np.stack(columns)[number, np.arange(len(number))] for columns in zip(*found, strict=True))
    return Played(*joined, snapshot=100 - 2 * (count - 1 - number))


def space() -> ContextSpace:
    return Setup(spec("solve_references")).task.contexts
