"""What bounds a stack's speed: the arithmetic of its networks from below, and how much PyTorch is asked for."""

import ctypes
import time
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from benchmarks.peers.case import Case, training
from meta_rl.kernels import compiled
from meta_rl.kernels.networks import WIDTHS
from meta_rl.stack.networks import MLP
from meta_rl.streams import Streams

_FORWARD, _BACKWARD = compiled.forward, compiled.backward
ITERATIONS = 128  # of the loop; a whole collection of PPO's
REPEATS, TURNS = 200, 10


class Bound(NamedTuple):
    """Of one iteration of the loop, in which every environment of every seed takes a step."""

    operations: float  # PyTorch's, those of the backward pass included
    arithmetic: float  # multiplications and additions of its matrix products


class Recorder(TorchDispatchMode):
    """Counts PyTorch's operations, and what the kernels of networks compute."""

    def __init__(self) -> None:
        super().__init__()
        self.operations = self.arithmetic = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.operations += 1
        return func(*args, **(kwargs or {}))

    def forward(self, seeds: int, rows: int, plan: int, *rest: int) -> None:
        """A product X W for each layer."""
        self.arithmetic += 2 * seeds * rows * sum(_products(plan))
        _FORWARD(seeds, rows, plan, *rest)

    def backward(self, seeds: int, rows: int, plan: int, *rest: int) -> None:
        """X^T dY for each layer whose weights want it, and dY W^T for each whose input does."""
        of_theta, of_x = map(bool, rest[-3:-1])
        first, *others = _products(plan)
        self.arithmetic += 2 * seeds * rows * ((of_theta + of_x) * first + (of_theta + 1) * sum(others))
        _BACKWARD(seeds, rows, plan, *rest)


def _products(plan: int) -> list[int]:
    """Multiplications of each layer for a row."""
    layers = ctypes.c_int64.from_address(plan).value
    widths = (ctypes.c_int64 * (layers + 1)).from_address(plan + 8 * WIDTHS)
    return [inputs * outputs for inputs, outputs in pairwise(widths)]


def measure(case: Case, seeds: int) -> Bound:
    """Of a stack of `seeds` that has begun to learn."""
    recorder = record(case, seeds)
    return Bound(recorder.operations / ITERATIONS, recorder.arithmetic / ITERATIONS)


def record(case: Case, seeds: int) -> Recorder:
    """What ITERATIONS of the loop ask for."""
    torch.set_num_threads(1)
    trained = training(case, range(seeds))
    rows = case.config["n_envs"]
    trained.run(2 * case.config.get("learning_starts", ITERATIONS * rows))
    with Recorder() as recorder:
        compiled.forward, compiled.backward = recorder.forward, recorder.backward
        try:
            trained.run(int(trained.env_steps.max()) + ITERATIONS * rows)
        finally:
            compiled.forward, compiled.backward = _FORWARD, _BACKWARD
    return recorder


def peak() -> float:
    """Multiplications and additions per second of a core at its best: 20 layers of 64 units, which its cache holds."""
    network = MLP(Streams(["peak"]), "peak", (64,) * 21)
    x, best = torch.rand(1, 60, 64), 0.0
    with torch.no_grad():
        for _ in range(TURNS):
            start = time.process_time()
            for _ in range(REPEATS):
                network(x)
            best = max(best, REPEATS * 2 * 60 * 20 * 64 * 64 / (time.process_time() - start))
    return best
