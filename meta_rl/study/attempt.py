"""One attempt at a job: run its step, keep what it says, and write down how it ended and what it cost.

    python -m meta_rl.study.attempt LOG STEP ...

runs `python -m meta_rl.steps.STEP ...` in an environment of its own. What it says goes to LOG and to stdout. The exit
status is the step's alone: a log that cannot be written costs the log, and no result.

A job whose file (`--job`) is rewritten while it runs has failed: what it made is of another study or of other code than
the file now says, and Snakemake would take it for up to date.

Beside LOG, with the suffix .json, lie the attempts at the job since it last succeeded. They are written whatever
Snakemake prints, and at the start, too: an attempt without an end was killed together with this process.
"""

import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from meta_rl.errors import UserError
from meta_rl.files import write_text
from meta_rl.study import reserve

CHANGED = "error: the study or its code changed while this ran; run the workflow again"
KILLED = "killed (SIGKILL); most often memory ran out"
# Of the user's environment: where programs, libraries and the home are, and which device a job was given.
_KEPT = re.compile(
    "PATH|PYTHONPATH|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH|VIRTUAL_ENV|CONDA_PREFIX|HOME|USER|LOGNAME|TMPDIR"
    "|CUDA_VISIBLE_DEVICES|ROCR_VISIBLE_DEVICES"
)
# One job, one thread: jobs already run side by side, and a sum depends on how it is split.
_SET = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MPLBACKEND": "Agg",
    "PYTHONHASHSEED": "0",
    "PYTHONUNBUFFERED": "1",
    "PYTHONUTF8": "1",
}
_ERROR = re.compile(r"^(error: .*|[\w.]*(?:Error|Exception)\b.*)$", re.MULTILINE)
_FULL = re.compile("No space left on device|Disk quota exceeded")
_TAIL = 20_000  # bytes of output in which the reason of a failure is looked for

Attempt = dict[str, Any]


def environment(users: Mapping[str, str]) -> dict[str, str]:
    """That of a step: the same for all users but for where things are."""
    return {name: value for name, value in users.items() if _KEPT.fullmatch(name)} | _SET


def record_of(log: Path) -> Path:
    """Where the attempts at the job with this log are written down."""
    return log.with_name(log.name.removesuffix(".log") + ".json")


def attempts(log: Path) -> list[Attempt]:
    """The attempts at the job with this log since it last succeeded, the last one included; none if it never began.

    `started` and `ended` are times (ISO, UTC), and `number` is that of the job in a cluster's queue, empty elsewhere.
    `after` and `after_number`, of the first attempt, are when the job last succeeded, and its number then.
    `status` is an exit status, `reason` what the step said of a failure, `wall_s` and `cpu_s` are seconds, those of the
    step's children included, and `peak_mb` is its largest process.
    """
    try:
        return json.loads(record_of(log).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []


def costs(logs: Path) -> dict[str, dict[str, float]]:
    """What the attempts at all jobs with a log in the folder `logs` cost, by step, those that failed included.

    `wall_s` and `cpu_s` are sums in seconds, `peak_mb` is the largest. An attempt without an end is not in them.
    """
    found: dict[str, dict[str, float]] = {}
    for path in sorted(logs.rglob("*.log")):
        step = path.relative_to(logs).parts[0]
        for one in attempts(path):
            if "ended" in one:
                spent = found.setdefault(step, {"attempts": 0, "wall_s": 0.0, "cpu_s": 0.0, "peak_mb": 0.0})
                spent["attempts"] += 1
                for name in ("wall_s", "cpu_s"):
                    spent[name] = round(spent[name] + one[name], 3)
                spent["peak_mb"] = max(spent["peak_mb"], one["peak_mb"])
    return found


def main(log: Path, step: str, arguments: list[str]) -> int:
    """Run the step; its exit status, 128 and the signal's number if one ended it."""
    before = attempts(log)
    number = os.environ.get("SLURM_JOB_ID", "")
    own: Attempt = {"started": _now(), "host": socket.gethostname(), "number": number}
    if before and before[-1].get("status") == 0:
        own |= {"after": before[-1]["ended"], "after_number": before[-1].get("number", "")}
        before = []
    _write(log, [*before, own])
    start, told = time.monotonic(), _told(arguments)
    status, said = _run([sys.executable, "-m", f"meta_rl.steps.{step}", *arguments], log)
    if status == 0 and _told(arguments) != told:
        status, said = 1, CHANGED
        print(CHANGED, flush=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    own |= {
        "ended": _now(),
        "status": status,
        "reason": _reason(said) if status else "",
        "wall_s": round(time.monotonic() - start, 3),
        "cpu_s": round(used.ru_utime + used.ru_stime, 3),
        "peak_mb": round(used.ru_maxrss / (1024 if sys.platform == "linux" else 1024**2), 1),
    }
    reserve.give()
    _write(log, [*before, own])
    return status


def _told(arguments: list[str]) -> bytes:
    """What the job's file says; nothing if there is none."""
    named = arguments[arguments.index("--job") + 1 :][:1] if "--job" in arguments else []
    try:
        return Path(named[0]).read_bytes() if named else b""
    except OSError:
        return b""


def _run(command: list[str], log: Path) -> tuple[int, str]:
    """Status and the end of what was said."""
    process = subprocess.Popen(
        command, env=environment(os.environ), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )

    def forward(number: int, frame: FrameType | None) -> None:
        process.send_signal(number)

    for one in (signal.SIGTERM, signal.SIGUSR1):
        signal.signal(one, forward)
    signal.signal(signal.SIGINT, lambda *_: None)  # a terminal sends it to the step, too
    assert process.stdout is not None
    with _Copies(log) as copies:
        while chunk := process.stdout.read1(65536):  # type: ignore[attr-defined]
            copies.write(chunk)
        status = process.wait()
        if status == -signal.SIGKILL:  # it cannot say anything itself
            copies.write(f"{KILLED}\n".encode())
        return (status if status >= 0 else 128 - status), copies.tail.decode(errors="replace")


class _Copies:
    """The log and stdout; whether one of them can be written is nothing to the job."""

    def __init__(self, log: Path) -> None:
        self._log, self._places, self._lost, self.tail = log, [sys.stdout.fileno()], "", b""

    def __enter__(self) -> "_Copies":
        try:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            self._places.append(self._open())
        except OSError as error:
            self._lost = str(error)
        return self

    def __exit__(self, *_: object) -> None:
        if self._lost:
            self.write(f"{self._log}: is not whole: {self._lost}\n".encode())
        for place in self._places[1:]:
            os.close(place)

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        try:
            return os.open(self._log, flags, 0o666)
        except PermissionError:  # somebody else's, in a folder that is shared
            self._log.unlink()
            return os.open(self._log, flags, 0o666)

    def write(self, text: bytes) -> None:
        self.tail = (self.tail + text)[-_TAIL:]
        for place in self._places:
            left = text
            try:
                while left:
                    left = left[os.write(place, left) :]
            except OSError as error:
                self._lost = str(error)


def _reason(said: str) -> str:
    """The last line that names an error, one about a full disk first: others follow from that."""
    if said.endswith(f"{KILLED}\n"):
        return KILLED
    found = _ERROR.findall(said)
    return next(iter([line for line in found if _FULL.search(line)] or found[-1:]), "")


def _write(log: Path, whole: list[Attempt]) -> None:
    text = json.dumps(whole, indent=1) + "\n"
    try:
        write_text(record_of(log), text)
    except UserError:  # the disk is full: there is still the block that holds how it began
        with suppress(OSError), record_of(log).open("r+", encoding="utf-8") as file:
            file.write(text)
            file.truncate()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))
