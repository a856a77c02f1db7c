"""Environments of the Gymnasium side, made by name, and episodes of them."""

from typing import Any

import gymnasium
import numpy as np

import meta_rl.gym  # noqa: F401
from meta_rl import registry
from meta_rl.benchmarks.published import BENCHMARKS

ENVIRONMENTS = {**{name: name for name in registry.ENVS}, **{k: v.environment for k, v in BENCHMARKS.items()}}
IDS = [name for name in ENVIRONMENTS if "metaworld" not in ENVIRONMENTS[name]]
SLOW = [name for name in ENVIRONMENTS if name not in IDS][:1]  # they are alike, and take seconds each
# One for each environment: benchmarks are environments with other contexts.
ONE_EACH = [*(name for name in registry.ENVS if name in IDS), *SLOW]

CONTEXT = {"length": 0.8, "tau": 0.03}


def make(name: str = "cartpole", **settings: Any) -> Any:
    return gymnasium.make(f"meta_rl/{name}-v0", **settings)


def make_vec(name: str, num_envs: int, **settings: Any) -> Any:
    return gymnasium.make_vec(f"meta_rl/{name}-v0", num_envs, "vector_entry_point", **settings)


def play(environment: Any, seed: int | None = None) -> dict[str, Any]:
    """One episode of the least action; the info that it began with."""
    _, info = environment.reset(seed=seed)
    space = environment.action_space
    action, ended = space.low if isinstance(space, gymnasium.spaces.Box) else np.int64(0), False
    while not ended:
        ended = any(environment.step(action)[2:4])
    return info


def ids(environment: Any, episodes: int, seed: int | None = None) -> list[int]:
    """Of the contexts of so many episodes, the first of which has the seed."""
    return [play(environment, None if number else seed)["context_id"] for number in range(episodes)]
