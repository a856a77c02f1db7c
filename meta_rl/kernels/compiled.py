"""The kernels that Python calls. Importing this module takes them from a folder, or compiles them into it.

Kernels hold Python's lock, so that what they write to in passing may be shared. The folder belongs to the text of
this package: another text has another one. Numba writes each file in one go, so that processes may fill it at the
same time, and keeps a version for each kind of CPU.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from numba import float64, int64, njit, void
from numba.core import config

from meta_rl.kernels import networks, optimiser, rows

HERE = Path(__file__).parent


def folders(package: Path = HERE) -> tuple[Path, ...]:
    """Where compiled kernels may lie: beside their text, or with what the user keeps for all programs."""
    digest = hashlib.sha256()
    for path in sorted(package.glob("*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    name = f"kernels-{digest.hexdigest()[:16]}"
    user = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return package / "__pycache__" / name, user / "meta_rl" / name


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _compiled(kernel: Callable[..., None], *kinds: Any) -> Callable[..., None]:
    """Takes and keeps machine code in the first folder that can be written, or keeps none."""
    folder = next(filter(_writable, folders()), None)
    before, config.CACHE_DIR = config.CACHE_DIR, str(folder)
    try:
        made: Callable[..., None] = njit(void(*kinds), cache=folder is not None, error_model="numpy")(kernel)
    finally:
        config.CACHE_DIR = before
    return made


forward = _compiled(networks.forward, *[int64] * 10)
backward = _compiled(networks.backward, *[int64] * 12)
put = _compiled(rows.put, *[int64] * 7)
take = _compiled(rows.take, *[int64] * 8)
adam = _compiled(optimiser.adam, *[int64] * 4, *[float64] * 5)
