"""Play the last policies of a block for what is to be said of them: scored episodes, and one that is watched.

The scored episodes have the numbers 0 to `episodes` - 1, and start as those of the evaluation do; the watched one has
the next number.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from meta_rl import job
from meta_rl.contexts import TRAIN
from meta_rl.errors import UserError
from meta_rl.stack.seen import Seen
from meta_rl.study import provenance
from meta_rl.tables import context_frames, io
from meta_rl.tables import contexts as contexts_table
from meta_rl.tables.columns import run_of
from meta_rl.tables.deployment import TABLE
from meta_rl.training.block import label_of, run_keys
from meta_rl.training.episodes import Cases, cases, play_agent
from meta_rl.training.information import regimes_of
from meta_rl.training.policy import Runs, finite, load
from meta_rl.training.watched_files import Episodes, Set, save_episodes
from meta_rl.training.watching import watch


def main(
    policy: Path, held_out: Path, train_contexts: Path, spec: dict[str, Any], deployment: Path, watched: Path
) -> str:
    """A run that has diverged is left out: what is no number cannot be doubted."""
    weights = load(policy)
    names = weights.setup.names
    seeds, *own = context_frames.of_seeds(io.read(train_contexts, contexts_table.TABLE), names)
    shared = context_frames.of_splits(io.read(held_out, contexts_table.TABLE), names, development=True)
    label = label_of(spec, seeds)
    number = {key: index for index, key in enumerate(run_keys(spec, seeds))}
    failures = {key: f"training, {reason}" for key, reason in weights.failures.items()}
    sound = finite(weights)
    failures |= {
        key: "diverged: a weight is not finite"
        for key, is_sound in zip(weights.keys, sound, strict=True)
        if not is_sound
    }
    if not sound.any():
        raise UserError(f"{policy}: all of its runs have diverged, so that there is no policy to doubt")
    weights = weights.select(*np.flatnonzero(sound))
    rows = [number[key] for key in weights.keys]
    runs = weights.runs()
    information = regimes_of(runs.setup.entry, runs.agent.method, [])[0]
    sets = {TRAIN: tuple(array[rows] for array in own)}
    for split, arrays in shared.items():
        sets[split] = tuple(np.repeat(array[None], len(rows), axis=0) for array in arrays)

    environment, episodes = runs.setup.environment, np.arange(spec["episodes"])
    progress, done = job.Progress(label, len(sets), "splits"), 0
    frames, found = [], {}
    for split, (ids, values) in sets.items():
        scored, shown = (
            cases(spec["benchmark"], split, ids, values, which, environment.noise)
            for which in (episodes, np.array([spec["episodes"]]))
        )
        for chunk in scored.chunks(environment.chunk):
            frames.append(_played(runs, spec, seeds[rows], chunk, information))
        found[split] = Set(torch.from_numpy(ids), torch.from_numpy(values), watch(runs, shown, information))
        progress.update(done := done + 1)
    record = provenance.record("deploy", spec)
    frame = pd.concat(frames, ignore_index=True)
    io.write(frame, TABLE, deployment, record)
    kept = Episodes(
        weights.spec, weights.keys, tuple(seeds[rows].tolist()), information, environment.horizon, found,
        record, failures,
    )  # fmt: skip
    save_episodes(watched, kept)
    return f"{label}: {len(frame)} episodes"


def _played(
    runs: Runs, spec: dict[str, Any], seeds: np.ndarray, chunk: Cases, information: str
) -> pd.DataFrame:
    def value_of(seen: Seen) -> Tensor:
        return runs.agent.value(seen).unsqueeze(-1)

    played = play_agent(runs, chunk, information, at_end=value_of)
    value, end = (
        one.numpy().astype(np.float64).reshape(played.truncated.shape)
        for one in (value_of(played.first), played.encoding)
    )
    tail = np.where(played.truncated, runs.agent.gamma**played.episode_length * end, 0.0)
    return pd.DataFrame(
        {
            **run_of(spec),
            "seed": np.repeat(seeds, chunk.context_id.shape[1]),
            "information": information,
            "split": chunk.split,
            "context_id": chunk.context_id.ravel(),
            "episode": chunk.episode.ravel(),
            "episode_return": played.episode_return.ravel(),
            "episode_length": played.episode_length.ravel(),
            "discounted_return": played.discounted_return.ravel(),
            "initial_value": np.where(np.isfinite(value), value, np.nan).ravel(),
            "tail_value": np.where(np.isfinite(tail), tail, np.nan).ravel(),
        }
    )


if __name__ == "__main__":
    job.run(main)
