"""Atomic writing: a file is whole or it is not there, however the writer ends."""

import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from meta_rl.errors import told


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` that replaces it on success and vanishes on failure.

    The temporary name keeps the suffix (writers choose a format by it) and is unique, so that two
    writers never share one. Its mode is that of any new file there: umask, group and access lists count.

    Raises UserError, in one line that names `path`, if the system refuses to write.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}{path.suffix}")
    with told(path, "written"):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.touch(exist_ok=False)
        try:
            yield temporary
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write `text` (UTF-8) atomically."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def checksum(parts: Iterable[bytes]) -> str:
    """Of what a file holds, in hexadecimal digits: the parts follow each other."""
    found = hashlib.sha256()
    for part in parts:
        found.update(len(part).to_bytes(8, "little") + part)
    return found.hexdigest()
