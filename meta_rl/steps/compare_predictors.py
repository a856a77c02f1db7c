"""How well the pretrained encoder helps to predict one step in held-out contexts, beside what it could be replaced by.

Three predictors of the same size, with the same number of updates on the same trajectories: one that is told the
encoding of K transitions of the context, one that is told nothing, and one that is told the true context.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from meta_rl import job
from meta_rl.methods import trajectory_frames
from meta_rl.methods.base import masked_mean
from meta_rl.methods.explicit import Explicit
from meta_rl.methods.iida import IIDA
from meta_rl.stack.networks import MLP, Adam
from meta_rl.streams import Streams
from meta_rl.study import provenance
from meta_rl.tables import context_frames, io
from meta_rl.tables import contexts as contexts_table
from meta_rl.tables.columns import run_of
from meta_rl.tables.predictions import TABLE
from meta_rl.tables.trajectories import TABLE as TRAJECTORIES
from meta_rl.training import policy

FEWER = 20  # transitions of the context, beside as many as the encoder was trained for


def main(
    encoder: Path,
    train_contexts: Path,
    held_out: Path,
    train_trajectories: Path,
    held_out_trajectories: Path,
    spec: dict[str, Any],
    predictions: Path,
) -> str:
    weights = policy.load(encoder)
    setup, method = weights.method()
    assert isinstance(method, IIDA)
    names, into = setup.names, setup.task
    seeds, _, own = context_frames.of_seeds(io.read(train_contexts, contexts_table.TABLE), names)
    scaled, rewarded = Explicit(into).scaled, into.spaces.rewarded

    def packed(frame: pd.DataFrame, path: Path) -> Tensor:
        return torch.cat(tuple(trajectory_frames.tensors(frame, str(path), rewarded)), -1)

    def told(contexts: np.ndarray) -> Tensor:
        return scaled(torch.from_numpy(contexts).float())

    seen = packed(io.read(train_trajectories, TRAJECTORIES), train_trajectories)
    fresh = io.read(held_out_trajectories, TRAJECTORIES)
    shared = context_frames.of_splits(io.read(held_out, contexts_table.TABLE), names)
    blind, knowing = (
        _fit(method, seen, extra, Streams([f"{key} {name}" for key in weights.keys]))
        for name, extra in (("blind", told(own)[..., :0]), ("knowing", told(own)))
    )
    rows = []
    for split, (_, values) in shared.items():
        new = packed(fresh[fresh["split"] == split], held_out_trajectories)
        context = told(np.tile(values, (len(seeds), 1, 1)))
        half = new.shape[2] // 2
        errors = {
            ("encoder", k): _error(
                method, method.predictor, new, _encoded(method, new[:, :, :half][:, :, :k])
            )
            for k in sorted({min(FEWER, method.window, half), min(method.window, half)})
        }
        errors["none", 0] = _error(method, blind, new, context[..., :0])
        errors["true_context", 0] = _error(method, knowing, new, context)
        for (predictor, k), error in errors.items():
            told_by = {"seed": seeds, "split": split, "predictor": predictor, "window": k, "error": error}
            rows.append(pd.DataFrame(run_of(spec) | told_by))
    frame = pd.concat(rows, ignore_index=True)
    io.write(frame, TABLE, predictions, provenance.record("compare_predictors", spec))
    return f"{spec['benchmark']} {spec['variant']}: {len(frame)} errors"


def _encoded(method: IIDA, transitions: Tensor) -> Tensor:
    """z [S, C, Z] of the transitions [S, C, K, T] of each context."""
    with torch.no_grad():
        return masked_mean(method.embed(transitions), torch.ones(transitions.shape[:3]))


def _fit(method: IIDA, packed: Tensor, told: Tensor, streams: Streams) -> MLP:
    """A predictor that is told [S, C, F] of each context, trained on transitions [S, C, M, T] as `method`'s was."""
    contexts, count = packed.shape[1:3]
    half = count // 2  # the other half is what the encoder looks at
    config, run = method.config, np.arange(len(packed))[:, None]
    sizes = (method.known + told.shape[-1], *config.predictor, method.changes)
    network = MLP(streams, "predictor", sizes)
    optimiser = Adam(network.parameters(), config.learning_rate)
    for _ in range(config.updates):
        context = streams.integers("context", contexts, config.batch)
        target = packed[run, context, half + streams.integers("target", count - half, config.batch)]
        error = method.predict(target, told[run, context], network) - method.change(target)
        optimiser.minimise(error.square().mean((1, 2)))
    return network


def _error(method: IIDA, network: MLP, packed: Tensor, told: Tensor) -> np.ndarray:
    """Mean squared error [S] of the standardised change, on the second half of each context's transitions."""
    targets = packed[:, :, packed.shape[2] // 2 :]
    each = told.unsqueeze(2).expand(*targets.shape[:3], told.shape[-1]).flatten(1, 2)
    with torch.no_grad():
        error = method.predict(targets.flatten(1, 2), each, network) - method.change(targets.flatten(1, 2))
    return error.square().mean((1, 2)).double().numpy()


if __name__ == "__main__":
    job.run(main)
