"""May who runs a study write where it lies? Asked before any work starts.

Snakemake itself notices in the middle, and says so in a traceback or, when it is quiet, not at all.
"""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

from meta_rl.errors import UserError, refusal

SNAKEMAKE = Path(".snakemake")
_FOLDERS = ("log", "slurm_logs")  # in which Snakemake makes new files
_RECORDS = ("incomplete", "locks", "metadata")  # whose files it writes anew


def check(folder: Path) -> None:
    """Raise UserError, in one line, for the first place that may not be read and written.

    `folder` is that of a study, and all folders in it count; so does what Snakemake keeps of earlier runs here.
    """
    for path in _places(folder):
        needed = os.R_OK | os.W_OK | (os.X_OK if path.is_dir() else 0)
        if not os.access(path, needed, effective_ids=True):
            number = errno.EROFS if os.statvfs(path).f_flag & os.ST_RDONLY else errno.EACCES
            raise UserError(f"{path}: cannot be written: {refusal(OSError(number, ''))}")


def _places(folder: Path) -> Iterator[Path]:
    for top in (folder, SNAKEMAKE):  # what is not there will be made in the nearest folder that is
        yield next(path for path in (top, *top.absolute().parents) if os.path.exists(path))
    for top in (folder, *(SNAKEMAKE / name for name in (*_FOLDERS, *_RECORDS))):
        if os.path.exists(top):
            yield top
        for place, folders, files in os.walk(top):  # each is asked about before it is entered
            yield from (Path(place, name) for name in (*folders, *(files if top.name in _RECORDS else ())))
