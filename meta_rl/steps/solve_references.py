"""Train specialists: agents that meet one context only, somewhere in the train and extrapolation range."""

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from meta_rl import job
from meta_rl.streams import Streams
from meta_rl.study import provenance
from meta_rl.training.block import finish, start
from meta_rl.training.policy import save
from meta_rl.training.setup import Setup


def main(spec: dict[str, Any], checkpoint: Path, policy: Path) -> str:
    """All ride one stack: at `grid` points per factor, or at a sample of `points`, with `seeds` trainings at each.

    `checkpoint` is where a training that is cut leaves off.
    """
    space = Setup(spec).task.contexts
    places = space.points(spec["points"]) if "points" in spec else space.grid(spec["grid"])
    members = list(product(range(len(places)), range(spec["seeds"])))
    streams = Streams([f"{spec['benchmark']} specialist {point} run {seed}" for point, seed in members])
    contexts = np.stack([places[point] for point, _ in members])[:, None]
    training = start(spec, contexts, streams)
    label = f"{spec['benchmark']} {spec['agent']} specialists"
    record = provenance.record("solve_references", spec)
    runs, _ = finish(training, spec, label, record, checkpoint)
    save(policy, runs)
    return f"{label}: {len(members)} in {len(places)} contexts, {spec['env_steps']} env_steps each"


if __name__ == "__main__":
    job.run(main)
