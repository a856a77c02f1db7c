"""What bounds a stack's speed from below: how many operations PyTorch is asked for, and its matrix products."""

import time
from collections import Counter
from typing import Any, NamedTuple

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from benchmarks.peers.case import Case, training

ITERATIONS = 128  # of the loop; a whole collection of PPO's
REPEATS = 200


class Bound(NamedTuple):
    """Of one iteration of the loop, in which every environment of every seed takes a step."""

    operations: float  # PyTorch's, those of the backward pass included
    products: float  # seconds that its matrix products alone take, on data that is in the cache


class Recorder(TorchDispatchMode):
    """Counts operations, and the matrix products by how their operands lie in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.operations = 0
        self.products: Counter[tuple[Any, ...]] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.operations += 1
        if func in (torch.ops.aten.bmm.default, torch.ops.aten.baddbmm.default):
            self.products[func, tuple((one.shape, one.stride()) for one in args)] += 1
        return func(*args, **(kwargs or {}))


def measure(case: Case, seeds: int) -> Bound:
    """Of a stack of `seeds` that has begun to learn."""
    recorder = record(case, seeds)
    seconds = sum(count * _seconds(*product) for product, count in recorder.products.items())
    return Bound(recorder.operations / ITERATIONS, seconds / ITERATIONS)


def record(case: Case, seeds: int) -> Recorder:
    """What ITERATIONS of the loop ask for."""
    torch.set_num_threads(1)
    trained = training(case, range(seeds))
    rows = case.config["n_envs"]
    trained.run(2 * case.config.get("learning_starts", ITERATIONS * rows))
    with Recorder() as recorder:
        trained.run(int(trained.env_steps.max()) + ITERATIONS * rows)
    return recorder


def _seconds(function: Any, operands: tuple[tuple[torch.Size, tuple[int, ...]], ...]) -> float:
    """Of one product, on operands of these shapes and strides."""
    tensors = [torch.empty_strided(shape, stride).uniform_() for shape, stride in operands]
    with torch.no_grad():
        for _ in range(REPEATS // 10):
            function(*tensors)
        start = time.process_time()
        for _ in range(REPEATS):
            function(*tensors)
    return (time.process_time() - start) / REPEATS
