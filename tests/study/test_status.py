"""The status of a study, from its results and from what attempts at its jobs left behind."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from meta_rl.errors import UserError
from meta_rl.study import config, status
from meta_rl.study.study import Study

ROOT = Path(__file__).parents[2]
BLOCKS = "train/small_gravity/dqn"
START = 1_800_000_000.0  # when Snakemake started


def attempt(at: float, **end: Any) -> dict[str, Any]:
    return {"started": datetime.fromtimestamp(START + at, UTC).isoformat(), "host": "n1", **end}


OK = {"ended": "later", "status": 0, "reason": "", "wall_s": 90.0, "cpu_s": 80.0, "peak_mb": 300.0}
KILLED = OK | {"status": 137, "reason": "killed (SIGKILL); most often memory ran out"}


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.chdir(tmp_path)
    made = Study(config.load(ROOT / "config/test.yaml"))
    leave("none/seeds_2-3", [attempt(0, **OK)])
    policy = Path("results/test/small_gravity/dqn/none/seeds_2-3/policy.pt")
    policy.parent.mkdir(parents=True)
    policy.touch()
    return made


def leave(block: str, attempts: list[dict[str, Any]], said: str = "") -> None:
    log = Path("results/test/logs", BLOCKS, f"{block}.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(said)
    log.with_suffix(".json").write_text(json.dumps(attempts))


def scheduler(block: str, number: int, at: float, said: str) -> Path:
    """What Slurm wrote into the log of its job `number`, last at a time after Snakemake's start."""
    folder = Path(".snakemake/slurm_logs/rule_train", f"test_small_gravity_dqn_{block.replace('/', '_')}")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{number}.log"
    path.write_text(said)
    os.utime(path, (START + at, START + at))
    return path


def row(report: str, stage: str) -> list[str]:
    (line,) = [line for line in report.splitlines() if line.startswith(f"| {stage} |")]
    return line.strip("| ").split(" | ")


def test_jobs_are_counted_by_stage_and_benchmark(study: Study) -> None:
    leave("none/seeds_0-1", [attempt(5)])
    leave("jrpl/seeds_0-1", [attempt(5, **KILLED)])
    leave("iida/seeds_0-1", [attempt(-500, **KILLED)])  # before this Snakemake, which will come to it
    leave("epi/seeds_0-1", [attempt(-500, **OK)])  # and its result was deleted
    report = status.report(study, since=START)
    assert row(report, "train") == [
        "train", "small_gravity", "12", "1", "1", "1", "1 min 30 s", "16 min 30 s",
    ]  # fmt: skip
    assert row(report, "pretrain_encoder")[2:4] == ["4", "0"]  # of the two methods that have an encoder
    assert row(report, "aggregate")[1:4] == ["", "1", "0"]
    assert "1 of 58 jobs done; about 16 min 30 s left at 1 at a time" in report
    ended = status.report(study, since=None)
    assert row(ended, "train")[3:6] == ["1", "0", "3"]
    assert "train small_gravity dqn none seeds_0-1: failed; attempts that failed: see its logs" in ended


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_study_that_may_not_be_read_is_named(study: Study) -> None:
    folder = Path("results/test")
    folder.chmod(0)
    with pytest.raises(
        UserError, match=r"^results/test: cannot be read: Permission denied; let who runs this "
    ):
        status.main(ROOT / "config/test.yaml")
    folder.chmod(0o755)


def test_snakemake_works_on_it_while_it_holds_its_lock(study: Study) -> None:
    assert status.at_work(study) is None
    lock = Path(".snakemake/locks/0.output.lock")
    lock.parent.mkdir(parents=True)
    lock.write_text("results/other/check.txt\n")
    assert status.at_work(study) is None
    lock.write_text("results/test/check.txt\n")
    os.utime(lock, (START, START))
    assert status.at_work(study) == START


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("slurmstepd: error: StepId=40.batch exceeded memory limit (2 > 1), being killed", "out of memory"),
        ("slurmstepd: error: Detected 1 oom_kill event in StepId=1.0", "out of memory"),
        ("slurmstepd: error: *** JOB 41 CANCELLED AT 2026 DUE TO TIME LIMIT ***", "time limit"),
        ("slurmstepd: error: *** JOB 41 ON n1 CANCELLED AT 2026 ***", "cancelled"),
    ],
)
def test_what_a_scheduler_wrote_of_an_attempt_is_its_reason(study: Study, said: str, reason: str) -> None:
    tried = [attempt(5, number="4"), attempt(300, number="5", **KILLED), attempt(600, number="6")]
    leave("jrpl/seeds_0-1", tried)
    # Slurm may have had its last word before the step began, or after the next one did.
    for last in (4.9, 5, 290, 310):
        first = scheduler("jrpl/seeds_0-1", 4, last, f"{said}\nerror in the end\n")
        report = status.report(study, since=START)
        assert report.splitlines()[-3:] == [
            "train small_gravity dqn jrpl seeds_0-1: now running; attempts that failed: "
            f"{reason}, killed, most often because memory ran out",
            "  results/test/logs/train/small_gravity/dqn/jrpl/seeds_0-1.log",
            f"  {first}",
        ]
    scheduler("jrpl/seeds_0-1", 6, 900, said)  # this one has ended, which Snakemake has not noticed
    assert row(status.report(study, since=START), "train")[4:6] == ["0", "1"]


