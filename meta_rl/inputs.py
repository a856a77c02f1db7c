"""What the files that a job reads must say of themselves. Whoever reads a file asks here; standard library only.

A result names the job that made it, the hash of that job's spec, and a hash of what that job read, made from the same
three of each file (`meta_rl/study/lineage.py`). So a file that was swapped or copied by hand, from another seed,
benchmark or study, is told from the right one, however far up the difference lies.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from meta_rl.errors import UserError


class Made(NamedTuple):
    """How a result was made: `train small_gravity dqn none seeds_0-1`, and the two hashes."""

    job: str
    spec: str
    inputs: str


_NOBODY = Made("", "", "")
_job = _NOBODY  # that runs in this process, if any
_wanted: list[tuple[str, Made]] = []  # of the files that it reads; a path may stand twice


@contextmanager
def of(job: Made, wanted: Iterable[tuple[Path, Made]]) -> Iterator[None]:
    """While `job` runs, the files at these paths must have been made so; no other file must."""
    global _job, _wanted
    _job, _wanted = job, [(str(path), made) for path, made in wanted]
    try:
        yield
    finally:
        _job, _wanted = _NOBODY, []


def record() -> dict[str, str]:
    """What a result says of the job that makes it, beside its step and spec."""
    return {"job": _job.job, "inputs": _job.inputs}


def check(path: str | Path, record: dict[str, Any]) -> None:
    """Raises UserError if the job takes another file than the one at `path` with this record."""
    said = Made(*(record.get(key, "") for key in ("job", "spec_hash", "inputs")))
    for wanted in (made for name, made in _wanted if name == str(path)):
        if said == wanted:
            continue
        if said.job != wanted.job:
            wrong = f"says that '{said.job}' made it" if said.job else "does not say which job made it"
        elif said.spec != wanted.spec:
            wrong = "says that it was made with other settings"
        else:
            wrong = "says that it was made from other files"
        raise UserError(
            f"{path}: {wrong}, but must be what '{wanted.job}' makes in this study; "
            "delete it and run the workflow again"
        )


def read_json(path: Path) -> dict[str, Any]:
    """A result in JSON. Raises UserError if it is missing, damaged, or not what the job takes."""
    try:
        held = dict(json.loads(path.read_text(encoding="utf-8")))
        made = dict(held.get("record", {}))
    except FileNotFoundError:
        raise UserError(f"{path}: does not exist; run the workflow to make it") from None
    except (ValueError, TypeError):
        raise UserError(
            f"{path}: is not a whole result in JSON; delete it and run the workflow again"
        ) from None
    check(path, made)
    return held
