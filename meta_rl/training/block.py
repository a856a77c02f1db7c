"""Trainings of a block of seeds, from their specs: what a study's steps do, and a tuning with every candidate."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from meta_rl.methods.base import Source, Trajectories
from meta_rl.streams import Streams, run_key
from meta_rl.tables.columns import run_of
from meta_rl.tables.learning import TABLE
from meta_rl.training import curves
from meta_rl.training.curves import Point
from meta_rl.training.isolation import isolate
from meta_rl.training.loop import Training
from meta_rl.training.policy import Weights, join, restore, tensors
from meta_rl.training.setup import Setup

Spec = dict[str, Any]


def start(spec: Spec, contexts: np.ndarray, streams: Streams, encoder: Weights | None = None) -> Training:
    """The training that a spec describes, in contexts [S, C, F]; with the `encoder` of a pretrained method."""
    setup = Setup(spec)
    agent = setup.agent(streams)
    if encoder:
        restore(agent.method, encoder.last, encoder.path)
    rows = (len(streams.keys), agent.n_envs)
    probed = setup.environments(rows) if agent.method.probe_steps else None
    return Training(agent, setup.environments(rows), setup.entry, contexts, streams, probed)


def finish(
    training: Training, spec: Spec, label: str, record: Spec, checkpoint: Path | None = None, paid: int = 0
) -> tuple[Weights, list[Point]]:
    """What a training leaves after the spec's env_steps, of which `paid` came before its first, and its curves.

    With a `checkpoint` it goes on from that file, which stays.
    """
    with training.checkpoint(checkpoint, record) if checkpoint else nullcontext() as kept:
        points = training.run(spec["env_steps"] - paid, label, kept, spec["snapshots"])
    return training.weights(spec, record, paid), points


def train(
    spec: Spec,
    seeds: np.ndarray,
    contexts: np.ndarray,
    encoder: Weights | None,
    record: Spec,
    checkpoint: Path | None = None,
) -> tuple[Weights, pd.DataFrame]:
    """The runs of a block and rows of the table `learning`; runs that fail are left out and named.

    `env_steps` counts what an `encoder` cost. Checkpoints are as in `finish`.
    """
    setup = Setup(spec)
    if setup.entry.train_on == "default":
        contexts = np.tile(setup.task.contexts.defaults, (len(seeds), 1, 1))
    keys = run_keys(spec, seeds)
    paid = max(encoder.env_steps) if encoder else 0
    own = spec | {"env_steps": spec["env_steps"] - paid}  # schedules run over what is left for the agent
    label = label_of(spec, seeds)

    def some_of(some: list[int]) -> tuple[Weights, pd.DataFrame]:
        streams = Streams([keys[index] for index in some])
        training = start(own, contexts[some], streams, encoder and encoder.select(*some))
        path = checkpoint
        if checkpoint and len(some) < len(seeds):
            path = checkpoint.with_suffix(f".{some[0]}.pt")
        weights, points = finish(training, spec, label, record, path, paid)
        return weights, curves.rows(points, run_of(spec), seeds[some], paid)

    parts, failed = isolate(some_of, len(seeds), label)
    failures = {keys[index]: reason for index, reason in failed.items()}
    learning = pd.concat([frame for _, (_, frame) in parts]).sort_values(list(TABLE.key))
    return join([weights for _, (weights, _) in parts], failures), learning


def encoders(
    spec: Spec, seeds: np.ndarray, contexts: np.ndarray, told: Trajectories, paid: int, record: Spec
) -> tuple[Weights, dict[str, Any]]:
    """The pretrained encoders of a block, whose trajectories and probes cost `paid` env_steps each, and figures [S]."""
    setup, streams = Setup(spec), Streams(run_keys(spec, seeds))
    method = setup.method(streams)
    figures = method.pretrain(Source(told, contexts, setup.environments), streams)
    trained = {name: value.unsqueeze(1) for name, value in tensors(method).items()}
    return Weights(spec, streams.keys, (paid,) * len(seeds), trained, record), figures


def run_keys(spec: Spec, seeds: np.ndarray) -> list[str]:
    """The streams' keys of runs."""
    return [run_key(spec["benchmark"], seed) for seed in seeds]


def generator_streams(spec: Spec, seeds: np.ndarray) -> Streams:
    """Those of the agents that collect trajectories for runs."""
    return Streams([f"{spec['benchmark']} generator {seed}" for seed in seeds])


def label_of(spec: Spec, seeds: np.ndarray) -> str:
    """The name of a block in its log."""
    return " ".join([*run_of(spec).values(), f"seeds {seeds[0]}-{seeds[-1]}"])
