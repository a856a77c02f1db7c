"""Which episodes are played where, so that all policies meet the same contexts and initial states."""

import itertools
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from meta_rl import registry
from meta_rl.contexts import another
from meta_rl.spaces import Environments
from meta_rl.stack.play import Episodes, play
from meta_rl.stack.rollout import Rollout
from meta_rl.stack.seen import Seen, Transition
from meta_rl.streams import KEYS, Streams, place_keys, starts
from meta_rl.training.information import COLD, Prober, regime
from meta_rl.training.policy import Runs

Build = Callable[[tuple[int, int]], Environments]


class Cases(NamedTuple):
    """R episodes to play for each of S policies: what, where and from which start."""

    split: str
    context_id: np.ndarray  # int64 [S, R]
    episode: np.ndarray  # int64 [S, R]
    contexts: np.ndarray  # float64 [S, R, F]
    wrong: np.ndarray  # float64 [S, R, F]: others of the same set
    noise: np.ndarray  # float64 [S, R, U]
    key: np.ndarray  # int64 [S, R]: with the run's own, what random windows are drawn by

    def chunks(self, size: int) -> Iterator["Cases"]:
        """At most `size` cases per policy at a time."""
        for start in range(0, self.context_id.shape[1], size):
            part = slice(start, start + size)
            arrays = (array[:, part] for array in self[1:])
            yield Cases(self.split, *arrays)

    def by_snapshot(self, count: int) -> "Cases":
        """The cases [S M, R / M] of M = `count` snapshots of each policy, which follow each other.

        Episode e is played by number e mod M; a context's number of episodes is a multiple of M.
        """
        rows = np.stack([np.flatnonzero(self.episode[0] % count == number) for number in range(count)])
        return Cases(self.split, *(np.concatenate(array[:, rows]) for array in self[1:]))

    def select(self, rows: list[int]) -> "Cases":
        """The cases of some of the policies."""
        return Cases(self.split, *(array[rows] for array in self[1:]))

    def repeat(self, policies: int) -> "Cases":
        """The cases of one policy, or of its snapshots, for each of several."""
        return Cases(self.split, *(np.concatenate([array] * policies) for array in self[1:]))


def cases(
    benchmark: str, split: str, ids: np.ndarray, contexts: np.ndarray, episodes: np.ndarray, noise: int
) -> Cases:
    """Episodes of the numbers [E] in each context: ids [S, C], contexts [S, C, F] -> C * E cases per policy.

    Initial states are common random numbers: they depend on benchmark, split, context and episode alone. So do
    keys, and wrong contexts, which depend on how many there are to choose from, too.
    """
    count = len(episodes)
    streams = Streams(place_keys(benchmark, split, ids.ravel()))
    drawn = starts(benchmark, split, ids.ravel(), int(episodes.max()) + 1, noise)[:, episodes]
    turned = streams.uniform("wrong", int(episodes.max()) + 1)[:, episodes].reshape(*ids.shape, count)
    keys = streams.integers("window", KEYS, int(episodes.max()) + 1)[:, episodes]
    place = another(np.arange(ids.shape[1])[:, None], turned, ids.shape[1])
    return Cases(
        split,
        np.repeat(ids, count, axis=1),
        np.tile(episodes, ids.shape),
        np.repeat(contexts, count, axis=1),
        contexts[np.arange(len(ids))[:, None], place.reshape(len(ids), -1)],
        drawn.reshape(len(ids), -1, noise),
        keys.reshape(len(ids), -1),
    )


def play_agent(
    runs: Runs,
    chunk: Cases,
    information: str = COLD,
    at_end: Callable[[Seen], Tensor] | None = None,
    watch: Callable[[Transition, np.ndarray], None] | None = None,
) -> Episodes:
    """Greedy episodes of frozen agents; `information` says what their windows hold at first (see `information`).

    A method's own probe draws its actions. `at_end` is what to keep of each episode's end, in place of z; `watch` is as
    in `play`.
    """
    setup, agent = runs
    environments, method = setup.reused(chunk.context_id.shape), agent.method
    needs, own = setup.entry.needs, method.probe_steps
    probed, fills = regime(information)
    cold = information == COLD
    chance = _chance(setup.spec["benchmark"], chunk, own, environments.spaces.chance) if own else None
    if own:  # what its probe has shown is all that it is told
        fills = own if cold else 0
    rollout = agent.rollout(environments, needs, fills)
    keys = None
    if method.window:  # a run's own, and an episode's, as both are to be independent of others
        keys = chunk.key ^ Streams(agent.streams.keys).integers("evaluated window", KEYS, 1)
    known = (
        Prober(environments, agent, needs)(
            chunk.contexts, chunk.noise, probed, chunk.wrong, keys, chance
        ).seen
        if probed
        else None
    )
    time = itertools.count()

    def act(seen: Seen) -> Tensor:
        if chance is not None and cold and (now := next(time)) < own:
            return method.probe(seen.observation, chance[:, :, now])
        return agent.act(seen, explore=False)

    kept = at_end or agent.encode
    return play(rollout, act, chunk.contexts, chunk.noise, agent.gamma, chunk.wrong, known, kept, keys, watch)


def _chance(benchmark: str, chunk: Cases, steps: int, width: int) -> np.ndarray:
    """Random numbers of probes, [S, R, steps, width]: common ones, as those of initial states are."""
    ids, place = np.unique(chunk.context_id, return_inverse=True)
    streams = Streams(place_keys(benchmark, chunk.split, ids))
    drawn = streams.uniform("probe", int(chunk.episode.max()) + 1, steps, width)
    return drawn[place.reshape(chunk.context_id.shape), chunk.episode]


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

    def act(seen: Seen) -> Tensor:
        chance = streams.uniform(f"controller/{name}", width).reshape(*chunk.context_id.shape, width)
        rows = rollout.environments if believed is None else rollout.environments.believing(believed)
        return torch.from_numpy(controller(rows, chance))

    return play(rollout, act, chunk.contexts, chunk.noise, gamma=1.0)
