"""Play the greedy episodes of a block of trained, frozen policies in its train and all held-out contexts."""

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from torch import Tensor

from meta_rl import job
from meta_rl.contexts import TRAIN
from meta_rl.stack.play import Episodes
from meta_rl.study import provenance
from meta_rl.tables import context_frames, io
from meta_rl.tables import contexts as contexts_table
from meta_rl.tables import encodings as encodings_table
from meta_rl.tables import evaluation as evaluation_table
from meta_rl.tables.columns import PROBED, REGIMES, run_of
from meta_rl.training.block import label_of, run_keys
from meta_rl.training.episodes import Cases, cases, play_agent
from meta_rl.training.information import regimes_of
from meta_rl.training.isolation import isolate
from meta_rl.training.policy import LAST, Weights, finite, load, snapshot_parts

_RUN_AND_CONTEXT = ["benchmark", "agent", "method", "seed", "information", "split", "context_id"]


def main(
    policy: Path,
    held_out: Path,
    train_contexts: Path,
    spec: dict[str, Any],
    evaluation: Path,
    encodings: Path,
) -> str:
    """The record of the tables says what each seed spent, which ones failed, here or in training, and why."""
    weights = load(policy)
    names = weights.setup.names
    seeds, *own = context_frames.of_seeds(io.read(train_contexts, contexts_table.TABLE), names)
    shared = context_frames.of_splits(io.read(held_out, contexts_table.TABLE), names)
    label = label_of(spec, seeds)
    number = {key: index for index, key in enumerate(run_keys(spec, seeds))}
    failures = {str(seeds[number[key]]): f"training, {reason}" for key, reason in weights.failures.items()}
    trained = [number[key] for key in weights.keys]

    def play(some: list[int]) -> tuple[pd.DataFrame, pd.DataFrame]:
        rows = [trained[index] for index in some]
        sets = {TRAIN: tuple(array[rows] for array in own)}
        for split, arrays in shared.items():
            sets[split] = tuple(np.repeat(array[None], len(rows), axis=0) for array in arrays)
        return _play(weights.select(*some), seeds[rows], sets, spec, label)

    parts, failed = isolate(play, len(trained), label)
    failures |= {str(seeds[trained[index]]): f"evaluation, {reason}" for index, reason in failed.items()}
    spent = {
        str(seeds[number[key]]): steps for key, steps in zip(weights.keys, weights.env_steps, strict=True)
    }
    record = provenance.record("evaluate", spec) | {"failures": failures, "env_steps": spent}
    played, codes = (
        pd.concat(frames, ignore_index=True) for frames in zip(*(part for _, part in parts), strict=True)
    )
    io.write(played, evaluation_table.TABLE, evaluation, record)
    io.write(codes, encodings_table.TABLE, encodings, record)
    return f"{label}: {len(played)} episodes"


def _play(
    weights: Weights,
    seeds: np.ndarray,
    sets: dict[str, tuple[np.ndarray, ...]],
    spec: dict[str, Any],
    label: str,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables of some seeds; `sets` are ids [S, C] and contexts [S, C, F] per split."""
    everyone, last = weights.every_snapshot(), weights.runs()
    environment, entry = last.setup.environment, last.setup.entry
    noise, episodes = environment.noise, np.arange(spec["episodes"])
    whole = [
        cases(spec["benchmark"], split, ids, values, episodes, noise) for split, (ids, values) in sets.items()
    ]
    regimes = regimes_of(entry, last.agent.method, spec["observed"])
    episodes_of_all = len(regimes) * sum(one.context_id.size for one in whole)
    progress, done = job.Progress(label, episodes_of_all, "episodes"), 0
    rows, codes = [], []
    for one, information in product(whole, regimes):
        # Where there is a ranking every snapshot plays a part of the episodes, elsewhere the last one plays all.
        runs, count = (everyone, weights.snapshots) if information in REGIMES else (last, 1)
        sound = np.repeat(finite(weights), count)[:, None]
        for chunk in one.by_snapshot(count).chunks(max(1, environment.chunk // count)):
            played = play_agent(runs, chunk, information)
            who = _who(spec, seeds, chunk, information, count)
            rows.append(who.assign(**_results(played, runs.agent.value(played.first), sound)))
            if entry.infers and information in REGIMES:
                codes.append(_encodings(who, played.encoding))
            progress.update(done := done + chunk.context_id.size)
    if not entry.infers:  # what it does not look at makes no difference to it
        rows += [part.assign(information=PROBED) for part in rows]
    return pd.concat(rows, ignore_index=True), _mean_over_episodes(codes)


def _results(played: Episodes, value: Tensor, sound: np.ndarray) -> dict[str, np.ndarray]:
    """The other columns, of episodes [P, R] whose policies hold finite weights or not: `sound` [P, 1]."""
    initial = value.numpy().astype(np.float64)
    finite_value = np.isfinite(initial)
    return {
        "episode_return": played.episode_return.ravel(),
        "episode_length": played.episode_length.ravel(),
        "discounted_return": played.discounted_return.ravel(),
        "initial_value": np.where(finite_value, initial, np.nan).ravel(),
        "status": np.where(sound & finite_value, "ok", "diverged").ravel(),
    }


def _who(
    spec: dict[str, Any], seeds: np.ndarray, chunk: Cases, information: str, snapshots: int
) -> pd.DataFrame:
    """The key columns and the snapshot, one row per episode of [S M, R]."""
    episodes = chunk.context_id.shape[1]
    return pd.DataFrame(
        {
            **run_of(spec),
            "seed": np.repeat(seeds, snapshots * episodes),
            "information": information,
            "split": chunk.split,
            "context_id": chunk.context_id.ravel(),
            "episode": chunk.episode.ravel(),
            "snapshot": np.repeat(np.tile(snapshot_parts(snapshots), len(seeds)), episodes),
        }
    )


def _encodings(who: pd.DataFrame, z: Tensor) -> pd.DataFrame:
    """z [S M, R, Z] at the end of the last snapshots' episodes, one row per episode and dimension."""
    size = z.shape[-1]
    rows = who.loc[who.index.repeat(size)]
    rows = rows.assign(
        dimension=np.tile(np.arange(size), len(who)), value=z.numpy().ravel().astype(np.float64)
    )
    return rows[rows["snapshot"] == LAST]


def _mean_over_episodes(codes: list[pd.DataFrame]) -> pd.DataFrame:
    if not codes:
        columns = [column.name for column in encodings_table.TABLE.columns]
        return pd.DataFrame(columns=columns)
    frame = pd.concat(codes, ignore_index=True)
    means = frame.groupby([*_RUN_AND_CONTEXT, "dimension"], sort=True)["value"].mean().reset_index()
    return means.assign(value=means["value"].where(np.isfinite(means["value"])))


if __name__ == "__main__":
    job.run(main)
