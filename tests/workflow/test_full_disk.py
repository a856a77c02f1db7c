"""A disk that is full at the moment when a step writes: one line that names the file, and nothing finished is lost."""

import importlib
import shutil
import sys
from pathlib import Path

import pytest
from full_disk import FINISHED, Command, commands, full_disk
from harness import ROOT, Project

from meta_rl import job

OUTSIDE = {"evaluate_external"}  # writes as `evaluate` does
STEPS = sorted({path.stem for path in (ROOT / "meta_rl/steps").glob("[!_]*.py")} - OUTSIDE)
TUNE = """
tune:
  env_steps: {min: 200, max: 600, total: 1200}
  search: {dqn: {hidden: [[64, 64]], replay: [10000], batch: [32, 64], train_every: [16, 64]}}
"""
DOUBT = "uncertainty: {estimators: [policy_confidence], budgets: [0, 5]}"
DOUBTED = "results/test/small_gravity/dqn/none/seeds_0-1/uncertainty/policy_confidence.parquet"


@pytest.fixture(scope="module")
def jobs(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Project, Command]]:
    """A job of every step, with a project in which all that it reads is there."""
    with full_disk(tmp_path_factory.mktemp("disk") / "full", "one"):
        pass  # who cannot have one need not wait for what follows
    whole = Project(shutil.copytree(finished.root, tmp_path_factory.mktemp("whole") / "project"))
    tuned = Project(tmp_path_factory.mktemp("tuned"))
    for name in ("config", "environment.yml", "meta_rl", "workflow"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        copy(ROOT / name, tuned.root / name)
    tuned.edit("config/test.yaml", "{train: 3, inter", "{train: 3, validation: 2, inter")
    tuned.edit("config/test.yaml", "[none, explicit, iida, epi, jrpl, shuffled]", "[none]")
    tuned.edit("config/test.yaml", "\nfigures:", f"{TUNE}\n{DOUBT}\nfigures:")
    done = tuned.snakemake("tune", DOUBTED)
    assert done.returncode == 0, done.stdout
    found = {step: (tuned, command) for step, command in commands(tuned, "tune", DOUBTED).items()}
    return found | {step: (whole, command) for step, command in commands(whole, "all").items()}


@pytest.mark.parametrize("step", STEPS)
def test_an_output_that_does_not_fit_is_one_line_and_costs_nothing_else(
    jobs: dict[str, tuple[Project, Command]],
    step: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    project, command = jobs[step]
    monkeypatch.chdir(project.root)
    for number, output in enumerate(command.outputs):
        scratch = tmp_path / str(number)
        scratch.mkdir()
        places = {other: scratch / Path(other).name for other in command.outputs}
        kept = "" if "/checkpoints/" in output else Path(output).name  # a journal is read first
        with full_disk(tmp_path / "full", kept) as disk:
            places[output] = disk / Path(output).name
            monkeypatch.setattr(sys, "argv", [step, *command.elsewhere(places, scratch)])
            with pytest.raises(SystemExit) as stopped:
                job.run(importlib.import_module(f"meta_rl.steps.{step}").main)
            assert stopped.value.code == 1
            assert capsys.readouterr().err == (
                f"error: {places[output]}: cannot be written: No space left on device; "
                "make room, and run the same command again\n"
            )
            assert {path.name for path in disk.iterdir()} == {kept, "filler"} - {""}
            assert not kept or places[output].read_bytes() == FINISHED
        assert not list(scratch.glob(".*")), "a half file is left"
