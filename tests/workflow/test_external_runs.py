"""Runs from outside go through the workflow: they are played, and played again when their files change."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from harness import ROOT, Project

POLICY = """
import numpy as np

def build(seed):
    return lambda observation: (observation[:, 2] + 0.5 * observation[:, 3] > 0).astype(np.int64)
"""
STUDY = """
study: test
benchmarks:
  cartpole_gravity: {contexts: {train: 3, interpolation: 2, extrapolation: 2}, agents: [dqn]}
methods: [none]
seeds: {test: {first: 0, count: 2}, per_job: 1}
train: {env_steps: 600, snapshots: 2}
evaluate: {episodes: 2}
references: {points: 2, env_steps: 300}
agents:
  dqn: {hidden: [16], replay: 1000, batch: 16, learning_starts: 100}
figures: [iqm]
external:
  leaning: {policy: "foreign/{seed}.py", loader: python, trusted: true}
"""
EVALUATED = "results/test/cartpole_gravity/dqn/leaning/seeds_{0}-{0}/evaluation.parquet"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    for name in ("meta_rl", "workflow"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copy2(ROOT / "environment.yml", tmp_path)
    (tmp_path / "config").mkdir()
    (tmp_path / "config/test.yaml").write_text(STUDY)
    (tmp_path / "foreign").mkdir()
    for seed in range(2):
        (tmp_path / f"foreign/{seed}.py").write_text(POLICY)
    return Project(tmp_path)


def test_they_are_played_and_a_changed_file_plays_its_block_again(project: Project) -> None:
    targets = [EVALUATED.format(seed) for seed in range(2)]
    done = project.snakemake(*targets)
    assert done.returncode == 0, done.stdout
    for seed, path in enumerate(targets):
        frame = pd.read_parquet(project.root / path)
        assert set(frame["method"]) == {"leaning"}
        assert set(frame["seed"]) == {seed}
        assert len(frame) == 2 * 2 * (3 + 2 + 2)
    assert project.planned(*targets) == set()
    project.edit("foreign/1.py", "0.5", "0.6")
    assert project.planned(*targets) == {"evaluate_external cartpole_gravity dqn leaning seeds_1-1"}
    everything = project.planned()
    assert "evaluate cartpole_gravity dqn none seeds_1-1" in everything
    assert "evaluate_external cartpole_gravity dqn leaning seeds_0-0" not in everything
