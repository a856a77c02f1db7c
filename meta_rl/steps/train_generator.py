"""Train the agents that collect trajectories for pretraining, each on its run's train contexts, without context.

They are agents of the study with the method `none`, trained for a part of the run's budget.
"""

from pathlib import Path
from typing import Any

from meta_rl import job
from meta_rl.study import provenance
from meta_rl.tables import context_frames, io
from meta_rl.tables import contexts as contexts_table
from meta_rl.training.block import finish, generator_streams, start
from meta_rl.training.policy import save
from meta_rl.training.setup import Setup


def main(contexts: Path, spec: dict[str, Any], checkpoint: Path, generator: Path) -> str:
    """`checkpoint` is where a training that is cut leaves off."""
    frame = io.read(contexts, contexts_table.TABLE)
    seeds, _, values = context_frames.of_seeds(frame, Setup(spec).names)
    training = start(spec, values, generator_streams(spec, seeds))
    label = f"{spec['benchmark']} {spec['agent']} generators of seeds {seeds[0]}-{seeds[-1]}"
    record = provenance.record("train_generator", spec)
    runs, _ = finish(training, spec, label, record, checkpoint)
    save(generator, runs)
    return f"{label}: {len(seeds)} runs of {spec['env_steps']} env_steps"


if __name__ == "__main__":
    job.run(main)
