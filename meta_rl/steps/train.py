"""Train a block of seeds as one stack, each on its own train contexts."""

from pathlib import Path
from typing import Any

from meta_rl import job
from meta_rl.study import provenance
from meta_rl.tables import context_frames, io
from meta_rl.tables import contexts as contexts_table
from meta_rl.tables import learning as learning_table
from meta_rl.training import block
from meta_rl.training.policy import load, save
from meta_rl.training.setup import Setup


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
    seeds, _, values = context_frames.of_seeds(frame, Setup(spec).names)
    pretrained = load(encoder) if encoder is not None else None
    record = provenance.record("train", spec)
    runs, curves = block.train(spec, seeds, values, pretrained, record, checkpoint)
    save(policy, runs)
    io.write(curves, learning_table.TABLE, learning, record)
    before = max(pretrained.env_steps) if pretrained else 0
    spent = f"{max(runs.env_steps)} env_steps, {before} of them before the agent's first"
    return f"{block.label_of(spec, seeds)}: {len(runs.keys)} runs of {spent}"


if __name__ == "__main__":
    job.run(main)
