"""A study of whatever YAML is planned, or refused in lines that name the file: there is no traceback."""

import json
import subprocess
import sys
from contextlib import chdir
from pathlib import Path
from random import Random

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from odd_studies import text
from raw_study import ROOT

from meta_rl import registry
from meta_rl.contexts import TRAIN, ContextSpace
from meta_rl.errors import UserError
from meta_rl.study import adopt, config, demand, jobs
from meta_rl.study.paths import OUTPUTS
from meta_rl.study.study import Study

_STUDIES, _DRY_RUNS = 2000, 20
_TUNED = "results/{study}/{benchmark}/{agent}/{method}/{tuning_block}/x"  # as of other jobs
_TUNING = {"tune_settings": (_TUNED,), "choose_settings": (_TUNED,)}


def write(path: Path, random: Random) -> Path:
    path.write_text(text(random), encoding="utf-8", errors="surrogatepass")
    return path


def plan(study: Study) -> None:
    """All paths; and what some of the jobs of each rule know and ask for."""
    for rule, patterns in (OUTPUTS | _TUNING).items():
        paths = [Path(path) for pattern in patterns for path in study.files(pattern)]
        for path in paths[:: 1 + len(paths) // 50]:
            wildcards = study.wildcards(path) | ({"figure": path.stem} if rule == "plot" else {})
            json.loads(jobs.text(study, rule, wildcards, {}))
            assert demand.minutes(study, rule, **wildcards) > 0
            assert demand.mem_mb(study, rule, **wildcards) > 0
    if study.tuning_blocks:
        json.loads(jobs.text(study, "summarise_tuning", {}, {}))


def draw(benchmark: dict) -> None:
    """A few contexts of each kind, and places of specialists."""
    features = registry.load("environment", benchmark["environment"]).features
    space = ContextSpace.of(features, *(benchmark[key] for key in ("features", "train_set", "boxes")))
    drawn = [
        space.draw_train("x", 5) if split == TRAIN else space.draw_held_out(split, min(many, 20))
        for split, many in benchmark["contexts"].items()
    ]
    places = benchmark["settings"]["references"]
    drawn.append(
        space.points(min(places["points"], 20)) if "points" in places else space.grid(min(places["grid"], 5))
    )
    assert np.isfinite(np.concatenate(drawn)).all()


def tune_and_adopt(study: Study, path: Path) -> None:
    found = Path(study.files(adopt.TUNED)[-1])
    _, _, _, benchmark, agent, method, _ = found.parts
    found.parent.mkdir(parents=True)
    said = {
        "benchmark": benchmark,
        "agent": agent,
        "method": method,
        "trials_hash": "x",
        "settings": {"gamma": 0.97},
    }
    found.write_text(json.dumps(said))
    adopt.adopt(path)
    assert config.load(path)["benchmarks"][benchmark]["settings"]["tuned"][method][agent] == {"gamma": 0.97}


def test_a_study_is_planned_or_refused_in_lines_that_name_its_file(tmp_path: Path) -> None:
    planned: list[bool] = []

    @settings(
        max_examples=_STUDIES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.randoms(use_true_random=True))
    def each(random: Random) -> None:
        path, folder = write(tmp_path / "odd.yaml", random), tmp_path / str(len(planned))
        planned.append(False)
        try:
            study = Study(config.load(path))
            plan(study)
            for benchmark in study.benchmarks.values():
                draw(benchmark)
            planned[-1] = True
            if len(planned) % 4 == 0:
                folder.mkdir()
                with chdir(folder):
                    tune_and_adopt(study, path)
        except UserError as error:
            for line in str(error).splitlines():
                assert line.startswith(f"{path}: "), line

    each()
    assert 0.1 < np.mean(planned) < 0.9, "hardly anything is planned, or refused"


def test_snakemake_plans_what_passes(tmp_path: Path) -> None:
    for name in ("meta_rl", "workflow", "environment.yml"):
        (tmp_path / name).symlink_to(ROOT / name)
    passed = 0
    for seed in range(1000):
        path = write(tmp_path / "odd.yaml", Random(seed))
        try:
            config.load(path)
        except UserError:
            continue
        command = [
            sys.executable,
            "-m",
            "snakemake",
            "all",
            "--configfile",
            "odd.yaml",
            "--dry-run",
            "--quiet",
        ]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, f"{seed}: {done.stderr[-2000:]}"
        if (passed := passed + 1) == _DRY_RUNS:
            return
    raise AssertionError("hardly anything passes")
