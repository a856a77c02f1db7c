"""A copy of the project whose profile is that of the test cluster, and what goes on there."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from harness import ROOT, Project

STUDY = ("--configfile", "config/test.yaml")
SLURM = ("--profile", "slurm")
# A job that Slurm itself starts again after its node failed waits for two minutes first.
QUICK = ("--slurm-no-requeue", "--slurm-init-seconds-before-status-checks", "2", "--latency-wait", "20")
_PATIENCE = 300.0


def new_project(root: Path) -> "OnCluster":
    """Nothing but the profile is edited, as its users do."""
    root.mkdir()
    for name in ("config", "environment.yml", "meta_rl", "slurm", "workflow"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        copy(ROOT / name, root / name)
    project = OnCluster(root)
    project.edit("slurm/config.yaml", "your_partition", "short")
    project.edit("slurm/config.yaml", "your_account", "tests")
    return project


class OnCluster(Project):
    """A copy of the project, results included."""

    def start(self, *arguments: str) -> "Main":
        """A Snakemake on the cluster, in the background."""
        return Main(self, [*arguments, *STUDY, *SLURM, *QUICK])

    def run(self, *arguments: str) -> str:
        """A Snakemake on the cluster that must succeed; what it said."""
        main = self.start(*arguments)
        assert main.wait() == 0, main.output()
        return main.output()

    def local(self, *arguments: str) -> "Main":
        """A Snakemake on this machine, in the background."""
        return Main(self, [*arguments, *STUDY, "--cores", "2"])

    def methods(self, names: str) -> None:
        """Let the study have these methods only."""
        path = self.root / "config/test.yaml"
        path.write_text(re.sub(r"methods: .*", f"methods: [{names}]", path.read_text()))

    def small(self, methods: str = "none") -> None:
        """One block of seeds, one figure, and trainings of a few seconds."""
        self.methods(methods)
        self.edit("config/test.yaml", "per_job: 2", "per_job: 4")
        self.edit("config/test.yaml", "train: {env_steps: 600,", "train: {env_steps: 16000,")
        path = self.root / "config/test.yaml"
        path.write_text(re.sub(r"figures: .*", "figures: [iqm]", path.read_text()))

    def status(self) -> str:
        """What `make status` says."""
        command = [sys.executable, "-m", "meta_rl.commands", "status", "config/test.yaml"]
        return subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=True).stdout

    def results(self, method: str, name: str, block: str = "seeds_0-3") -> Path:
        return self.root / self.target(method, name, block)

    def target(self, method: str, name: str, block: str = "seeds_0-3") -> str:
        return f"results/test/small_gravity/dqn/{method}/{block}/{name}"

    def checkpoint(self, method: str) -> Path:
        """Of a training that has not ended."""
        return self.root / f"results/test/checkpoints/train/small_gravity/dqn/{method}/seeds_0-3.pt"

    def queue(self, words: str = "") -> list[list[str]]:
        """Jobs of this folder as [id, state, node], those whose rule and wildcards hold `words`."""
        done = subprocess.run(
            ["squeue", "--noheader", "--format=%i|%T|%N|%Z|%k"], capture_output=True, text=True, check=True
        )
        rows = [line.split("|") for line in done.stdout.splitlines()]
        return [row[:3] for row in rows if row[3] == str(self.root) and words in row[4]]

    def step(self, rule: str, words: str = "") -> int | None:
        """The process of a step that runs in this folder."""
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                command = (folder / "cmdline").read_bytes().decode().split("\0")
                here = (folder / "cwd").readlink() == self.root
                if (
                    here
                    and f"meta_rl.steps.{rule}" in command
                    and "-m" in command
                    and words in " ".join(command)
                ):
                    return int(folder.name)
        return None

    def training(self, words: str = "") -> int | None:
        """The process of a training that has begun: one that listens to SIGTERM."""
        process = self.step("train", words)
        return process if process and listens(process) else None


class Main:
    """A main process of Snakemake, or of what resumes one, that is not killed by its tests' end only."""

    def __init__(
        self, project: Project, arguments: Iterable[str], program: tuple[str, ...] = ("-m", "snakemake")
    ):
        self._file: IO[str] = (project.root / f"main_{time.monotonic_ns()}.log").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, *program, *arguments],
            cwd=project.root,
            stdout=self._file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def wait(self, seconds: float = 900) -> int:
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise AssertionError(f"no end after {seconds} s:\n{self.output()}") from None

    def output(self) -> str:
        self._file.seek(0)
        return self._file.read()

    def until(self, what: Callable[[], Any], seconds: float = _PATIENCE) -> Any:
        """Wait for something while this process runs."""
        found = wait_until(lambda: what() or self.process.poll() is not None, seconds)
        assert found is not True, self.output()
        return found


def wait_until(what: Callable[[], Any], seconds: float = _PATIENCE) -> Any:
    """What it returns as soon as that is true."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)
    return found


def listens(process: int) -> bool:
    """Does a process handle SIGTERM?"""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False
    caught = re.search(r"^SigCgt:\s*([0-9a-f]+)$", status, flags=re.MULTILINE)
    return bool(caught and int(caught[1], 16) & 1 << signal.SIGTERM - 1)
