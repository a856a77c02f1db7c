"""Checkpoints: a training that was cut goes on from where it was, and ends in the same bytes.

    with Checkpoint(path, record, training) as checkpoint:
        points = training.run(env_steps, label, checkpoint)
        ...  # write the results; then the file goes

The file belongs to one training: to its code, spec and library versions, and to what it starts from (weights,
encoder included, and contexts). One of any other training is not touched but for being replaced.
"""

import hashlib
import json
import signal
import sys
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

import torch

from meta_rl import policy
from meta_rl.files import atomic

if TYPE_CHECKING:  # it calls this module
    from meta_rl.training import Point, Training

EVERY = 180.0  # seconds between two checkpoints
_SIGNALS = (signal.SIGTERM, signal.SIGUSR1)  # sent by who stops a training, or wants to


class Checkpoint:
    """The file at `path`, for the time of one training.

    It is written every few minutes, at SIGUSR1, and at SIGTERM, which ends the process with status 143. Slurm may
    not leave the time for that: the shell and `srun` around the process are sent the signal, too, and end at once.
    A disk that is full costs the checkpoint, not the training.
    """

    def __init__(self, path: Path, record: dict[str, Any], training: "Training") -> None:
        """`record` is the training's provenance."""
        self.path = path
        kept = {name: record[name] for name in ("code", "spec_hash", "versions")}
        self._identity = kept | {"start": _fingerprint(training)}
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
        if kind is None:
            self.path.unlink(missing_ok=True)

    def resume(self, training: "Training") -> list["Point"]:
        """Load the file into `training` if there is one of it; the points of its learning curves so far."""
        if not self.path.exists():
            return []
        try:
            held = self._read()
        except Exception as error:  # what is not ours, or not whole, can fail in any way
            _say(f"{self.path}: not used, {error}; training from the start")
            return []
        training.load_state_dict(held["state"])
        _say(f"{self.path}: goes on from {training.env_steps.min():,} env_steps")
        return [_converted(point, torch.Tensor.numpy) for point in held["points"]]

    def offer(self, training: "Training", points: list["Point"]) -> None:
        """Write if it is time to, or if a signal asks for it. Called after every step."""
        if self._signal is None and time.monotonic() < self._due:
            return
        asked, self._signal = self._signal, None
        self._write(training, points)
        self._due = time.monotonic() + EVERY
        if asked == signal.SIGTERM:
            _say(
                f"{self.path}: stopped by SIGTERM at {training.env_steps.min():,} env_steps; the next run goes on"
            )
            sys.exit(128 + signal.SIGTERM)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self._signal = number

    def _write(self, training: "Training", points: list["Point"]) -> None:
        content = {
            "identity": json.dumps(self._identity, sort_keys=True),
            "state": training.state_dict(),
            "points": [_converted(point, torch.from_numpy) for point in points],
        }
        try:
            with atomic(self.path) as temporary:
                torch.save(content, temporary)
        except (OSError, RuntimeError) as error:  # PyTorch's own, for a disk that is full
            _say(f"{self.path}: no checkpoint, {error}")

    def _read(self) -> dict[str, Any]:
        with zipfile.ZipFile(self.path) as archive:
            if (broken := archive.testzip()) is not None:  # PyTorch does not look at the checksums
                raise ValueError(f"{broken} in it has changed")
        held = torch.load(self.path, weights_only=True)
        theirs = json.loads(held["identity"])
        if differs := [
            f"{key} {theirs.get(key)}" for key, own in self._identity.items() if theirs.get(key) != own
        ]:
            raise ValueError(f"it is of another training ({', '.join(differs)})")
        return held


def _fingerprint(training: "Training") -> str:
    """Of the weights and contexts that a training starts from."""
    digest = hashlib.sha256(training.contexts.tobytes())
    for name, value in policy.tensors(training.agent).items():
        digest.update(name.encode() + value.contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def _converted(point: "Point", convert: Callable[[Any], Any]) -> "Point":
    figures = {name: tuple(map(convert, values)) for name, values in point["figures"].items()}
    return {"env_steps": convert(point["env_steps"]), "figures": figures}


def _say(text: str) -> None:
    """Print, if anybody still reads: at a signal, who does may be gone."""
    with suppress(OSError):
        print(text, flush=True)
