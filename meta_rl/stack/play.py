"""Whole episodes, for evaluation."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from meta_rl.stack.rollout import Rollout
from meta_rl.stack.seen import Seen, Transition


class Episodes(NamedTuple):
    """One finished episode per row: each [S, N], what was seen at its start, and z [S, N, Z] at its end.

    `truncated` (bool): it was cut off at the horizon, and would have gone on.
    """

    episode_return: np.ndarray
    episode_length: np.ndarray
    discounted_return: np.ndarray
    truncated: np.ndarray
    first: Seen
    encoding: Tensor


def play(
    rollout: Rollout,
    act: Callable[[Seen], Tensor],
    contexts: np.ndarray,
    noise: np.ndarray,
    gamma: float,
    wrong: np.ndarray | None = None,
    known: Seen | None = None,
    encoding: Callable[[Seen], Tensor] = lambda seen: seen.observation[..., :0],
    keys: np.ndarray | None = None,
    watch: Callable[[Transition, np.ndarray], None] | None = None,
) -> Episodes:
    """One episode in every row, from a common reset; rows that ended idle until all have.

    `act` maps what is seen to actions, `encoding` to z; contexts are [S, N, F], noise [S, N, U]; the rest is as
    in `Rollout.reset`. `watch` is shown every step, and in which rows (bool [S, N]) it counts.
    """
    rows = rollout.environments.rows
    running = np.ones(rows, dtype=bool)
    rollout.reset(running, contexts, noise, wrong, known, keys)
    first = rollout.seen
    last = encoding(first).clone()
    total, discounted, length = np.zeros(rows), np.zeros(rows), np.zeros(rows, dtype=np.int64)
    cut = np.zeros(rows, dtype=bool)
    discount = 1.0
    while running.any():
        step = rollout.step(act(rollout.seen))
        if watch is not None:
            watch(step, running.copy())
        reward = np.where(running, step.reward.numpy(), 0.0)
        total += reward
        discounted += discount * reward
        discount *= gamma
        length += running
        ended = running & (step.terminated | step.truncated).numpy()
        if ended.any():
            chosen = torch.from_numpy(ended)
            last[chosen] = encoding(step.next_seen)[chosen]
            cut |= ended & ~step.terminated.numpy()
            running &= ~ended
    return Episodes(total, length, discounted, cut, first, last)
