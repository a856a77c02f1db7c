"""Train a block of seeds as one stack, each on its own train contexts."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from meta_rl import context_frames, job, provenance, registry
from meta_rl.checkpoints import Checkpoint
from meta_rl.isolation import isolate
from meta_rl.policy import Weights, join, load, save, task
from meta_rl.streams import Streams
from meta_rl.tables import contexts as contexts_table
from meta_rl.tables import io
from meta_rl.tables import learning as learning_table
from meta_rl.training import Point, start


def main(
    contexts: Path,
    encoder: Path | None,
    spec: dict[str, Any],
    checkpoint: Path,
    policy: Path,
    learning: Path,
) -> str:
    """What pretraining cost is part of a run's budget: `env_steps` counts both.

    `checkpoint` is where a training that is cut leaves off. The policy file names the seeds that failed, and why.
    """
    frame = io.read(contexts, contexts_table.TABLE)
    seeds, _, values = context_frames.of_seeds(frame, tuple(spec["features"]))
    if registry.entry("method", spec["method"]).train_on == "default":
        values = np.tile(task(spec).contexts.defaults, (len(seeds), 1, 1))
    keys = [f"run {seed}" for seed in seeds]
    pretrained = load(encoder) if encoder is not None else None
    paid = max(pretrained.env_steps) if pretrained else 0
    steps = spec["env_steps"] - paid
    own = spec | {"env_steps": steps}  # what is left for the agent; its schedules run over that
    label = f"{spec['benchmark']} {spec['agent']} {spec['method']} seeds {seeds[0]}-{seeds[-1]}"
    record = provenance.record("train", spec)
    with ExitStack() as kept:

        def train(some: list[int]) -> tuple[Weights, pd.DataFrame]:
            streams = Streams([keys[index] for index in some])
            training = start(own, values[some], streams, pretrained and pretrained.select(*some))
            path = checkpoint if len(some) == len(seeds) else checkpoint.with_suffix(f".{some[0]}.pt")
            points = training.run(steps, label, kept.enter_context(Checkpoint(path, record, training)))
            return training.weights(spec, record, paid), _curves(points, spec, seeds[some], paid)

        parts, failed = isolate(train, len(seeds), label)
        failures = {keys[index]: reason for index, reason in failed.items()}
        trained = join([weights for _, (weights, _) in parts], failures)
        save(policy, trained)
        curves = pd.concat([curves for _, (_, curves) in parts])
        io.write(curves.sort_values(list(learning_table.TABLE.key)), learning_table.TABLE, learning, record)
    spent = f"{max(trained.env_steps)} env_steps, {paid} of them before the agent's first"
    return f"{label}: {len(trained.keys)} runs of {spent}"


def _curves(points: list[Point], spec: dict[str, Any], seeds: np.ndarray, paid: int) -> pd.DataFrame:
    """Rows of the table; a figure without a value is left out, one that is not finite is a divergence."""
    frames = [
        pd.DataFrame(
            {
                "benchmark": spec["benchmark"],
                "agent": spec["agent"],
                "method": spec["method"],
                "seed": seeds,
                "env_steps": point["env_steps"] + paid,
                "metric": name,
                "value": np.where(np.isfinite(value), value, np.nan),
                "status": np.where(np.isfinite(value), "ok", "diverged"),
            }
        )[counts > 0]
        for point in points
        for name, (value, counts) in point["figures"].items()
    ]
    return pd.concat(frames)


if __name__ == "__main__":
    job.run(main)
