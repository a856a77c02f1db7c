"""A folder in which nobody may write, root neither."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[str]:
    """Make `folder`, with what lies in it, read-only; yields what the system says to who writes.

    Root may write whatever the modes are, so for root the folder becomes a read-only mount of itself.
    """
    root = os.geteuid() == 0
    if root:
        subprocess.run(["mount", "--bind", folder, folder], check=True)
    try:
        if root:
            subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
        else:
            folder.chmod(0o555)
        yield "Read-only file system" if root else "Permission denied"
    finally:
        if root:
            subprocess.run(["umount", folder], check=True)
        else:
            folder.chmod(0o755)
