"""Which episodes are played where, so that all policies meet the same contexts and initial states."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from meta_rl import registry
from meta_rl.agents.base import Agent
from meta_rl.envs.base import Environments
from meta_rl.registry import Entry
from meta_rl.rollout import Episodes, Rollout, play
from meta_rl.streams import Streams

Build = Callable[[tuple[int, int]], Environments]


class Cases(NamedTuple):
    """R episodes to play for each of S policies: what, where and from which start."""

    split: str
    context_id: np.ndarray  # int64 [S, R]
    episode: np.ndarray  # int64 [S, R]
    contexts: np.ndarray  # float64 [S, R, F]
    noise: np.ndarray  # float64 [S, R, U]

    def chunks(self, size: int) -> Iterator["Cases"]:
        """At most `size` cases per policy at a time."""
        for start in range(0, self.context_id.shape[1], size):
            part = slice(start, start + size)
            arrays = (array[:, part] for array in self[1:])
            yield Cases(self.split, *arrays)

    def repeat(self, policies: int) -> "Cases":
        """The cases of one policy for each of several."""
        return Cases(self.split, *(np.repeat(array, policies, axis=0) for array in self[1:]))


def cases(
    benchmark: str, split: str, ids: np.ndarray, contexts: np.ndarray, episodes: np.ndarray, noise: int
) -> Cases:
    """Episodes of the numbers [E] in each context: ids [S, C], contexts [S, C, F] -> C * E cases per policy.

    Initial states are common random numbers: they depend on benchmark, split, context and episode alone.
    """
    count = len(episodes)
    keys = [f"{benchmark}/{split}/{number}" for number in ids.ravel()]
    drawn = Streams(keys).uniform("initial", int(episodes.max()) + 1, noise)[:, episodes]
    return Cases(
        split,
        np.repeat(ids, count, axis=1),
        np.tile(episodes, ids.shape),
        np.repeat(contexts, count, axis=1),
        drawn.reshape(len(ids), -1, noise),
    )


def play_agent(agent: Agent, entry: Entry, build: Build, chunk: Cases) -> Episodes:
    """A frozen agent's greedy episodes; `entry` tells what its method may see, `build` makes environments."""
    environments = build(chunk.context_id.shape)
    rollout = Rollout(environments, entry.needs, agent.method.window, agent.encode, agent.embed)

    def act(inputs: Tensor) -> Tensor:
        return agent.act(inputs, explore=False)

    return play(rollout, act, chunk.contexts, chunk.noise, agent.gamma)


def play_controller(
    name: str, benchmark: str, build: Build, chunk: Cases, believed: dict[str, float] | None = None
) -> Episodes:
    """The episodes of a registered controller, one policy: [1, R].

    It is told the context that it is in, or the one that it is to believe in, {feature: value}.
    """
    rollout = Rollout(build(chunk.context_id.shape))
    controller, width = registry.load("controller", name).build(), rollout.environments.spaces.chance
    keys = zip(chunk.context_id.ravel(), chunk.episode.ravel(), strict=True)
    streams = Streams([f"{benchmark}/{chunk.split}/{context}/{episode}" for context, episode in keys])

    def act(inputs: Tensor) -> Tensor:
        chance = streams.uniform(f"controller/{name}", width).reshape(*chunk.context_id.shape, width)
        seen = rollout.environments if believed is None else rollout.environments.believing(believed)
        return torch.from_numpy(controller(seen, chance))

    return play(rollout, act, chunk.contexts, chunk.noise, gamma=1.0)
