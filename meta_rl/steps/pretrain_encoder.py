"""Train what a method needs on each run's train contexts, before its agent trains."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from meta_rl import budgets, context_frames, job, policy, provenance, trajectory_frames
from meta_rl.methods.base import Source
from meta_rl.streams import Streams
from meta_rl.tables import contexts as contexts_table
from meta_rl.tables import io
from meta_rl.tables.trajectories import TABLE


def main(trajectories: Path, contexts: Path, spec: dict[str, Any], encoder: Path) -> str:
    names = tuple(spec["features"])
    seeds, _, values = context_frames.of_seeds(io.read(contexts, contexts_table.TABLE), names)
    streams = Streams([f"run {seed}" for seed in seeds])
    method = policy.build_method(spec, streams)
    rewarded = policy.task(spec).spaces.rewarded
    told = trajectory_frames.tensors(io.read(trajectories, TABLE), trajectories, rewarded)
    figures = method.pretrain(Source(told, values, partial(policy.environments, spec)), streams)
    env_steps = (budgets.pretraining(spec["method"], spec["method_settings"], values.shape[1]),) * len(seeds)
    record = provenance.record("pretrain_encoder", spec)
    policy.save(encoder, policy.Weights(spec, streams.keys, env_steps, policy.tensors(method), record))
    said = ", ".join(f"{name} {np.mean(value):.4f}" for name, value in figures.items())
    return f"{spec['benchmark']} {spec['method']}: {len(seeds)} encoders for {env_steps[0]} env_steps each, {said}"


if __name__ == "__main__":
    job.run(main)
