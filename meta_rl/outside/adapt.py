"""Whatever acts, made a policy of rows."""

from pathlib import Path
from typing import Any

import torch

from meta_rl.errors import UserError
from meta_rl.outside import zips
from meta_rl.outside.modules import Module
from meta_rl.outside.playing import Stage
from meta_rl.outside.predicting import Predicting
from meta_rl.outside.rows import Called, RowPolicy


def adapted(policy: Any, stage: Stage, vec_normalize: Any = None, trusted: bool = False) -> RowPolicy:
    """A callable, a PyTorch module, a model with `predict`, or the path of a zip of Stable-Baselines3.

    `vec_normalize` is the VecNormalize with which a model was trained, or the path of its file. What is unpickled must
    be `trusted`. Raises UserError for anything else, and for what does not fit the benchmark.
    """
    spaces = stage.environment.spaces
    if isinstance(policy, str | Path):
        policy = zips.model(Path(policy), trusted)
    if isinstance(vec_normalize, str | Path):
        vec_normalize = zips.statistics(Path(vec_normalize), trusted)
    if callable(getattr(policy, "predict", None)) and hasattr(policy, "observation_space"):
        return Predicting(policy, spaces, stage.observer.space, vec_normalize)
    if vec_normalize is not None:
        raise UserError("policy: vec_normalize goes with a model of Stable-Baselines3; leave it out")
    if isinstance(policy, torch.nn.Module):
        return Module(policy, spaces)
    if callable(policy):
        return Called(policy, spaces, stage.trial)
    raise UserError(
        f"policy: is {type(policy).__name__}, but must be a function of observations, a PyTorch module, a model with "
        "`predict`, or the path of a policy.pt or of a zip of Stable-Baselines3"
    )
