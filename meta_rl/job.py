"""The command line of a step, made from the signature of its `main`.

    if __name__ == "__main__":
        job.run(main)

`held_out: Path` becomes `--held-out FILE`, and `Path | None` may be left empty. What grows with a study comes from
the file that `--job` names (`meta_rl/study/jobs.py`): its spec is the parameter of type `dict`, its lists of files are
those of type `list[Path]`. What files must say of themselves stands there, too (`meta_rl/inputs.py`). `main` returns
the sentence that ends the job's log.

A parameter `checkpoint` or `journal` is the file from which the work goes on if it is cut. `run` removes it, and those
beside it that begin with its name, as the last thing that a job does which has succeeded.
"""

import argparse
import ctypes
import glob
import inspect
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, get_type_hints

from meta_rl import inputs, plugins
from meta_rl.errors import UserError, refusal, told
from meta_rl.files import checksum

_SILENCE = 10.0  # seconds between two progress lines
_UNTIL_DONE = ("checkpoint", "journal")
_Wanted = dict[str, list[inputs.Made]]  # by parameter


def run(main: Callable[..., str]) -> None:
    """Call `main` with the command line's arguments on one thread, then print `<step>: <sentence> in 12.3 s`.

    A UserError, or a disk that is full, becomes one line on stderr and exit status 1; any other exception keeps
    its traceback.
    """
    step = Path(inspect.getfile(main)).stem
    kinds = get_type_hints(main)
    flags = vars(_parser(step, main, kinds).parse_args())
    _use_one_thread()
    keep_freed()
    start = time.monotonic()
    try:
        file = flags.pop("job")
        parts, own, wanted = _told(step, kinds, file)
        plugins.add(next((spec.get("plugins", ()) for spec in parts.values() if isinstance(spec, dict)), ()))
        with inputs.of(own, _by_path(wanted, flags | parts, file)):
            sentence = main(**flags, **parts)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:  # of a file that is not the study's, such as a temporary one
        if (reason := refusal(error)) is None:
            raise
        print(f"error: {error.filename or step}: {reason}", file=sys.stderr)
        sys.exit(1)
    print(f"{step}: {sentence} in {time.monotonic() - start:.1f} s", flush=True)
    for path in filter(None, map(flags.get, _UNTIL_DONE)):
        name = glob.escape(path.stem)
        # Those of a seed that was trained alone, and what an attempt that was killed amid writing has left.
        for left in (*path.parent.glob(f"{name}.*"), *path.parent.glob(f".{name}.*")):
            with suppress(OSError):  # the next job that it would be of any use to replaces it
                left.unlink()


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


def _parser(step: str, main: Callable[..., str], kinds: dict[str, Any]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m meta_rl.steps.{step}", description=main.__doc__, allow_abbrev=False
    )
    for name, kind in {"job": Path, **kinds}.items():
        if kind in _FLAGS:
            parser.add_argument(f"--{name.replace('_', '-')}", type=Path, metavar="FILE", **_FLAGS[kind])
    return parser


def _told(step: str, kinds: dict[str, Any], path: Path) -> tuple[dict[str, Any], inputs.Made, _Wanted]:
    """The parameters that come from the job's file, how its results are made, and how what it reads must be."""
    again = "run the workflow, which writes it anew"
    try:
        with told(path, "read"):
            held = json.loads(path.read_text(encoding="utf-8"))
        summed = held.pop("checksum", None)
        if summed and summed != checksum([json.dumps(held, sort_keys=True).encode()]):
            raise ValueError("it says something else than was written")
        spec = dict(held["spec"])
        lists = {name: list(map(Path, paths)) for name, paths in held["lists"].items()}
        own = inputs.Made(*held.get("made", ("", "", "")))
        wanted = {name: [inputs.Made(*one) for one in of] for name, of in held.get("inputs", {}).items()}
    except FileNotFoundError:
        raise UserError(f"{path}: does not exist; {again}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UserError(f"{path}: is not a whole job file; {again}") from None
    taken = {name for name, kind in kinds.items() if kind == list[Path]}
    if taken != lists.keys():
        raise UserError(
            f"{path}: lists {_names(lists)}, but the step '{step}' takes {_names(taken)}; {again}"
        )
    return lists | {name: spec for name, kind in kinds.items() if kind == dict[str, Any]}, own, wanted


def _by_path(wanted: _Wanted, given: dict[str, Any], file: Path) -> Iterator[tuple[Path, inputs.Made]]:
    for name, of in wanted.items():
        paths = given[name] if isinstance(given.get(name), list) else [given.get(name)]
        if len(paths) != len(of) or None in paths:
            raise UserError(f"{file}: takes {len(of)} files as '{name}', one of '{of[0].job}'; give them")
        yield from zip(paths, of, strict=True)


def _names(lists: Iterable[str]) -> str:
    return ", ".join(sorted(lists)) or "no files"


_FLAGS: dict[Any, dict[str, Any]] = {Path: {"required": True}, Path | None: {"nargs": "?"}}


def keep_freed() -> None:
    """Let the C library reuse large blocks instead of giving them back: a fifth of a large update went into that.

    Without glibc, nothing changes.
    """
    trim_threshold, mmap_threshold, gibibyte = -1, -3, 1 << 30
    with suppress(AttributeError, OSError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(trim_threshold, gibibyte)
        mallopt(mmap_threshold, gibibyte)


def _use_one_thread() -> None:
    """One job, one thread: jobs already run side by side, and a sum depends on how it is split."""
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = "1"
    if "torch" in sys.modules:  # imported already, so the variables come too late for it
        sys.modules["torch"].set_num_threads(1)
