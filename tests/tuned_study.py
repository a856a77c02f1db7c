"""A study in seconds that has a tuning, and files of its contexts."""

import copy
from pathlib import Path
from typing import Any

from raw_study import RAW

from meta_rl.steps import sample_contexts
from meta_rl.study import config
from meta_rl.study.study import Study

BENCHMARK = "small_gravity"
TUNE: dict[str, Any] = {
    "env_steps": {"min": 200, "max": 600, "total": 2400},
    "repetitions": 2,
    "search": {"dqn": {"hidden": [[64, 64]], "replay": [10000], "batch": [32, 64], "train_every": [16, 64]}},
}


def raw(**tune: Any) -> dict[str, Any]:
    """The study as in a file; `tune` replaces keys of its tuning."""
    study = copy.deepcopy(RAW)
    study["benchmarks"][BENCHMARK]["contexts"]["validation"] = 2
    study["methods"] = ["none", "explicit", "iida", "jrpl"]
    return study | {"tune": TUNE | tune}


def study(**tune: Any) -> Study:
    return Study(config.check(raw(**tune), "my.yaml"))


def job(of: Study, method: str = "none", repetition: int = 0) -> dict[str, str]:
    """The wildcards of a tuning."""
    (agent,) = of.benchmarks[BENCHMARK]["agents"]
    block = list(of.tuning_blocks)[repetition]
    return {"study": of.name, "benchmark": BENCHMARK, "agent": agent, "method": method, "block": block}


def spec(method: str = "none", **tune: Any) -> dict[str, Any]:
    made = study(**tune)
    return made.spec("tune_settings", **job(made, method))


def write_contexts(folder: Path, of: Study) -> tuple[Path, Path]:
    """The files that the first repetition of a tuning reads: train contexts of its seeds, and validation."""
    wildcards = job(of)
    paths = folder / "contexts.parquet", folder / "validation.parquet"
    for path, part in zip(paths, (wildcards["block"], "validation"), strict=True):
        sample_contexts.main(of.spec("sample_contexts", **wildcards, part=part), path)
    return paths
