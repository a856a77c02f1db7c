"""Train a method's encoder on the trajectories of each run's train contexts, before its agent trains."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from meta_rl import job, policy, provenance
from meta_rl.errors import UserError
from meta_rl.methods.base import Trajectories
from meta_rl.streams import Streams
from meta_rl.tables import io
from meta_rl.tables.trajectories import TABLE


def main(trajectories: Path, spec: dict[str, Any], encoder: Path) -> str:
    frame = io.read(trajectories, TABLE).sort_values(["seed", "context_id", "episode", "t"])
    keys = tuple(f"run {seed}" for seed in frame["seed"].unique())
    streams = Streams(keys)
    method = policy.build_method(spec, streams)
    rewarded = policy.task(spec).spaces.rewarded
    figures = method.pretrain(_trajectories(frame, trajectories, rewarded), streams)
    env_steps = tuple(int(count) for count in frame.groupby("seed").size())
    record = provenance.record("pretrain_encoder", spec)
    policy.save(encoder, policy.Weights(spec, keys, env_steps, policy.tensors(method), record))
    said = ", ".join(f"{name} {np.mean(value):.4f}" for name, value in figures.items())
    return f"{spec['benchmark']} {spec['method']}: {len(keys)} encoders on {env_steps[0]} transitions each, {said}"


def _trajectories(frame: pd.DataFrame, path: Path, rewarded: bool) -> Trajectories:
    """Tensors [S, C, M, ...] of a sorted table, in which every context must have the same number of rows."""
    sizes = frame.groupby(["seed", "context_id"]).size()
    counts = sizes.groupby("seed").size()
    if sizes.nunique() != 1 or counts.nunique() != 1:
        raise UserError(f"{path}: contexts differ in their number of transitions; delete it and run again")
    shape = (len(counts), int(counts.iloc[0]), int(sizes.iloc[0]))
    fields = [torch.from_numpy(np.stack(list(frame[name]))) for name in ("obs", "action", "next_obs")]
    reward = torch.from_numpy(frame["reward"].to_numpy(np.float32)).unsqueeze(-1)[:, : int(rewarded)]
    return Trajectories(*(field.reshape(*shape, field.shape[-1]) for field in (*fields, reward)))


if __name__ == "__main__":
    job.run(main)
