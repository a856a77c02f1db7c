"""A seed that fails does not take its block along: the others are done alone, with the same results.

A seed's result does not depend on who shares its stack, so nothing changes but the time that it takes.
"""

from collections.abc import Callable
from typing import TypeVar

from meta_rl.errors import UserError

Result = TypeVar("Result")
OF_THE_JOB = (UserError, OSError, MemoryError)  # bad input, a full disk: no seed is to blame


def isolate(
    work: Callable[[list[int]], Result], count: int, label: str
) -> tuple[list[tuple[list[int], Result]], dict[int, str]]:
    """`work` on the indices 0 to `count` - 1 at once or, if that raises, on each alone.

    The parts that were done, each with its indices, and the reason of each index that failed. Raises what `work`
    does if no index can be done, and if the error is that of the job.
    """
    everyone = list(range(count))
    try:
        return [(everyone, work(everyone))], {}
    except OF_THE_JOB:
        raise
    except Exception as error:
        if count == 1:
            raise
        print(f"{label}: {_reason(error)}; now one seed at a time", flush=True)
        first = error
    parts, failures = [], {}
    for index in everyone:
        try:
            parts.append(([index], work([index])))
        except OF_THE_JOB:
            raise
        except Exception as error:
            failures[index] = _reason(error)
            print(f"{label}: number {index + 1} of {count} fails, {failures[index]}", flush=True)
    if not parts:
        raise first
    return parts, failures


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
