"""Trajectories as rows of the `trajectories` table, and as tensors for pretraining."""

import numpy as np
import pandas as pd
import torch

from meta_rl.errors import UserError
from meta_rl.methods.base import Trajectories


def tensors(frame: pd.DataFrame, source: str, rewarded: bool) -> Trajectories:
    """Tensors [S, C, M, ...] of a table of one split, by seed, context and time; with rewards where `rewarded`.

    Raises UserError, which names the `source`, if a context has fewer rows than another.
    """
    frame = frame.sort_values(["seed", "context_id", "episode", "t"])
    sizes = frame.groupby(["seed", "context_id"]).size()
    counts = sizes.groupby("seed").size()
    if sizes.nunique() != 1 or counts.nunique() != 1:
        raise UserError(f"{source}: contexts differ in their number of transitions; delete it and run again")
    shape = (len(counts), int(counts.iloc[0]), int(sizes.iloc[0]))
    fields = [torch.from_numpy(np.stack(list(frame[name]))) for name in ("obs", "action", "next_obs")]
    reward = torch.from_numpy(frame["reward"].to_numpy(np.float32)).unsqueeze(-1)[:, : int(rewarded)]
    return Trajectories(*(field.reshape(*shape, field.shape[-1]) for field in (*fields, reward)))
