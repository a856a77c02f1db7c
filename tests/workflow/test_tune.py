"""`snakemake tune`, killed and continued, adopted, and left alone by everything else."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from harness import Project

TUNE = """
tune:
  env_steps: {min: 200, max: 600, total: 4200}
  search: {dqn: {hidden: [[64, 64]], replay: [10000], batch: [32, 64], train_every: [16, 64]}}
"""
TUNED = "results/test/tuned/small_gravity/dqn/iida"
TRIALS = f"{TUNED}/seeds_1000-1001/trials.parquet"
JOURNAL = "results/test/checkpoints/tune_settings/small_gravity/dqn/iida/seeds_1000-1001.parquet"


@pytest.fixture
def tuned(finished: Project, tmp_path: Path) -> Project:
    """The finished study with a tuning to do, of one method that is pretrained."""
    project = Project(shutil.copytree(finished.root, tmp_path / "project"))
    project.edit("config/test.yaml", "{train: 3, inter", "{train: 3, validation: 2, inter")
    project.edit(
        "config/test.yaml", "methods: [none, explicit, iida, epi, jrpl, shuffled]", "methods: [iida]"
    )
    project.edit("config/test.yaml", "\nfigures:", f"{TUNE}\nfigures:")
    return project


def test_a_killed_tuning_goes_on_and_its_settings_are_trained_with(tuned: Project) -> None:
    project = tuned
    assert not {job for job in project.planned() if "tun" in job}, "a study does not tune by itself"

    command = [sys.executable, "-m", "snakemake", "--configfile", "config/test.yaml", "--cores", "1", "tune"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    first = subprocess.Popen(command, cwd=project.root, start_new_session=True, **quiet)  # type: ignore[call-overload]
    journal = project.root / JOURNAL
    while not journal.exists():
        assert first.poll() is None
        time.sleep(0.02)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    assert not (project.root / TRIALS).exists(), "a tuning that was killed must not look finished"
    kept = pd.read_parquet(journal)
    assert project.snakemake("--unlock").returncode == 0
    done = project.snakemake("tune")
    assert done.returncode == 0, done.stdout
    resumed = pd.read_parquet(project.root / TRIALS)
    pd.testing.assert_frame_equal(resumed.iloc[: len(kept)], kept, check_exact=True)
    assert not journal.exists()

    (project.root / TRIALS).unlink()
    assert project.snakemake("tune").returncode == 0
    whole = pd.read_parquet(project.root / TRIALS)
    pd.testing.assert_frame_equal(
        resumed.drop(columns="seconds"), whole.drop(columns="seconds"), check_exact=True
    )
    page = (project.root / "results/test/tuned/tuning.html").read_text()
    assert "1 tunings" in page
    assert 'Tuning seeds</td><td class="words">2: 1000 to 1001' in page

    adopted = subprocess.run(
        [sys.executable, "-m", "meta_rl.commands", "adopt", "config/test.yaml"],
        cwd=project.root,
        capture_output=True,
        text=True,
    )
    assert adopted.returncode == 0, adopted.stderr
    settings = json.loads((project.root / TUNED / "settings.json").read_text())
    assert settings["tuning_seeds"] == [1000, 1001]
    assert settings["spent"]["env_steps"] == whole["env_steps"].sum()
    assert project.planned("tune") == {"summarise_tuning"}, (
        "what was tuned does not depend on what was adopted"
    )
    trained = {job for job in project.planned() if job.startswith(("train", "solve"))}
    changed = settings["source"] != "default"
    assert trained == (
        {f"train small_gravity dqn iida seeds_{at}" for at in ("0-1", "2-3")} if changed else set()
    )


def test_a_study_without_a_tuning_says_so(finished: Project) -> None:
    done = finished.snakemake("--dry-run", "tune")
    assert done.returncode == 1
    assert "error: config/test.yaml: has no key 'tune'" in done.stdout
