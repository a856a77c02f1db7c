"""What lies around a job is nothing to its results: the settings of a user, what is printed, the disk they lie on."""

import base64
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from harness import ROOT, Project
from read_only import read_only

BLOCK = "results/test/small_gravity/dqn/jrpl/seeds_0-1"
FIGURE = "results/test/figures/return_vs_context"
# What users may have set, and their libraries read.
USERS = {
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",  # in a notebook
    "MUJOCO_GL": "nonsense",
    "PYOPENGL_PLATFORM": "nonsense",
    "NPY_DISABLE_CPU_FEATURES": "AVX2",
    "NUMPY_MADVISE_HUGEPAGE": "0",
    "OMP_NUM_THREADS": "2",
    "OPENBLAS_CORETYPE": "Prescott",
    "MKL_CBWR": "COMPATIBLE",
    "MKL_NUM_THREADS": "2",
    "ATEN_CPU_CAPABILITY": "default",
    "TORCH_LOGS": "all",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "PANDAS_FUTURE_INFER_STRING": "0",
    "PANDAS_COPY_ON_WRITE": "warn",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "PYTHONHASHSEED": "3",
    "SOURCE_DATE_EPOCH": "1",
    "SNAKEMAKE_OUTPUT_CACHE": "/nowhere",
    "LC_ALL": "C",
    "COLUMNS": "20",
}


def test_results_do_not_depend_on_the_users_environment_and_files(
    finished: Project, project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = "text.usetex: True\nfont.size: 30\nsavefig.bbox: tight\nsavefig.dpi: 20\n"
    (project.root / "matplotlibrc").write_text(settings)
    (tmp_path / "matplotlibrc").write_text(settings)
    for name, value in (USERS | {"MPLCONFIGDIR": str(tmp_path), "MATPLOTLIBRC": str(tmp_path)}).items():
        monkeypatch.setenv(name, value)
    targets = [f"{BLOCK}/evaluation.parquet", f"{FIGURE}.png"]
    made = [*targets, f"{BLOCK}/learning.parquet", f"{FIGURE}.pdf"]
    done = project.snakemake(
        *targets, "--forcerun", "plot", "train", "--allowed-rules", "plot", "train", "evaluate"
    )
    assert done.returncode == 0, done.stdout
    for path in made:
        ours, theirs = project.root / path, finished.root / path
        assert ours.stat().st_mtime_ns != theirs.stat().st_mtime_ns, path
        assert ours.read_bytes() == theirs.read_bytes(), path


@pytest.mark.parametrize("quiet", [(), ("--quiet", "rules", "host"), ("--quiet", "all")])
def test_the_status_knows_of_a_failure_whatever_snakemake_prints(
    project: Project, quiet: tuple[str, ...]
) -> None:
    results = "results/test/small_gravity"
    (project.root / results / "dqn/none/seeds_0-1/evaluation.parquet").write_text("no table")
    assert project.snakemake(f"{results}/scores.parquet", *quiet).returncode == 1
    said = status(project.root)
    assert "| score | small_gravity | 1 | 0 | 0 | 1 |" in said
    assert (
        "score small_gravity: failed; attempts that failed: error: results/test/small_gravity/dqn/none"
        in said
    )
    assert "  results/test/logs/score/small_gravity.log" in said
    assert "Snakemake does not work on it" in said


def status(folder: Path) -> str:
    command = [sys.executable, "-m", "meta_rl.commands", "status", str(ROOT / "config/test.yaml")]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def test_results_may_lie_elsewhere(project: Project, tmp_path: Path) -> None:
    elsewhere = tmp_path / "another disk"
    elsewhere.mkdir()
    for name in ("results", ".snakemake"):
        shutil.move(project.root / name, elsewhere / name)
    there = elsewhere / "results/test"
    last = [there / name for name in ("summary.html", "report.html", "check.txt", "figures/iqm.png")]
    for path in last:
        path.unlink()
    shutil.rmtree(there / "small_gravity/dqn/none/seeds_0-1")
    done = project.snakemake("all", "--directory", str(elsewhere))
    assert done.returncode == 0, done.stdout
    assert all(path.is_file() for path in last)
    assert not (project.root / "results").exists()
    assert "58 of 58 jobs done" in status(elsewhere)
    figures = yaml.safe_load((ROOT / "config/test.yaml").read_text())["figures"]
    assert all(f"figures/{figure}.png" in (there / "report.html").read_text() for figure in figures)


@pytest.mark.parametrize("elsewhere", [False, True])
def test_what_was_finished_unseen_is_taken_over_whatever_is_printed(
    project: Project, tmp_path: Path, elsewhere: bool
) -> None:
    folder = project.root
    if elsewhere:
        (folder := tmp_path / "another disk").mkdir()
        for name in ("results", ".snakemake"):
            shutil.move(project.root / name, folder / name)
    policy, log = (
        folder / BLOCK / "policy.pt",
        folder / "results/test/logs/train/small_gravity/dqn/jrpl/seeds_0-1.log",
    )
    before = policy.read_bytes(), log.stat().st_mtime_ns
    record = record_of(folder, f"{BLOCK}/policy.pt")
    if elsewhere:  # where Snakemake could not note it, as the disk was full
        record.write_bytes(b"")
        (folder / ".snakemake/incomplete" / record.name).write_text('{"external_jobid": null}')
    else:
        record.unlink()
    command = [
        sys.executable,
        "-m",
        "meta_rl.commands",
        "resume",
        "config/test.yaml",
        "--quiet",
        "all",
    ]
    done = subprocess.run(
        [*command, "--directory", str(folder), "--cores", "2"],
        cwd=project.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert f"taking over 1 files that are up to date: {BLOCK}/policy.pt\n" in done.stdout
    assert (policy.read_bytes(), log.stat().st_mtime_ns) == before, "it was not trained again"
    assert record_of(folder, f"{BLOCK}/policy.pt").stat().st_size
    assert not list(folder.glob(".snakemake/incomplete/*"))


def test_a_folder_that_may_not_be_written_is_one_line_before_any_work(project: Project) -> None:
    with read_only(project.root / "results") as why:
        done = project.snakemake("all", "--forceall", "--quiet", "rules", "host")
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if not line.startswith("Using workflow specific")]
    assert line.startswith(f"error: results/test: cannot be written: {why}; let who runs this ")


def test_the_file_of_a_job_that_does_not_fit_is_one_line(project: Project) -> None:
    jobs = project.root / "results/test/jobs/score"
    jobs.rename(jobs.with_name("score_before"))
    jobs.write_text("something else")
    done = project.snakemake("all", "--quiet", "rules", "host")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == (
        "error: results/test/jobs/score/small_gravity.json: cannot be written: File exists; "
        "move away what lies in its place"
    )


def record_of(folder: Path, name: str) -> Path:
    """Snakemake's record of a file."""
    encoded = base64.urlsafe_b64encode(name.encode()).decode()
    metadata = folder / ".snakemake/metadata"
    (found,) = [
        path
        for path in metadata.rglob("*")
        if path.is_file() and "".join(path.relative_to(metadata).parts).replace("@", "") == encoded
    ]
    return found
