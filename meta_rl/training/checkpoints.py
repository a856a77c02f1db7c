"""Checkpoints: a training that was cut goes on from where it was, and ends in the same bytes.

    with Checkpoint(path, identity) as checkpoint:
        held = checkpoint.resume()
        ...  # work, and now and then checkpoint.offer(content, reached)

The file goes when the job that the training belongs to has succeeded (meta_rl/job.py), and not with the training.
The file belongs to what its `identity` says: code, spec, library versions and what the work starts from. One of
anything else is not touched but for being replaced.
"""

import json
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from meta_rl.errors import UserError
from meta_rl.training import tensor_files

EVERY = 180.0  # seconds between two checkpoints
_SIGNALS = (signal.SIGTERM, signal.SIGUSR1)  # sent by who stops a training, or wants to


class Checkpoint:
    """The file at `path`, for the time of one training.

    It is written every few minutes, at SIGUSR1, and at SIGTERM, which ends the process with status 143. Slurm may
    not leave the time for that: the shell and `srun` around the process are sent the signal, too, and end at once.
    A disk that is full costs the checkpoint, not the training.
    """

    def __init__(self, path: Path, identity: dict[str, Any]) -> None:
        """`identity` is JSON."""
        self.path, self._identity = path, identity
        self._signal: int | None = None
        self._due = time.monotonic() + EVERY
        self._handlers: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "Checkpoint":
        self._handlers = {one: signal.signal(one, self._ask) for one in _SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one, handler in self._handlers.items():
            signal.signal(one, handler)

    def resume(self) -> Any:
        """What was offered last, if there is a file of this identity; else None."""
        if not self.path.exists():
            return None
        try:
            held = self._read()
        except Exception as error:  # what is not ours, or not whole, can fail in any way
            _say(f"{self.path}: not used, {error}; training from the start")
            return None
        _say(f"{self.path}: goes on from {held['reached']:,} env_steps")
        return held["content"]

    def offer(self, content: Callable[[], Any], reached: int) -> None:
        """Write `content()`, that of `reached` env_steps, if it is time to or if a signal asks for it.

        It may hold tensors, numbers, texts, and lists, tuples and dicts of them.
        """
        if self._signal is None and time.monotonic() < self._due:
            return
        asked, self._signal = self._signal, None
        self._write(content(), reached)
        self._due = time.monotonic() + EVERY
        if asked == signal.SIGTERM:
            _say(f"{self.path}: stopped by SIGTERM at {reached:,} env_steps; the next run goes on")
            sys.exit(128 + signal.SIGTERM)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self._signal = number

    def _write(self, content: Any, reached: int) -> None:
        identity = json.dumps(self._identity, sort_keys=True)
        try:
            tensor_files.write(self.path, {"identity": identity, "reached": reached, "content": content})
        except UserError as error:  # a full disk
            _say(f"no checkpoint, {error}")

    def _read(self) -> dict[str, Any]:
        held = tensor_files.read(self.path)
        theirs = json.loads(held["identity"])
        if differs := [
            f"{key} {theirs.get(key)}" for key, own in self._identity.items() if theirs.get(key) != own
        ]:
            raise ValueError(f"it is of another training ({', '.join(differs)})")
        return held


def _say(text: str) -> None:
    """Print, if anybody still reads: at a signal, who does may be gone."""
    with suppress(OSError):
        print(text, flush=True)
