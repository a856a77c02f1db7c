"""Room on the disk for Snakemake's own records, kept as a file until nothing else is left.

Without a record of it, Snakemake would make again what a job had finished when the disk became full, and it would end
in a traceback or, when it is quiet, without a word.
"""

import os
from contextlib import suppress
from pathlib import Path

from meta_rl.errors import UserError
from meta_rl.files import atomic

RESERVE = Path(".snakemake/reserve")
_KEPT, _NEEDED = 1 << 20, 1 << 16  # bytes: those kept, and how many must be left without them


def keep() -> None:
    """Take the room. Raises UserError, in one line, if there is none: no work could be done either."""
    if not RESERVE.is_file():
        _fill(RESERVE, _KEPT)


def give() -> None:
    """Give the room back if there is hardly any other."""
    if not RESERVE.is_file():
        return
    probe = RESERVE.with_name(f"probe.{os.getpid()}")
    try:
        _fill(probe, _NEEDED)
    except UserError:
        with suppress(OSError):
            RESERVE.unlink()
    with suppress(OSError):
        probe.unlink()


def _fill(path: Path, size: int) -> None:
    with atomic(path) as temporary:
        temporary.write_bytes(os.urandom(size))  # nothing that a disk could compress
