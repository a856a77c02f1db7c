"""Collect the trajectories that a method is pretrained on, with a random policy in each train context."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from meta_rl import context_frames, job, policy, provenance
from meta_rl.controllers import random
from meta_rl.rollout import Rollout, one_hot
from meta_rl.streams import Streams
from meta_rl.tables import contexts as contexts_table
from meta_rl.tables import io
from meta_rl.tables.trajectories import TABLE


def main(contexts: Path, spec: dict[str, Any], trajectories: Path) -> str:
    names = tuple(spec["features"])
    seeds, ids, values = context_frames.of_seeds(io.read(contexts, contexts_table.TABLE), names)
    steps = spec["method_settings"]["transitions"]
    columns = _collect(spec, seeds, values, steps)
    frame = pd.DataFrame(
        {
            "benchmark": spec["benchmark"],
            "source": "generator",
            "seed": np.repeat(seeds, ids.shape[1] * steps),
            "context_id": np.repeat(ids.ravel(), steps),
            **{name: _cells(column) for name, column in columns.items()},
        }
    )
    io.write(frame, TABLE, trajectories, provenance.record("collect_trajectories", spec))
    return f"{spec['benchmark']} {spec['method']}: {len(frame)} transitions in {ids.size} contexts"


def _collect(
    spec: dict[str, Any], seeds: np.ndarray, contexts: np.ndarray, steps: int
) -> dict[str, np.ndarray]:
    """`steps` transitions in each of the contexts [S, C, F], as columns [S, C, steps, ...]; episodes restart."""
    streams = Streams([f"run {seed}" for seed in seeds])
    rows = contexts.shape[:2]
    environments = policy.environments(spec, rows)
    rollout, width = Rollout(environments), environments.spaces.chance

    def restart(ended: np.ndarray) -> None:
        noise = streams.uniform("generator/initial", rows[1], environments.noise)
        if ended.any():
            rollout.reset(ended, contexts, noise)

    restart(np.ones(rows, dtype=bool))
    episode = np.zeros(rows, dtype=np.int64)
    taken: dict[str, list[np.ndarray]] = {}
    for _ in range(steps):
        action = random.act(environments, streams.uniform("generator/action", rows[1], width))
        step = rollout.step(torch.from_numpy(action))
        fields = {
            "episode": episode,
            "t": step.age.numpy(),
            "obs": step.seen.observation.numpy(),
            "action": one_hot(step.action, environments.spaces.action).numpy(),
            "reward": step.reward.numpy().astype(np.float64),
            "next_obs": step.next_seen.observation.numpy(),
            "terminated": step.terminated.numpy(),
            "truncated": step.truncated.numpy(),
        }
        for name, value in fields.items():
            taken.setdefault(name, []).append(value)
        ended = (step.terminated | step.truncated).numpy()
        episode = episode + ended
        restart(ended)
    return {name: np.stack(values, axis=2) for name, values in taken.items()}


def _cells(column: np.ndarray) -> Any:
    """A column of the table: numbers, or a vector per row, from an array [S, C, steps] or [S, C, steps, D]."""
    return column.ravel() if column.ndim == 3 else list(column.reshape(-1, column.shape[-1]))


if __name__ == "__main__":
    job.run(main)
