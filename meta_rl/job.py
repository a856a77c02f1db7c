"""The command line of a step, made from the signature of its `main`: one flag a parameter.

    if __name__ == "__main__":
        job.run(main)

`held_out: Path` becomes `--held-out FILE`, `list[Path]` takes any number of files, `Path | None` may be left
empty, a dict is read from JSON. `main` returns the sentence that ends the job's log.
"""

import argparse
import errno
import inspect
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

from meta_rl import memory
from meta_rl.errors import UserError

_SILENCE = 10.0  # seconds between two progress lines


def run(main: Callable[..., str]) -> None:
    """Call `main` with the command line's arguments on one thread, then print `<step>: <sentence> in 12.3 s`.

    A UserError, or a disk that is full, becomes one line on stderr and exit status 1; any other exception keeps
    its traceback.
    """
    step = Path(inspect.getfile(main)).stem
    arguments = vars(_parser(step, main).parse_args())
    _use_one_thread()
    memory.keep_freed()
    start = time.monotonic()
    try:
        sentence = main(**arguments)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        print(f"error: {error}; make room, and run the workflow again", file=sys.stderr)
        sys.exit(1)
    print(f"{step}: {sentence} in {time.monotonic() - start:.1f} s", flush=True)


class Progress:
    """Lines such as `train: 40 %, 5,200 env_steps/s, 35 s left`, at most one in ten seconds."""

    def __init__(self, label: str, total: int, unit: str, done: int = 0) -> None:
        """`done` of the `total` units were there before."""
        self.label, self.total, self.unit, self._before = label, total, unit, done
        self._start = self._printed = time.monotonic()

    def update(self, done: int) -> None:
        """Report that `done` of `total` units are complete."""
        now = time.monotonic()
        if done <= self._before or now - self._printed < _SILENCE:
            return
        self._printed = now
        rate = (done - self._before) / (now - self._start)
        left = (self.total - done) / rate
        print(
            f"{self.label}: {done / self.total:.0%}, {rate:,.0f} {self.unit}/s, {left:,.0f} s left",
            flush=True,
        )


def _parser(step: str, main: Callable[..., str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m meta_rl.steps.{step}", description=main.__doc__, allow_abbrev=False
    )
    for name, kind in get_type_hints(main).items():
        if name != "return":
            parser.add_argument(f"--{name.replace('_', '-')}", **_FLAGS.get(kind, _JSON))
    return parser


def _mapping(text: str) -> dict[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


_JSON: dict[str, Any] = {"type": _mapping, "required": True, "metavar": "JSON"}
_FLAGS: dict[Any, dict[str, Any]] = {
    Path: {"type": Path, "required": True, "metavar": "FILE"},
    list[Path]: {"type": Path, "required": True, "nargs": "*", "metavar": "FILE"},
    Path | None: {"type": Path, "nargs": "?", "metavar": "FILE"},
    int: {"type": int, "required": True},
}


def _use_one_thread() -> None:
    """One job, one thread: jobs already run side by side, and a sum depends on how it is split."""
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = "1"
    if "torch" in sys.modules:  # imported already, so the variables come too late for it
        sys.modules["torch"].set_num_threads(1)
