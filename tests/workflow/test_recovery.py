"""A study that is killed, or started twice, comes to the same tables."""

import os
import signal
import subprocess
import sys
import time

import pandas as pd
from harness import Project

EVALUATION = "results/test/tables/evaluation.parquet"
POLICY = "results/test/small_gravity/dqn/none/seeds_0-1/policy.pt"


def test_a_killed_study_goes_on_and_a_second_one_is_refused(project: Project) -> None:
    project.edit(
        "config/test.yaml", "methods: [none, explicit, iida, epi, jrpl, shuffled]", "methods: [none]"
    )
    project.edit("config/test.yaml", "train: {env_steps: 600,", "train: {env_steps: 6000,")
    log = project.root / "results/test/logs/train/small_gravity/dqn/none/seeds_0-1.log"
    log.unlink()
    command = [sys.executable, "-m", "snakemake", "--configfile", "config/test.yaml", "--cores", "1"]
    first = subprocess.Popen(
        command,
        cwd=project.root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while not log.exists():
        assert first.poll() is None
        time.sleep(0.05)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    assert not (project.root / POLICY).exists(), "what was being trained anew must not look finished"
    second = project.snakemake(EVALUATION)  # for the second one, the first still holds the folder
    assert second.returncode != 0
    assert "--unlock" in second.stdout

    assert project.snakemake("--unlock").returncode == 0
    assert project.snakemake(EVALUATION).returncode == 0
    interrupted = pd.read_parquet(project.root / EVALUATION)
    project.edit("config/test.yaml", "per_job: 2", "per_job: 4")
    assert project.snakemake(EVALUATION).returncode == 0
    assert (project.root / POLICY.replace("seeds_0-1", "seeds_0-3")).exists()
    pd.testing.assert_frame_equal(interrupted, pd.read_parquet(project.root / EVALUATION), check_exact=True)


def test_the_same_study_gives_the_same_bytes(finished: Project, project: Project) -> None:
    tables = sorted(
        path.relative_to(finished.root) for path in finished.root.glob("results/test/tables/*.parquet")
    )
    assert tables
    done = project.snakemake(EVALUATION, "--forceall")
    assert done.returncode == 0, done.stdout
    for path in tables:
        assert (project.root / path).read_bytes() == (finished.root / path).read_bytes(), path
