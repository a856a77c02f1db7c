"""Where the ball ends in EPI's Striker: what its authors report (evaluate.py of their code), and our tables do not."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from torch import Tensor

from meta_rl.contexts import INTERPOLATION
from meta_rl.stack.seen import Seen
from meta_rl.tables import context_frames
from meta_rl.tables import contexts as contexts_table
from meta_rl.tables.columns import PROBED
from meta_rl.tables.io import read
from meta_rl.training.episodes import cases, play_agent
from meta_rl.training.policy import load

_BENCHMARK, _EPISODES = "striker_epi_cells", 5
_BALL, _GOAL = slice(-6, -3), slice(-3, None)  # of an observation, in metres


def final_distances(folder: Path, methods: tuple[str, ...]) -> dict[str, pd.Series]:
    """Mean distance of ball and goal [m] at the end of an episode, by method and run, in cells between the trained.

    The last policy of each run in the study's `folder` plays, in the regime that EPI is trained for: an episode starts
    anew after the probe.
    """
    return {method: pd.concat([*_blocks(folder, method)]) for method in methods}


def _blocks(folder: Path, method: str) -> Iterator[pd.Series]:
    own = folder / _BENCHMARK
    for path in sorted(own.glob(f"ppo/{method}/*/policy.pt")):
        weights = load(path)
        held_out = read(own / "contexts/held_out.parquet", contexts_table.TABLE)
        ids, values = context_frames.of_splits(held_out, weights.setup.names)[INTERPOLATION]
        runs = weights.runs()
        noise, episodes = weights.setup.environment.noise, np.arange(_EPISODES)
        one = cases(_BENCHMARK, INTERPOLATION, ids[None], values[None], episodes, noise)
        played = play_agent(runs, one.repeat(len(weights.keys)), PROBED, at_end=_distance)
        yield pd.Series(played.encoding.mean((1, 2)).double().numpy(), index=list(weights.keys))


def _distance(seen: Seen) -> Tensor:
    """[S, N, 1]"""
    observation = seen.observation
    return (observation[..., _BALL] - observation[..., _GOAL]).norm(dim=-1, keepdim=True)
