"""Go on with a study whose Snakemake was killed: `make resume STUDY=quick PROFILE=slurm`.

    meta_rl resume config/quick.yaml --profile slurm

takes Snakemake's options, `--directory` for results elsewhere among them, and does, in this order and saying so:

1. stop if another Snakemake works in this folder: two would write the same files;
2. cancel the jobs that the dead one left behind, in the queue and on this machine, and wait until they are gone,
   so that none is done twice. A training among them goes on from its checkpoint;
3. unlock the folder;
4. look at what such jobs finished unseen. Snakemake knows nothing of how these files came about, and would not make
   them again after a change. Those whose own record names the present code and settings are taken over; the
   others are deleted;
5. run `snakemake all`.
"""

import base64
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import yaml

from meta_rl.checks.currency import stale
from meta_rl.commands import places
from meta_rl.study.config import load
from meta_rl.study.study import Study

HERE = Path.cwd()  # what Snakemake's options are relative to
_METADATA = Path(".snakemake/metadata")
_PATIENCE = 120.0  # seconds for jobs to be gone
_TRIES = 5  # of a controller that is busy


def main(arguments: list[str]) -> int:
    os.chdir(
        option(arguments, "--directory", "-d") or "."
    )  # where jobs work, and Snakemake keeps its records
    if found := list(_processes(_is_main)):
        print(
            f"error: Snakemake works in this folder, process {found[0]}; wait for it, or stop it with Ctrl-C"
        )
        return 1
    _cancel(option(arguments, "--profile"))
    _stop_steps()
    _say("unlocking the folder")
    _snakemake(["all", "--unlock", *arguments])
    _adopt(arguments)
    _say("running Snakemake")
    return subprocess.run([sys.executable, "-m", "snakemake", "all", *arguments], cwd=HERE).returncode


def _cancel(profile: str | None) -> None:
    """Jobs of this folder in the queue; those of other folders may have the same names."""
    if not shutil.which("squeue"):
        return
    if subprocess.run(["sinfo"], capture_output=True).returncode:
        _say("there is no cluster to be seen from here")
        return
    own = HERE / (profile or "slurm") / "config.yaml"
    known = yaml.safe_load((own if own.is_file() else places.folder("slurm") / "config.yaml").read_text())
    prefix = known.get("slurm-jobname-prefix", "")
    if jobs := _queued(prefix):
        _say(f"cancelling {len(jobs)} jobs: {' '.join(jobs)}")
        subprocess.run(["scancel", *jobs], check=True)
        _wait(lambda: not _queued(prefix), "jobs stay in the queue; see squeue --me")


def _queued(prefix: str) -> list[str]:
    command = ["squeue", "--me", "--noheader", "--format=%i|%j|%Z"]
    for _ in range(_TRIES):
        done = subprocess.run(command, capture_output=True, text=True)
        if not done.returncode:
            break
        time.sleep(5)
    else:
        sys.exit(f"error: squeue does not answer, so jobs may still run; try again later\n{done.stderr}")
    rows = [line.split("|", 2) for line in done.stdout.splitlines()]
    return [job for job, name, folder in rows if name.startswith(f"{prefix}_") and folder == os.getcwd()]


def _stop_steps() -> None:
    """Steps on this machine."""
    if steps := list(_processes(_is_step)):
        _say(f"stopping {len(steps)} steps on this machine")
        for number in steps:
            os.kill(number, signal.SIGTERM)
        _wait(lambda: not list(_processes(_is_step)), "steps do not stop")


def _adopt(arguments: list[str]) -> None:
    """Results that Snakemake has no record of."""
    unknown = _unknown(arguments)
    if not unknown:
        _say("nothing was finished unseen")
        return
    study = Study(load(HERE / (option(arguments, "--configfile", "--configfiles") or "config/config.yaml")))
    reasons = {path: stale(study, Path(path)) for path in unknown}
    current = [path for path, reason in reasons.items() if reason is None]
    if current and not _nothing_to_do(current, arguments):  # what some of them came from is to be made again
        reasons |= {
            path: "its inputs are out of date" for path in current if not _nothing_to_do([path], arguments)
        }
        current = [path for path in current if reasons[path] is None]
    for path, reason in reasons.items():
        if reason:
            _say(f"deleting {path}: {reason}")
            Path(path).unlink()
    if current:
        _say(f"taking over {len(current)} files that are up to date: {' '.join(current)}")
        _snakemake([*current, "--touch", "--force", *arguments])
    if left := _unknown(arguments):
        sys.exit(f"error: Snakemake has no record of {' '.join(left)}; delete them, and run this again")


def _nothing_to_do(paths: list[str], arguments: list[str]) -> bool:
    plans = {row[0]: row[-1] for row in _summary(paths, arguments)}
    return all(plans[path] == "no update" for path in paths)


def _unknown(arguments: list[str]) -> list[str]:
    """Files of the study that exist without Snakemake having a record of them, or one that a full disk left empty."""
    known = {_name(path) for path in _METADATA.rglob("*") if path.is_file() and path.stat().st_size}
    names = [row[0] for row in _summary(["all"], arguments)]
    return [name for name in names if name not in known and Path(name).is_file()]


def _summary(targets: list[str], arguments: list[str]) -> list[list[str]]:
    """A row for each file that targets come from: it first, its plan last. `--quiet` takes nothing from it."""
    return [line.split("\t") for line in _snakemake([*targets, "--summary", *arguments]).splitlines()[1:]]


def _name(record: Path) -> str:
    """The file that a record of Snakemake's is of: its name in base 64, cut into folders if it is long."""
    encoded = "".join(part.removeprefix("@") for part in record.relative_to(_METADATA).parts)
    return base64.urlsafe_b64decode(encoded).decode()


def option(arguments: list[str], *names: str) -> str | None:
    """The first value of an option of Snakemake's."""
    for argument, value in pairwise([*arguments, ""]):
        name, joined, own = argument.partition("=")
        if name in names:
            return own if joined else value
    return None


def _snakemake(arguments: list[str]) -> str:
    command = [sys.executable, "-m", "snakemake", *arguments]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"error: snakemake {' '.join(arguments)} says\n{done.stdout}{done.stderr}")
    return done.stdout


def _processes(wanted: Callable[[list[str]], bool]) -> Iterator[int]:
    """Processes of this machine that work in this folder. (Those of other login nodes cannot be seen.)"""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
            here = (folder / "cwd").readlink() == Path.cwd()
        except OSError:  # it ended, or is not ours
            continue
        if here and int(folder.name) != os.getpid() and wanted(words):
            yield int(folder.name)


def _is_main(words: list[str]) -> bool:
    named = any(Path(word).name == "snakemake" for word in words[:3])
    return named and not {"remote", "subprocess"} & set(words)  # the modes of the Snakemake inside a job


def _is_step(words: list[str]) -> bool:
    return "python" in Path(words[0]).name and any(word.startswith("meta_rl.steps.") for word in words)


def _wait(until: Callable[[], bool], otherwise: str) -> None:
    end = time.monotonic() + _PATIENCE
    while not until():
        if time.monotonic() > end:
            sys.exit(f"error: {otherwise}")
        time.sleep(0.5)


def _say(text: str) -> None:
    print(f"resume: {text}", flush=True)
