"""The status of a study, from a log of Snakemake's, results and run times."""

from pathlib import Path

import pytest

from meta_rl.study import config, status
from meta_rl.study.study import Study

ROOT = Path(__file__).parents[2]
LOG = """\
Building DAG of jobs...
[Tue Nov 24 20:00:00 2026]
localrule sample_contexts:
    log: results/test/logs/sample_contexts/small_gravity/held_out.log
    jobid: 1
    wildcards: study=test, benchmark=small_gravity, part=held_out
[Tue Nov 24 20:00:01 2026]
Finished jobid: 1 (Rule: sample_contexts)
1 of 4 steps (25%) done
[Tue Nov 24 20:00:02 2026]
rule train:
    log: results/test/logs/train/small_gravity/dqn/none/seeds_0-1.log
    jobid: 2
    wildcards: study=test, benchmark=small_gravity, agent=dqn, method=none, block=seeds_0-1
[Tue Nov 24 20:00:03 2026]
rule train:
    log: results/test/logs/train/small_gravity/dqn/jrpl/seeds_0-1.log
    jobid: 3
    wildcards: study=test, benchmark=small_gravity, agent=dqn, method=jrpl, block=seeds_0-1
[Tue Nov 24 20:01:00 2026]
Error in rule train:
    message: SLURM-job '4' failed, SLURM status is: 'CANCELLED'.
    jobid: 2
    log: results/test/logs/train/small_gravity/dqn/none/seeds_0-1.log, {folder}/4.log (check log file(s) for details)
    shell:
        python -m meta_rl.steps.train
Trying to restart job 2.
[Tue Nov 24 20:01:01 2026]
rule train:
    jobid: 2
    wildcards: study=test, benchmark=small_gravity, agent=dqn, method=none, block=seeds_0-1
[Tue Nov 24 20:02:00 2026]
Error in rule train:
    message: None
    jobid: 3
    log: results/test/logs/train/small_gravity/dqn/jrpl/seeds_0-1.log, {folder}/5.log (check log file(s) for details)
    shell:
        python -m meta_rl.steps.train
"""


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results/test/benchmarks/train/small_gravity/dqn/none").mkdir(parents=True)
    (tmp_path / "results/test/benchmarks/train/small_gravity/dqn/none/seeds_2-3.tsv").write_text(
        "s\th:m:s\n90.0\t0:01:30\n"
    )
    policy = tmp_path / "results/test/small_gravity/dqn/none/seeds_2-3/policy.pt"
    policy.parent.mkdir(parents=True)
    policy.touch()
    log = tmp_path / "results/test/logs/train/small_gravity/dqn/none/seeds_0-1.log"
    log.parent.mkdir(parents=True)
    log.touch()
    return Study(config.load(ROOT / "config/test.yaml"))


def row(report: str, stage: str) -> list[str]:
    (line,) = [line for line in report.splitlines() if line.startswith(f"| {stage} |")]
    return line.strip("| ").split(" | ")


def test_jobs_are_counted_by_stage_and_benchmark(study: Study, tmp_path: Path) -> None:
    report = status.report(study, LOG.format(folder=tmp_path), running=True)
    assert row(report, "train") == [
        "train", "small_gravity", "12", "1", "1", "1", "1 min 30 s", "16 min 30 s",
    ]  # fmt: skip
    assert row(report, "pretrain_encoder")[2:4] == ["4", "0"]  # of the two methods that have an encoder
    assert row(report, "aggregate")[1:4] == ["", "1", "0"]
    assert "1 of 58 jobs done; about 16 min 30 s left at 1 at a time" in report
    assert row(status.report(study, LOG.format(folder=tmp_path), running=False), "train")[4] == "0"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("slurmstepd: error: StepId=40.batch exceeded memory limit (2 > 1), being killed", "out of memory"),
        ("slurmstepd: error: Detected 1 oom_kill event in StepId=1.0", "out of memory"),
        ("slurmstepd: error: *** JOB 41 CANCELLED AT 2026 DUE TO TIME LIMIT ***", "time limit"),
        ("error: [Errno 28] No space left on device; make room", "disk full"),
        ("killed (SIGKILL); most often memory ran out", "killed, most often because memory ran out"),
        ("ValueError: no such number", "ValueError: no such number"),
        ("nothing", "see its logs"),
    ],
)
def test_failures_have_a_reason_and_their_logs(study: Study, tmp_path: Path, said: str, reason: str) -> None:
    (tmp_path / "5.log").write_text(f"{said}\nerror in the end\n")
    report = status.report(study, LOG.format(folder=tmp_path), running=True)
    assert "train small_gravity dqn none seeds_0-1: now running; attempts that failed: cancelled\n" in report
    expected = [
        f"train small_gravity dqn jrpl seeds_0-1: failed; attempts that failed: {reason}",
        "  results/test/logs/train/small_gravity/dqn/jrpl/seeds_0-1.log",
        f"  {tmp_path}/5.log",
    ]
    assert report.splitlines()[-3:] == expected
