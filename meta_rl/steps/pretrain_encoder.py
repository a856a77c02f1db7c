"""Train what a method needs on each run's train contexts, before its agent trains."""

from pathlib import Path
from typing import Any

import numpy as np

from meta_rl import job
from meta_rl.methods import trajectory_frames
from meta_rl.study import budgets, provenance
from meta_rl.tables import context_frames, io
from meta_rl.tables import contexts as contexts_table
from meta_rl.tables.trajectories import TABLE
from meta_rl.training import policy
from meta_rl.training.block import encoders
from meta_rl.training.setup import Setup


def main(trajectories: Path, contexts: Path, spec: dict[str, Any], encoder: Path) -> str:
    setup = Setup(spec)
    seeds, _, values = context_frames.of_seeds(io.read(contexts, contexts_table.TABLE), setup.names)
    rewarded = setup.environment.spaces.rewarded
    told = trajectory_frames.tensors(io.read(trajectories, TABLE), str(trajectories), rewarded)
    paid = budgets.pretraining(spec["method"], spec["method_settings"], values.shape[1])
    record = provenance.record("pretrain_encoder", spec)
    weights, figures = encoders(spec, seeds, values, told, paid, record)
    policy.save(encoder, weights)
    said = ", ".join(f"{name} {np.mean(value):.4f}" for name, value in figures.items())
    return f"{spec['benchmark']} {spec['variant']}: {len(seeds)} encoders for {paid} env_steps each, {said}"


if __name__ == "__main__":
    job.run(main)
