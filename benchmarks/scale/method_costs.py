"""What each method costs in time, by the steps of the workflow.

    python -m benchmarks.scale.method_costs docs/methods/costs.csv

One stack of five seeds on the length of CartPole's pole, with the settings of the quick study.
"""

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd
import torch
import yaml

from meta_rl import files, registry
from meta_rl.contexts import DEVELOPMENT
from meta_rl.steps import (
    collect_trajectories,
    evaluate,
    pretrain_encoder,
    sample_contexts,
    train,
    train_generator,
)
from meta_rl.study.config import check
from meta_rl.study.study import Study

ROOT = Path(__file__).parents[2]
ENV_STEPS = 60_000
BENCHMARK, BLOCK = "cartpole_length", "seeds_0-4"


def main(path: Path) -> None:
    torch.set_num_threads(1)
    study = quick()
    with tempfile.TemporaryDirectory() as folder:
        rows = [_measure(study, method, Path(folder)) for method in registry.METHODS]
    files.write_text(path, pd.DataFrame(rows).to_csv(index=False, float_format="%.2f"))


def quick() -> Study:
    """The quick study with all methods and shorter trainings."""
    raw = yaml.safe_load((ROOT / "config/quick.yaml").read_text())
    raw |= {"methods": list(registry.METHODS), "train": {"env_steps": ENV_STEPS}}
    raw["evaluate"] = {"episodes": raw["evaluate"]["episodes"]}
    del raw["tune"]
    return Study(check(raw, "config/quick.yaml"))


def _measure(study: Study, method: str, to: Path) -> dict[str, Any]:
    agent = study.benchmarks[BENCHMARK]["agents"][0]

    def spec(rule: str, part: str = BLOCK) -> dict[str, Any]:
        return study.spec(rule, benchmark=BENCHMARK, agent=agent, method=method, block=BLOCK, part=part)

    for part in (BLOCK, "held_out"):
        sample_contexts.main(spec("sample_contexts", part), to / f"{part}.parquet")
    block, encoder, generator = to / f"{BLOCK}.parquet", None, None
    marks = [time.process_time()]
    if registry.METHODS[method].pretrain:
        encoder = to / "encoder.pt"
        if study.generated(BENCHMARK, method):
            generator = to / "generator.pt"
            train_generator.main(block, spec("train_generator"), to / "checkpoint.pt", generator)
        collect_trajectories.main(block, generator, spec("collect_trajectories"), to / "trajectories.parquet")
        pretrain_encoder.main(to / "trajectories.parquet", block, spec("pretrain_encoder"), encoder)
    marks.append(time.process_time())
    left = (to / name for name in ("checkpoint.pt", "policy.pt", "learning.parquet"))
    train.main(block, encoder, spec("train"), *left)
    marks.append(time.process_time())
    evaluate.main(
        to / "policy.pt", to / "held_out.parquet", block, spec("evaluate"), to / "evaluation.parquet",
        to / "encodings.parquet",
    )  # fmt: skip
    marks.append(time.process_time())
    contexts = study.benchmarks[BENCHMARK]["contexts"].items()
    played = sum(count for split, count in contexts if split not in DEVELOPMENT)
    return {
        "benchmark": BENCHMARK, "agent": agent, "method": method, "seeds": study.blocks[BLOCK][1],
        "env_steps": ENV_STEPS, "episodes": played * study.config["evaluate"]["episodes"],
        "pretraining": marks[1] - marks[0], "training": marks[2] - marks[1], "evaluation": marks[3] - marks[2],
    }  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]))
