"""Contestants that take turns, each in a process of its own, on one thread: time and memory side by side."""

import multiprocessing
import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

Turn = Callable[[], int]  # does some work and returns how many units that was
THREADS = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}


@dataclass(frozen=True)
class Result:
    """Units per CPU second: median, lowest and highest of the turns. Memory: what the work added, in MB."""

    rate: float
    low: float
    high: float
    memory: float


def contest(contestants: Mapping[str, Callable[[], Turn]], turns: int) -> dict[str, Result]:
    """Measure each. One after the other takes a turn, so that a busy machine disturbs all alike.

    A contestant is a function that spawned processes can import; it prepares the work and does it once, so that
    what is compiled or allocated once does not count. One that fails raises its error here.
    """
    os.environ.update(THREADS)
    spawn = multiprocessing.get_context("spawn")
    players = {}
    try:
        for name, prepare in contestants.items():
            ours, theirs = spawn.Pipe()
            process = spawn.Process(target=_play, args=(prepare, theirs), daemon=True)
            process.start()
            theirs.close()
            players[name] = process, ours
            _ask(name, ours)
        rates: dict[str, list[float]] = {name: [] for name in players}
        for _ in range(turns):
            for name, (_, pipe) in players.items():
                pipe.send(True)
                rates[name].append(_ask(name, pipe))
        results = {}
        for name, (_, pipe) in players.items():
            pipe.send(False)
            values = np.array(rates[name])
            results[name] = Result(
                *map(float, (np.median(values), values.min(), values.max(), _ask(name, pipe)))
            )
        return results
    finally:
        for process, _ in players.values():
            process.terminate()
            process.join()


def _ask(name: str, pipe: Connection) -> Any:
    try:
        answer = pipe.recv()
    except EOFError:
        raise RuntimeError(f"{name} died") from None
    if isinstance(answer, Exception):
        raise RuntimeError(f"{name}: {answer}") from answer
    return answer


def _play(prepare: Callable[[], Turn], pipe: Connection) -> None:
    """Says when it is ready; then a rate for each True, and the memory for a False."""
    try:
        import torch

        torch.set_num_threads(1)
        before = _peak()
        turn = prepare()
        turn()
        pipe.send(None)
        while pipe.recv():
            start = time.process_time()
            units = turn()
            pipe.send(units / (time.process_time() - start))
        pipe.send(_peak() - before)
    except Exception as error:
        pipe.send(error)


def _peak() -> float:
    """The most memory that this process ever had, in MB (Linux; `getrusage` would count the parent's)."""
    status = Path("/proc/self/status").read_text()
    (peak,) = re.findall(r"VmHWM:\s*(\d+) kB", status)
    return int(peak) / 1024
