"""Errors that a user can mend: a sentence that names file and key, what is wrong and what would be right.

What keeps a file from being written or read, a full disk or a folder of somebody else's, becomes one here, and nowhere
else.
"""

import difflib
import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

_CURES = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "make room, and run the same command again"),
    **dict.fromkeys(
        (errno.EACCES, errno.EPERM, errno.EROFS),
        "let who runs this read and write there (docs/cluster.md: people who share a folder)",
    ),
    **dict.fromkeys((errno.EEXIST, errno.ENOTDIR, errno.EISDIR), "move away what lies in its place"),
    **dict.fromkeys((errno.EIO, errno.ESTALE), "see to the disk, and run the same command again"),
}


class UserError(Exception):
    """Bad input. Steps print it as one line, without a traceback, and exit with 1."""


def brief(text: str, most: int = 100) -> str:
    """What stands in a file, in one line of about `most` characters."""
    line = "".join(one if one.isprintable() else repr(one)[1:-1] for one in text[:most])
    return line + "..." * (len(text) > most)


def unknown(kind: str, name: object, known: Iterable[str]) -> str:
    """The sentence for a name that does not exist, with the nearest one that does."""
    names = sorted(known)
    near = difflib.get_close_matches(str(name), names, n=1)
    guess = f"; did you mean '{near[0]}'?" if near else "."
    return f"unknown {kind} '{brief(str(name))}'{guess} Known: {', '.join(names)}"


@contextmanager
def told(path: str | Path, done: str) -> Iterator[None]:
    """Who cannot go on because `path` cannot be `done` (written, read) is told so: a UserError of one line.

    What the system says may stand behind an error of a library's own, such as PyTorch's RuntimeError.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        if (reason := refusal(error)) is None:
            raise
        raise UserError(f"{path}: cannot be {done}: {reason}") from error


def refusal(error: BaseException | None) -> str | None:
    """Why the system refuses to write or read, and what helps; None if the error is another one."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _CURES:
            return f"{os.strerror(error.errno)}; {_CURES[error.errno]}"
        error = error.__cause__ or error.__context__
    return None
