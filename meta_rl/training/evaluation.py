"""Greedy episodes of runs in their train contexts and all held-out ones, as rows of tables."""

from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from torch import Tensor

from meta_rl import job
from meta_rl.contexts import TRAIN
from meta_rl.stack.play import Episodes
from meta_rl.tables import context_frames
from meta_rl.tables import encodings as encodings_table
from meta_rl.tables.columns import PROBED, REGIMES, run_of
from meta_rl.training.block import label_of, run_keys
from meta_rl.training.episodes import Cases, cases, play_agent
from meta_rl.training.information import regimes_of
from meta_rl.training.isolation import isolate
from meta_rl.training.policy import LAST, Weights, finite, snapshot_parts

_RUN_AND_CONTEXT = ["benchmark", "agent", "method", "seed", "information", "split", "context_id"]
Sets = dict[str, tuple[np.ndarray, np.ndarray]]  # ids [S, C] and contexts [S, C, F] per split


class Evaluated(NamedTuple):
    """Rows of the tables, and by seed why runs failed and what the others spent."""

    evaluation: pd.DataFrame
    encodings: pd.DataFrame
    failures: dict[str, str]
    env_steps: dict[str, int]


def evaluate(
    weights: Weights, train: pd.DataFrame, held_out: pd.DataFrame, spec: dict[str, Any]
) -> Evaluated:
    """The runs of a policy file in the `contexts` tables of their block and of the held-out ones."""
    seeds, sets = sets_of(train, held_out, weights.setup.names)
    label = label_of(spec, seeds)
    number = {key: index for index, key in enumerate(run_keys(spec, seeds))}
    failures = {str(seeds[number[key]]): f"training, {reason}" for key, reason in weights.failures.items()}
    trained = [number[key] for key in weights.keys]

    def play(some: list[int]) -> tuple[pd.DataFrame, pd.DataFrame]:
        rows = [trained[index] for index in some]
        return _play(weights.select(*some), seeds[rows], select(sets, rows), spec, label)

    parts, failed = isolate(play, len(trained), label)
    failures |= {str(seeds[trained[index]]): f"evaluation, {reason}" for index, reason in failed.items()}
    spent = {
        str(seeds[number[key]]): steps for key, steps in zip(weights.keys, weights.env_steps, strict=True)
    }
    played, codes = (
        pd.concat(frames, ignore_index=True) for frames in zip(*(part for _, part in parts), strict=True)
    )
    return Evaluated(played, codes, failures, spent)


def sets_of(train: pd.DataFrame, held_out: pd.DataFrame, names: tuple[str, ...]) -> tuple[np.ndarray, Sets]:
    """Seeds [S], and the contexts of each: its own ones of `train`, and those that all share."""
    seeds, *own = context_frames.of_seeds(train, names)
    sets = {TRAIN: (own[0], own[1])}
    for split, (ids, values) in context_frames.of_splits(held_out, names).items():
        sets[split] = np.repeat(ids[None], len(seeds), axis=0), np.repeat(values[None], len(seeds), axis=0)
    return seeds, sets


def select(sets: Sets, rows: list[int]) -> Sets:
    """Those of some of the seeds."""
    return {split: (ids[rows], values[rows]) for split, (ids, values) in sets.items()}


def _play(
    weights: Weights, seeds: np.ndarray, sets: Sets, spec: dict[str, Any], label: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables of some seeds."""
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
            key = who(spec, seeds, chunk, information, count)
            value = runs.agent.value(played.first).numpy()
            rows.append(key.assign(**results(played, value, sound & np.isfinite(value))))
            if entry.infers and information in REGIMES:
                codes.append(_encodings(key, played.encoding))
            progress.update(done := done + chunk.context_id.size)
    if not entry.infers:  # what it does not look at makes no difference to it
        rows += [part.assign(information=PROBED) for part in rows]
    return pd.concat(rows, ignore_index=True), _mean_over_episodes(codes)


def results(played: Episodes, value: np.ndarray, sound: np.ndarray) -> dict[str, np.ndarray]:
    """The other columns, of episodes [P, R] with the policies' own values there, and whether each is `sound`."""
    initial = value.astype(np.float64)
    return {
        "episode_return": played.episode_return.ravel(),
        "episode_length": played.episode_length.ravel(),
        "discounted_return": played.discounted_return.ravel(),
        "initial_value": np.where(np.isfinite(initial), initial, np.nan).ravel(),
        "status": np.where(sound, "ok", "diverged").ravel(),
    }


def who(
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


def no_encodings() -> pd.DataFrame:
    """Of what infers nothing."""
    return pd.DataFrame(columns=[column.name for column in encodings_table.TABLE.columns])


def _mean_over_episodes(codes: list[pd.DataFrame]) -> pd.DataFrame:
    if not codes:
        return no_encodings()
    frame = pd.concat(codes, ignore_index=True)
    means = frame.groupby([*_RUN_AND_CONTEXT, "dimension"], sort=True)["value"].mean().reset_index()
    return means.assign(value=means["value"].where(np.isfinite(means["value"])))
