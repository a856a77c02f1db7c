"""Train a block of seeds as one stack, each on its own train contexts."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from meta_rl import context_frames, job, provenance, registry
from meta_rl.policy import load, save, task
from meta_rl.streams import Streams
from meta_rl.tables import contexts as contexts_table
from meta_rl.tables import io
from meta_rl.tables import learning as learning_table
from meta_rl.training import start


def main(contexts: Path, encoder: Path | None, spec: dict[str, Any], policy: Path, learning: Path) -> str:
    """What pretraining cost is part of a run's budget: `env_steps` counts both."""
    frame = io.read(contexts, contexts_table.TABLE)
    seeds, _, values = context_frames.of_seeds(frame, tuple(spec["features"]))
    if registry.entry("method", spec["method"]).train_on == "default":
        values = np.tile(task(spec).contexts.defaults, (len(seeds), 1, 1))
    pretrained = load(encoder) if encoder is not None else None
    paid = max(pretrained.env_steps) if pretrained else 0
    steps = spec["env_steps"] - paid
    streams = Streams([f"run {seed}" for seed in seeds])
    training = start(
        spec | {"env_steps": steps}, values, streams, pretrained
    )  # schedules run over the agent's own
    label = f"{spec['benchmark']} {spec['agent']} {spec['method']} seeds {seeds[0]}-{seeds[-1]}"
    points = training.run(steps, label)

    record = provenance.record("train", spec)
    left = training.weights(spec, record, paid)
    save(policy, left)
    io.write(_curves(points, spec, seeds, paid), learning_table.TABLE, learning, record)
    return f"{label}: {len(seeds)} runs of {max(left.env_steps)} env_steps, {paid} of them before the agent's first"


def _curves(points: list[dict[str, Any]], spec: dict[str, Any], seeds: np.ndarray, paid: int) -> pd.DataFrame:
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
    return pd.concat(frames).sort_values(list(learning_table.TABLE.key), ignore_index=True)


if __name__ == "__main__":
    job.run(main)
