"""Trajectories in the contexts of a block: what methods are pretrained on, and what their predictors are tested on."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import torch

from meta_rl.contexts import TRAIN
from meta_rl.controllers import random
from meta_rl.spaces import Environments
from meta_rl.stack.seen import Seen, one_hot
from meta_rl.streams import Streams, run_key
from meta_rl.training.policy import Weights
from meta_rl.training.setup import Setup

EXPLORATION = 0.2  # part of a generator's actions that are random

Act = Callable[[Environments, Streams], np.ndarray]
Sets = dict[str, tuple[np.ndarray, np.ndarray]]  # by split: ids [S, C] and contexts [S, C, F]


def collect(spec: dict[str, Any], seeds: np.ndarray, sets: Sets, generator: Weights | None) -> pd.DataFrame:
    """Rows of the table `trajectories`: `transitions` of the spec's method_settings in each context.

    The generator acts, a random action now and then; without one, every action is random.
    """
    setup = Setup(spec)
    act = _random if generator is None else _explorer(generator)
    vine = setup.entry.pretrain == "vine"
    steps = spec["method_settings"]["transitions"]
    frames = []
    for split, (ids, values) in sets.items():
        keys = [run_key(spec["benchmark"], seed) for seed in seeds]
        streams = Streams(keys if split == TRAIN else [f"{key} {split}" for key in keys])
        columns = _collect(setup.environments(ids.shape), values, steps, act, streams, vine)
        frames.append(
            pd.DataFrame(
                {
                    "benchmark": spec["benchmark"],
                    "source": "vine" if vine else "generator",
                    "seed": np.repeat(seeds, ids.shape[1] * steps),
                    "split": split,
                    "context_id": np.repeat(ids.ravel(), steps),
                    **{name: _cells(column) for name, column in columns.items()},
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def _collect(
    rows: Environments, contexts: np.ndarray, steps: int, act: Act, streams: Streams, vine: bool
) -> dict[str, np.ndarray]:
    """`steps` transitions in each of the contexts [S, C, F], as columns [S, C, steps, ...]; episodes restart.

    On a vine all rows of a seed take the first one's action from the same start, and before every step they are
    put into the state of one of them, in turns. Where a simulator cannot be put into a state (Box2D), they go their
    own ways from there until an episode ends.
    """
    shape = rows.rows
    ended = np.ones(shape, dtype=bool)
    episode, age = np.full(shape, -1), np.zeros(shape, dtype=np.int64)
    taken: dict[str, list[np.ndarray]] = {}
    for number in range(steps):
        noise = streams.uniform("generator/initial", shape[1], rows.noise)
        if vine:
            noise = np.repeat(noise[:, :1], shape[1], axis=1)
        if vine and rows.restores:
            leader = number % shape[1]
            ended = np.repeat(ended[:, leader : leader + 1], shape[1], axis=1)
            if not ended.all():
                rows.share(leader)
        if ended.any():
            rows.reset(ended, contexts, noise)
        episode, age = episode + ended, np.where(ended, 0, age)
        observation, action = rows.observation, act(rows, streams)
        if vine:
            action = np.repeat(action[:, :1], shape[1], axis=1)
        step = rows.step(action)
        fields = {
            "episode": episode,
            "t": age,
            "obs": observation,
            "action": one_hot(torch.from_numpy(action), rows.spaces.action).numpy(),
            "reward": step.reward,
            "next_obs": step.next_observation,
            "terminated": step.terminated,
            "truncated": step.truncated,
        }
        for name, value in fields.items():
            taken.setdefault(name, []).append(value)
        ended, age = step.terminated | step.truncated, age + 1
    return {name: np.stack(values, axis=2) for name, values in taken.items()}


def _random(rows: Environments, streams: Streams) -> np.ndarray:
    return random.act(rows, streams.uniform("generator/action", rows.rows[1], rows.spaces.chance))


def _explorer(generator: Weights) -> Act:
    """Its greedy policies, but for some of their actions."""
    agent = generator.runs().agent

    def act(rows: Environments, streams: Streams) -> np.ndarray:
        greedy = agent.act(Seen(torch.from_numpy(rows.observation)), explore=False).numpy()
        chance = streams.uniform("generator/explore", rows.rows[1]) < EXPLORATION
        return np.where(chance if greedy.ndim == 2 else chance[..., None], _random(rows, streams), greedy)

    return act


def _cells(column: np.ndarray) -> Any:
    """A column of the table: numbers, or a vector per row, from an array [S, C, steps] or [S, C, steps, D]."""
    return column.ravel() if column.ndim == 3 else list(column.reshape(-1, column.shape[-1]))
