"""Errors that a user can mend: a sentence that names file and key, what is wrong and what would be right."""

import difflib
from collections.abc import Iterable


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
