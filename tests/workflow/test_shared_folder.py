"""Two people run one study in one folder, one after the other and at once, with one umask or another."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from harness import ROOT

GROUP, FIRST, SECOND = 64000, 64001, 64002  # numbers that no account has
CONTEXTS = "results/test/small_gravity/contexts"


@dataclass(frozen=True)
class Person:
    """Somebody with an account and a group of their own, who belongs to the shared group, too."""

    number: int
    folder: Path

    def command(self, mask: str, *arguments: str) -> list[str]:
        return [
            *("setpriv", f"--reuid={self.number}", f"--regid={self.number}", f"--groups={GROUP}"),
            # May read all, as root's own Python may lie in root's home; what may be written is what counts here.
            *("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"),
            *("sh", "-c", f'umask {mask}; exec "$@"', "sh", sys.executable, *arguments),
        ]

    def start(self, mask: str, *arguments: str) -> subprocess.Popen[str]:
        """Snakemake as `make run` calls it."""
        quiet = ("--quiet", "rules", "host", "--configfile", "config/test.yaml", "--cores", "1")
        return subprocess.Popen(
            self.command(mask, "-m", "snakemake", *quiet, *arguments),
            cwd=self.folder / "study",
            env=os.environ
            | {
                "HOME": str(self.folder / str(self.number)),
                "LOGNAME": str(self.number),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, mask: str, *arguments: str) -> tuple[int, str]:
        process = self.start(mask, *arguments)
        said, _ = process.communicate()
        return process.returncode, said


@pytest.fixture
def people() -> Iterator[tuple[Person, Person]]:
    """Two people, and a folder `study` that belongs to their group (docs/cluster.md), with no results."""
    folder = Path(tempfile.mkdtemp())  # pytest's own ones are closed to others
    try:
        folder.chmod(0o755)
        first, second = Person(FIRST, folder), Person(SECOND, folder)
        for person in (first, second):
            (folder / str(person.number)).mkdir()
            os.chown(folder / str(person.number), person.number, person.number)
        study = folder / "study"
        study.mkdir()
        for name in ("config", "environment.yml", "meta_rl", "workflow"):
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
            copy(ROOT / name, study / name)
        os.chown(study, FIRST, GROUP)
        study.chmod(0o2775)
        if subprocess.run(first.command("022", "-c", "import torch"), capture_output=True).returncode:
            pytest.skip("people without an account cannot run this Python")
        yield first, second
    except PermissionError:
        pytest.skip("needs root, to act for two people")
    finally:
        shutil.rmtree(folder)


def test_one_goes_on_where_the_other_stopped(people: tuple[Person, Person]) -> None:
    first, second = people
    mine, theirs = (f"{CONTEXTS}/{part}.parquet" for part in ("held_out", "seeds_0-1"))
    status, said = first.run("002", mine)
    assert status == 0, said
    again = second.run("002", mine, theirs, "--forcerun", "sample_contexts")
    assert again[0] == 0, again[1]
    study = first.folder / "study"
    for path in (mine, theirs):
        status = (study / path).stat()
        assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (SECOND, GROUP, 0o664)
    log = study / "results/test/logs/sample_contexts/small_gravity/held_out.log"
    assert log.stat().st_uid == SECOND, "the first one's log is replaced"
    assert "[" in log.with_suffix(".json").read_text()
    # What the second one makes with a umask of 077 is closed to the first, who is told so.
    policy = "results/test/small_gravity/references/dqn.pt"
    closed = second.run("077", policy)
    assert closed[0] == 0, closed[1]
    refused(first.run("002", "all"), r"results/test/\S+")


@pytest.mark.parametrize("mask", ["022", "077"])
def test_who_may_not_write_is_told_before_any_work(people: tuple[Person, Person], mask: str) -> None:
    first, second = people
    assert first.run(mask, "all", "--dry-run")[0] == 0
    refused(second.run("002", "all"), "results(/test)?")


def refused(ended: tuple[int, str], place: str) -> None:
    """One line at the end, after what Snakemake says of its profile and of a log that it cannot begin."""
    status, said = ended
    assert status == 1
    assert "Traceback" not in said
    line = said.splitlines()[-1]
    assert re.match(
        rf"error: {place}: cannot be written: Permission denied; let who runs this read and ", line
    ), said


def test_both_at_once_are_kept_apart_by_snakemakes_lock(people: tuple[Person, Person]) -> None:
    first, second = people
    held_out = f"{CONTEXTS}/held_out.parquet"
    running = first.start("002", held_out)
    lock = first.folder / "study/.snakemake/locks/0.output.lock"
    while not lock.exists():
        assert running.poll() is None
        time.sleep(0.01)
    os.kill(running.pid, signal.SIGSTOP)
    status, said = second.run("002", held_out)
    os.kill(running.pid, signal.SIGCONT)
    assert status == 1
    assert "Directory cannot be locked" in said, said
    assert "Traceback" not in said
    assert running.wait() == 0
    assert second.run("002", held_out)[0] == 0
