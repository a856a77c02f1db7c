"""An attempt at a job: the status is the step's, whatever becomes of its log."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from meta_rl.study import attempt

ROOT = Path(__file__).parents[2]
STUDY = ("__init__", "attempt", "reserve")
STEP = """
import os, signal, sys, time
print("said", os.getpid(), flush=True)
match sys.argv[1]:
    case "fail":
        print("ValueError: no such number", file=sys.stderr)
        sys.exit(3)
    case "full":
        print("OSError: [Errno 28] No space left on device\\nRuntimeError: unexpected pos 64", file=sys.stderr)
        sys.exit(1)
    case "die":
        os.kill(os.getpid(), signal.SIGKILL)
    case "wait":
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        print("listening", flush=True)
        time.sleep(60)
    case "work":
        held, end = bytearray(150_000_000), time.process_time() + 0.3
        while time.process_time() < end:
            pass
    case "environment":
        print(*sorted(os.environ), sep="\\n")
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package with nothing but this module and one step."""
    steps = tmp_path / "code/meta_rl/steps"
    steps.mkdir(parents=True)
    (steps / "one.py").write_text(STEP)
    (steps.parent / "study").mkdir()
    for name in ("__init__.py", "errors.py", "files.py", *(f"study/{one}.py" for one in STUDY)):
        (steps.parent / name).write_text((ROOT / "meta_rl" / name).read_text())
    return tmp_path / "code"


def start(package: Path, log: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "meta_rl.study.attempt", str(log), "one", *arguments],
        cwd=package,
        env={"PATH": os.defpath, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def tried(package: Path, log: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    process = start(package, log, *arguments, **environment)
    said, _ = process.communicate()
    return process.returncode, said


def test_output_goes_to_the_log_and_on_and_the_costs_are_measured(package: Path, tmp_path: Path) -> None:
    log = tmp_path / "logs/one/job.log"
    status, said = tried(package, log, "work")
    assert status == 0
    assert said == log.read_text()
    assert said.startswith("said ")
    (own,) = attempt.attempts(log)
    assert own["status"] == 0
    assert 0.3 <= own["cpu_s"] < 10
    assert 0.3 <= own["wall_s"] < 60
    assert 150 < own["peak_mb"] < 400
    assert own["started"] < own["ended"]


@pytest.mark.parametrize(
    ("how", "status", "reason"),
    [
        ("full", 1, "OSError: [Errno 28] No space left on device"),
        ("fail", 3, "ValueError: no such number"),
        ("die", 137, attempt.KILLED),
        ("well", 0, ""),
    ],
)
def test_the_status_is_that_of_the_step(
    package: Path, tmp_path: Path, how: str, status: int, reason: str
) -> None:
    log = tmp_path / "job.log"
    assert tried(package, log, how)[0] == status
    assert reason in log.read_text()
    assert [(one["status"], one["reason"]) for one in attempt.attempts(log)] == [(status, reason)]


@pytest.mark.parametrize(("how", "status"), [("well", 0), ("fail", 3)])
def test_a_log_that_cannot_be_written_is_nothing_to_the_job(
    package: Path, tmp_path: Path, how: str, status: int
) -> None:
    full = tmp_path / "full.log"
    full.symlink_to("/dev/full")
    nowhere = Path("/dev/null/job.log")
    for log, says in ((full, "No space left on device"), (nowhere, "[Errno ")):
        got, said = tried(package, log, how)
        assert got == status
        assert said.startswith("said ")
        assert f"{log}: is not whole: " in said
        assert says in said


def test_what_was_made_while_the_study_changed_counts_as_failed(package: Path, tmp_path: Path) -> None:
    """Snakemake would record the new file with the old result, and call it up to date."""
    told, log = tmp_path / "job.json", tmp_path / "job.log"
    for change, status in (("", 0), ('open(sys.argv[3], "a").write("changed")', 1)):
        told.write_text("{}")
        (package / "meta_rl/steps/one.py").write_text(f"import sys\n{change}\n")
        assert tried(package, log, "well", "--job", str(told))[0] == status
    assert "changed while this ran" in attempt.attempts(log)[-1]["reason"]


def test_nobody_needs_to_listen(package: Path, tmp_path: Path) -> None:
    log = tmp_path / "job.log"
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "meta_rl.study.attempt", str(log), "one", "well"], cwd=package, stdout=full
        )
    assert done.returncode == 0
    assert log.read_text().startswith("said ")


def test_attempts_are_counted_until_one_succeeds(package: Path, tmp_path: Path) -> None:
    log = tmp_path / "job.log"
    for how in ("fail", "die", "well"):
        tried(package, log, how)
    assert [one["status"] for one in attempt.attempts(log)] == [3, 137, 0]
    tried(package, log, "fail")
    assert [one["status"] for one in attempt.attempts(log)] == [3]
    attempt.record_of(log).write_text("[{")  # a disk that was full
    tried(package, log, "well")
    assert [one["status"] for one in attempt.attempts(log)] == [0]


FULL = """
from meta_rl.errors import UserError
_whole, _calls = write_text, []
def write_text(*arguments):
    _calls.append(arguments)
    if len(_calls) > 1:
        raise UserError("No space left on device")
    _whole(*arguments)