OOM = "slurmstepd: error: Detected 1 oom_kill event in StepId=1.0"


@pytest.mark.parametrize("number", [9, 10])  # numbers, not texts
@pytest.mark.parametrize("nanoseconds", [0, 123_456_499, 123_456_501, 999_999_999])
def test_an_attempt_whose_step_never_began_counts_beside_those_that_did(
    study: Study, number: int, nanoseconds: int
) -> None:
    leave("jrpl/seeds_0-1", [attempt(600, number=str(number + 1))])
    scheduler("jrpl/seeds_0-1", number + 1, 590, "Submitted batch job 5")  # of the attempt that runs
    assert "failed:" not in status.report(study, since=START)
    first = scheduler("jrpl/seeds_0-1", number, 290, OOM)
    time = int(START + 290) * 10**9 + nanoseconds
    os.utime(first, ns=(time, time))
    report = status.report(study, since=START)
    assert "seeds_0-1: now running; attempts that failed: out of memory\n" in report
    assert report.endswith(f"\n  {first}")
    succeeded = {"after": attempt(400)["started"], "after_number": str(number)}  # it has succeeded since
    leave("jrpl/seeds_0-1", [attempt(600, number=str(number + 1)) | succeeded])
    assert "failed:" not in status.report(study, since=START)
    time = int(START + 500) * 10**9  # and the log of the attempt that did was closed after it
    os.utime(first, ns=(time, time))
    assert "failed:" not in status.report(study, since=START)


def test_attempts_whose_step_never_began_stand_in_their_order(study: Study) -> None:
    leave("jrpl/seeds_0-1", [attempt(100, number="4", **KILLED), attempt(600, number="6")])
    for number, at, said in ((5, 700, OOM), (3, 90, "DUE TO TIME LIMIT")):
        scheduler("jrpl/seeds_0-1", number, at, said)
    failed = "time limit, killed, most often because memory ran out, out of memory"
    assert f"now running; attempts that failed: {failed}\n" in status.report(study, since=START)


def test_what_slurm_starts_again_under_its_number_has_one_log(study: Study) -> None:
    leave("jrpl/seeds_0-1", [attempt(100, number="4"), attempt(600, number="4")])
    scheduler("jrpl/seeds_0-1", 4, 700, "begun anew\n")
    report = status.report(study, since=START)
    assert "now running; attempts that failed: see its logs\n" in report


def test_a_job_whose_step_never_began_is_known_by_its_schedulers_log(study: Study) -> None:
    scheduler("jrpl/seeds_0-1", 4, 10, "python: command not found\n")
    assert row(status.report(study, since=START), "train")[4:6] == ["1", "0"]
    ended = status.report(study, since=None)
    assert row(ended, "train")[4:6] == ["0", "1"]
    assert "train small_gravity dqn jrpl seeds_0-1: failed; attempts that failed: see its logs\n" in ended
    assert "/4.log" in ended


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("error: a.pt: cannot be written: No space left on device; make room", "disk full"),
        (
            "error: a.pt: cannot be written: Permission denied",
            "error: a.pt: cannot be written: Permission denied",
        ),
        ("error: a.pt: cannot be written: Disk quota exceeded; make room", "disk full"),
        ("ValueError: no such number", "ValueError: no such number"),
        ("", "see its logs"),
    ],
)
def test_what_the_step_said_is_the_reason(study: Study, reason: str, shown: str) -> None:
    leave("jrpl/seeds_0-1", [attempt(5, **OK | {"status": 1, "reason": reason})])
    assert f"jrpl seeds_0-1: failed; attempts that failed: {shown}\n" in status.report(study, since=None)


def test_a_job_that_succeeded_in_the_end_says_what_it_took(study: Study) -> None:
    leave("none/seeds_2-3", [attempt(0, **KILLED), attempt(9, **OK)])
    report = status.report(study, since=None)
    assert "none seeds_2-3: now done; attempts that failed: killed, most often" in report
    assert row(report, "train")[3:6] == ["1", "0", "0"]
