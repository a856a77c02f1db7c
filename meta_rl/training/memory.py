"""Memory that tensors leave between blocks of a simulator, given back to the system. Without glibc, nothing changes."""

import contextlib
import ctypes

EVERY = 1000  # steps of a training between two calls of `give_back_holes`: each takes about 1 ms


def give_back_holes() -> None:
    """Return pages between blocks to the system.

    PyTorch aligns its tensors, and the hole that an aligned block leaves does not hold another of its size once
    a simulator has put something small beside it: with LunarLander a process grew by 0.1 MB and more an update.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