"""


def test_how_an_attempt_ended_fits_on_a_disk_that_has_become_full(package: Path, tmp_path: Path) -> None:
    with (package / "meta_rl/files.py").open("a") as file:
        file.write(FULL)
    log = tmp_path / "job.log"
    assert tried(package, log, "fail")[0] == 3
    assert [(one["status"], one["reason"]) for one in attempt.attempts(log)] == [
        (3, "ValueError: no such number")
    ]


def test_the_number_in_a_clusters_queue_is_kept(package: Path, tmp_path: Path) -> None:
    log = tmp_path / "job.log"
    tried(package, log, "fail", SLURM_JOB_ID="41")
    tried(package, log, "well", SLURM_JOB_ID="42")
    assert [one["number"] for one in attempt.attempts(log)] == ["41", "42"]
    tried(package, log, "fail")
    (own,) = attempt.attempts(log)
    assert (own["number"], own["after_number"]) == ("", "42")


def test_room_that_was_kept_is_given_back_on_a_full_disk_alone(package: Path, tmp_path: Path) -> None:
    kept = package / ".snakemake/reserve"
    kept.parent.mkdir()
    kept.write_bytes(b"kept")
    tried(package, tmp_path / "job.log", "well")
    assert list(kept.parent.iterdir()) == [kept]
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, limit[1]))  # as good as a full disk, and for any user
    try:
        assert tried(package, tmp_path / "job.log", "well")[0] == 0
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert list(kept.parent.iterdir()) == []


def test_a_step_is_told_to_stop_and_one_that_is_killed_with_its_attempt_has_no_end(
    package: Path, tmp_path: Path
) -> None:
    log = tmp_path / "job.log"
    for number, status in ((signal.SIGTERM, 143), (signal.SIGKILL, -9)):
        process = start(package, log, "wait")
        while not log.exists() or "listening" not in log.read_text():
            assert process.poll() is None
            time.sleep(0.02)
        step = int(log.read_text().split()[1])
        process.send_signal(number)
        assert process.wait() == status
        if number == signal.SIGKILL:
            os.kill(step, signal.SIGKILL)
        log.unlink()
    stopped, killed = attempt.attempts(log)
    assert stopped["status"] == 143
    assert "ended" not in killed
    assert killed["host"]


def test_a_step_does_not_see_the_users_settings(package: Path, tmp_path: Path) -> None:
    users = {"MPLBACKEND": "module://nowhere", "OMP_NUM_THREADS": "7", "LANG": "C", "MUJOCO_GL": "x"}
    users |= {"HOME": "/here", "CUDA_VISIBLE_DEVICES": "0", "PYTHONPATH": "/there"}
    _, said = tried(package, tmp_path / "job.log", "environment", **users)
    assert not {"LANG", "MUJOCO_GL"} & set(said.splitlines())
    found = attempt.environment(users)
    assert found["MPLBACKEND"] == "Agg"
    assert found["OMP_NUM_THREADS"] == "1"
    assert {name: found.get(name) for name in ("HOME", "CUDA_VISIBLE_DEVICES", "PYTHONPATH")} == {
        name: users[name] for name in ("HOME", "CUDA_VISIBLE_DEVICES", "PYTHONPATH")
    }
