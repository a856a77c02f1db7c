"""Runs of one seed in two benchmarks are independent replications, even where all else is the same."""

from typing import Any

import numpy as np
import torch

from meta_rl.conformance.small import spec
from meta_rl.steps import sample_contexts
from meta_rl.tables import context_frames, io
from meta_rl.tables import contexts as contexts_table
from meta_rl.training.block import train
from meta_rl.training.policy import Weights


def trained(benchmark: str, method: str = "none") -> Weights:
    """Two seeds, all in the same contexts."""
    described: dict[str, Any] = spec(method) | {"benchmark": benchmark, "env_steps": 300, "snapshots": 1}
    contexts = np.tile(np.linspace(2.0, 20.0, 5)[:, None], (2, 1, 1))
    return train(described, np.array([0, 1]), contexts, None, {})[0]


def test_a_training_takes_its_numbers_from_its_benchmark_too() -> None:
    one, same, other = trained("one"), trained("one"), trained("other")
    assert set(one.keys).isdisjoint(other.keys)
    for name, value in one.tensors.items():
        assert torch.equal(value, same.tensors[name]), name
    weights = [name for name, value in one.tensors.items() if value.dim() > 3]
    assert weights
    assert not any(torch.equal(one.tensors[name], other.tensors[name]) for name in weights)


def test_train_contexts_are_the_benchmarks_own(tmp_path: Any) -> None:
    def drawn(benchmark: str, name: str) -> np.ndarray:
        wanted = {key: spec("none")[key] for key in ("environment", "features", "train_set", "boxes")}
        path = tmp_path / f"{name}.parquet"
        sample_contexts.main(wanted | {"benchmark": benchmark, "seeds": [0, 2], "count": 4}, path)
        return context_frames.of_seeds(io.read(path, contexts_table.TABLE), ("gravity",))[2]

    one, same, other = drawn("one", "a"), drawn("one", "b"), drawn("other", "c")
    assert np.array_equal(one, same)
    assert not np.intersect1d(one, other).size
