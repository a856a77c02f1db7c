"""A disk without room, and what steps are asked to do by the workflow's rules."""

import contextlib
import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from harness import Project

FINISHED = b"what was finished before"


class Command(NamedTuple):
    """One job of a rule: the arguments of its step, and the files that it writes."""

    arguments: list[str]
    outputs: list[str]

    def elsewhere(self, places: dict[str, Path], folder: Path) -> list[str]:
        """The arguments with outputs in other places, also in the job's file, a copy of which goes to `folder`."""
        described = json.loads(Path(self._value("--job")).read_text())
        for name, paths in described["lists"].items():
            described["lists"][name] = [str(places.get(path, path)) for path in paths]
        described.pop("checksum", None)
        (job := folder / "job.json").write_text(json.dumps(described))
        moved = {**places, self._value("--job"): job}
        return [str(moved.get(one, one)) for one in self.arguments]

    def _value(self, flag: str) -> str:
        return self.arguments[self.arguments.index(flag) + 1]


def commands(project: Project, *targets: str) -> dict[str, Command]:
    """The first job of each rule that the targets come from, by the rule's name."""
    done = project.snakemake(*targets, "--dry-run", "--forceall", "--printshellcmds")
    assert done.returncode == 0, done.stdout
    found: dict[str, Command] = {}
    for block in re.split(r"\n(?=(?:local)?rule \w+:\n)", done.stdout)[1:]:
        shell = re.search(r"^Shell command: python -m meta_rl.study.attempt (.*)$", block, flags=re.MULTILINE)
        if shell:
            (written,) = re.findall(r"^    output: (.*)$", block, flags=re.MULTILINE)
            _, step, *arguments = shlex.split(shell[1])
            # Written at every trial, and no output to Snakemake.
            journal = re.findall(r"--journal (\S+)", shell[1])
            found.setdefault(step, Command(arguments, [*journal, *written.split(", ")]))
    return found


@contextlib.contextmanager
def full_disk(folder: Path, name: str) -> Iterator[Path]:
    """A disk without a free byte, on which `name`, if any, was finished before; skips who must not mount one."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"needs root, to mount a disk that can be filled: {mounted.stderr.strip()}")
    try:
        if name:
            (folder / name).write_bytes(FINISHED)
        with contextlib.suppress(OSError), (folder / "filler").open("wb", buffering=0) as filler:
            while filler.write(bytes(4096)):
                pass
        yield folder
    finally:
        # An error that was raised may hold a file open.
        subprocess.run(["umount", "--lazy", folder], check=True)
        folder.rmdir()
