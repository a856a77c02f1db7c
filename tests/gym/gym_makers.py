"""Environments of the Gymnasium side, made by name."""

from typing import Any

import gymnasium

import meta_rl.gym  # noqa: F401

CONTEXT = {"length": 0.8, "tau": 0.03}


def make(name: str = "cartpole", **settings: Any) -> Any:
    return gymnasium.make(f"meta_rl/{name}-v0", **settings)


def make_vec(name: str, num_envs: int, **settings: Any) -> Any:
    return gymnasium.make_vec(f"meta_rl/{name}-v0", num_envs, "vector_entry_point", **settings)
