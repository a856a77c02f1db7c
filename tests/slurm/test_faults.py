"""What goes wrong on clusters: each of it here, on a real one."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from cluster import QUICK, SLURM, Main, OnCluster, new_project, wait_until

METHODS = ("none", "explicit", "iida", "jrpl")
STEPS = 40_000


# One run, and a fault for every job of it.


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> tuple[OnCluster, str]:
    """Trainings that end in spite of all that happens to their jobs, and what Snakemake said.

    `none` is killed, `explicit` is cancelled, `jrpl` hangs until its time is up, the trajectories of `iida` do not
    fit into their memory, and the node of its encoder goes down, which no training is on.
    """
    project = busy(tmp_path_factory.mktemp("troubled"))
    memory = "collect_trajectories:mem_mb=150 * 10 ** (attempt - 1)"
    limits = (
        "--set-resources",
        memory,
        "train:runtime=2 if wildcards.method == 'jrpl' and attempt == 1 else 10",
        "train:slurm_extra='--nodelist=n1'",
        "pretrain_encoder:slurm_extra='--nodelist=n2'",
    )
    main = project.start(*targets(project), *limits)

    def hit(method: str) -> int | None:
        return project.training(f"dqn/{method}/")

    os.kill(main.until(lambda: hit("none")), signal.SIGKILL)
    hanging = main.until(lambda: project.checkpoint("jrpl").exists() and hit("jrpl"))
    os.kill(hanging, signal.SIGSTOP)  # as if its node hung
    main.until(lambda: hit("explicit"))
    (job, _, _) = project.queue("explicit")[0]
    subprocess.run(["scancel", job], check=True)
    main.until(lambda: project.step("pretrain_encoder"))
    (_, _, node) = project.queue("pretrain_encoder")[0]
    down(node)
    wait_until(lambda: not project.step("pretrain_encoder"))
    up(node)
    assert main.wait() == 0, main.output()
    return project, main.output()


def busy(folder: Path) -> OnCluster:
    """A project with a training of each method, long enough to be hit, which writes a checkpoint twice a second."""
    project = new_project(folder / "project")
    project.small(", ".join(METHODS))
    project.edit("config/test.yaml", "env_steps: 16000,", f"env_steps: {STEPS},")
    project.edit("meta_rl/training/checkpoints.py", "EVERY = 180.0", "EVERY = 0.5")
    return project


def targets(project: OnCluster) -> list[str]:
    return [project.target(method, "policy.pt") for method in METHODS]


def down(node: str) -> None:
    subprocess.run(["scontrol", "update", f"nodename={node}", "state=down", "reason=test"], check=True)


def up(node: str) -> None:
    """It may have come back by itself, which is an error to scontrol."""
    subprocess.run(["scontrol", "update", f"nodename={node}", "state=resume"], stderr=subprocess.DEVNULL)
    wait_until(
        lambda: "down" not in subprocess.check_output(["sinfo", "-h", "-n", node, "-o", "%T"], text=True)
    )


@pytest.fixture(scope="module")
def untroubled(troubled: tuple[OnCluster, str], tmp_path_factory: pytest.TempPathFactory) -> OnCluster:
    """The same trainings, on this machine alone."""
    project = busy(tmp_path_factory.mktemp("untroubled"))
    main = project.local(*targets(project))
    assert main.wait() == 0, main.output()
    return project


def test_nothing_is_lost(troubled: tuple[OnCluster, str], untroubled: OnCluster) -> None:
    project, _ = troubled
    for method in METHODS:
        ours, theirs = (one.results(method, "learning.parquet") for one in (project, untroubled))
        assert ours.read_bytes() == theirs.read_bytes(), method
        ours, theirs = (
            torch.load(one.results(method, "policy.pt"), weights_only=True) for one in (project, untroubled)
        )
        assert ours["description"] == theirs["description"]
        for name, value in theirs["tensors"].items():
            assert torch.equal(ours["tensors"][name], value)


@pytest.mark.parametrize(
    "what",
    ["train.*none", "train.*explicit", "train.*jrpl", "collect_trajectories.*iida", "pretrain_encoder.*iida"],
)
def test_each_fault_is_reported_and_its_job_started_again(troubled: tuple[OnCluster, str], what: str) -> None:
    _, output = troubled
    rule, _, method = what.partition(".*")
    failed = [block for block in re.split(r"\n(?=\[)", output) if f"Error in rule {rule}:" in block]
    assert [block for block in failed if f"dqn/{method}/" in block], output
    assert output.count("Trying to restart job") >= 4


def test_a_job_without_enough_memory_says_so_and_gets_more(troubled: tuple[OnCluster, str]) -> None:
    project, output = troubled
    said = project.status()
    job = "collect_trajectories small_gravity dqn iida seeds_0-3 seeds_0-3"
    words = f"{job}: now done; attempts that failed: out of memory"
    assert words in said, said
    asked = re.findall(r"^rule collect_trajectories:.*?mem_mb=(\d+)", output, flags=re.DOTALL | re.MULTILINE)
    assert asked[:2] == ["150", "1500"]


def test_the_status_says_what_happened_and_where_it_is_written(troubled: tuple[OnCluster, str]) -> None:
    project, _ = troubled
    said = project.status()
    for method, reason in (
        ("none", "killed, most often because memory ran out"),
        ("explicit", "cancelled"),
        ("jrpl", "time limit"),
    ):
        job = f"train small_gravity dqn {method} seeds_0-3"
        assert re.search(rf"^{job}: now done; attempts that failed: .*({reason})", said, re.MULTILINE), said
        assert f"  results/test/logs/train/small_gravity/dqn/{method}/seeds_0-3.log" in said
    assert "| train | small_gravity | 4 | 4 | 0 | 0 |" in said


def test_a_training_over_its_time_goes_on_from_its_checkpoint(troubled: tuple[OnCluster, str]) -> None:
    project, _ = troubled
    log = (project.root / "results/test/logs/train/small_gravity/dqn/jrpl/seeds_0-3.log").read_text()
    (steps,) = re.findall(r"goes on from ([\d,]+) env_steps", log)
    assert 0 < int(steps.replace(",", "")) < STEPS
    assert not any(project.checkpoint(method).exists() for method in METHODS)


# What happens to the main process, and to the disk.


def test_ctrl_c_cancels_the_jobs_and_leaves_the_folder_clean(project: OnCluster) -> None:
    project.small()
    main = project.start(project.target("none", "policy.pt"))
    main.until(lambda: project.training())
    main.process.send_signal(signal.SIGINT)
    assert main.wait(60) != 0
    assert not project.results("none", "policy.pt").exists()
    wait_until(lambda: not project.queue())
    assert project.planned(project.target("none", "policy.pt")) == {"train small_gravity dqn none seeds_0-3"}


def test_a_killed_main_process_is_resumed_safely(project: OnCluster) -> None:
    project.small()
    project.edit("config/test.yaml", "env_steps: 300}", "env_steps: 200000}")
    main = project.start("all")
    main.until(lambda: project.step("solve_references"))
    held = main.until(lambda: project.training())
    os.kill(held, signal.SIGSTOP)
    second = project.start("all")
    assert second.wait(100) != 0
    assert "--unlock" in second.output()
    refused = resume(project)
    assert refused.wait(100) == 1
    assert f"Snakemake works in this folder, process {main.process.pid}" in refused.output()
    os.kill(main.process.pid, signal.SIGKILL)
    main.process.wait()
    os.kill(held, signal.SIGCONT)
    policy = project.results("none", "policy.pt")
    wait_until(lambda: policy.exists() and not project.queue("train"))
    written = policy.read_bytes()
    assert project.queue("solve_references")
    project.edit("config/test.yaml", "env_steps: 200000}", "env_steps: 300}")

    resumed = resume(project)
    assert resumed.wait() == 0, resumed.output()
    for words in (
        "cancelling 1 jobs",
        "unlocking",
        r"taking over 2 files .*none/seeds_0-3/policy.pt",
        "running",
    ):
        assert re.search(f"resume: {words}", resumed.output()), resumed.output()
    assert "rule train:" not in resumed.output(), "it was trained already"
    assert policy.read_bytes() == written
    assert not project.queue()
    again = project.snakemake("all", "--dry-run").stdout
    assert "Nothing to be done" in again
    assert "missing provenance" not in again
    project.edit("config/test.yaml", "learning_starts: 100", "learning_starts: 101")
    assert "train small_gravity dqn none seeds_0-3" in project.planned()


def resume(project: OnCluster) -> Main:
    return Main(project, ["config/test.yaml", *SLURM, *QUICK], program=("-m", "meta_rl.commands", "resume"))


@pytest.fixture
def tiny_disk(project: OnCluster) -> Iterator[Path]:
    """The results lie on a disk of 2 MB."""
    folder = project.root / "results"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_full_disk_fails_the_job_and_leaves_no_half_files(project: OnCluster, tiny_disk: Path) -> None:
    project.small()
    target = project.target("none", "policy.pt")
    main = project.start(target, "--retries", "0")
    main.until(lambda: project.training())
    filler = tiny_disk / "filler"
    subprocess.run(["dd", "if=/dev/zero", f"of={filler}", "bs=4k"], stderr=subprocess.DEVNULL)
    assert main.wait() != 0
    job = "train small_gravity dqn none seeds_0-3"
    assert f"{job}: failed; attempts that failed: disk full" in main.output(), main.output()
    block = project.results("none", "policy.pt").parent
    assert not [path for path in block.glob("*") if path.is_file()]
    filler.unlink()
    project.run(target)
    assert project.results("none", "policy.pt").exists()
