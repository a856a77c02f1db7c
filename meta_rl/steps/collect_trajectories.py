"""Collect the trajectories that a method is pretrained on, or those of held-out contexts on which it is measured."""

from pathlib import Path
from typing import Any

import numpy as np

from meta_rl import job
from meta_rl.contexts import TRAIN
from meta_rl.study import provenance
from meta_rl.tables import context_frames, io
from meta_rl.tables import contexts as contexts_table
from meta_rl.tables.trajectories import TABLE
from meta_rl.training.policy import load
from meta_rl.training.setup import Setup
from meta_rl.training.trajectories import Sets, collect


def main(contexts: Path, generator: Path | None, spec: dict[str, Any], trajectories: Path) -> str:
    """The generator acts, a random action now and then; without one, every action is random."""
    names = Setup(spec).names
    frame = io.read(contexts, contexts_table.TABLE)
    sets: Sets
    if (frame["split"] == TRAIN).all():
        seeds, *own = context_frames.of_seeds(frame, names)
        sets = {TRAIN: (own[0], own[1])}
    else:
        seeds = np.arange(spec["seeds"][0], sum(spec["seeds"]))
        shared = context_frames.of_splits(frame, names)
        sets = {
            split: (np.tile(ids, (len(seeds), 1)), np.tile(values, (len(seeds), 1, 1)))
            for split, (ids, values) in shared.items()
        }
    result = collect(spec, seeds, sets, load(generator) if generator else None)
    io.write(result, TABLE, trajectories, provenance.record("collect_trajectories", spec))
    return f"{spec['benchmark']} {spec['variant']}: {len(result)} transitions"


if __name__ == "__main__":
    job.run(main)
