"""Gymnasium ids: `meta_rl/<name>-v0` for each published benchmark and each registered environment.

    import gymnasium, meta_rl.gym
    env = gymnasium.make("meta_rl/cartpole_length-v0", split="extrapolation")

or, without the second import, `gymnasium.make("meta_rl.gym:meta_rl/cartpole_length-v0")`. `make_vec` steps all its
environments as one batch. docs/gymnasium.md tells what can be asked for.

Importing this module imports neither simulators nor PyTorch: what is behind an id is loaded when it is made.
Gymnasium 1.0 removed the plugins that registered environments whenever it was itself imported.
"""

from typing import Any

import gymnasium

from meta_rl import registry
from meta_rl.benchmarks.published import BENCHMARKS


def _reward_threshold(name: str, environment: Any) -> float:
    """From which return on it counts as solved: Gymnasium's own figure where the id is Gymnasium's environment.

    A benchmark's contexts may be harder, and Gymnasium has no figure for Pendulum: there it is the protocol's.
    """
    plain = environment.gymnasium_id if name not in BENCHMARKS else None
    registered = gymnasium.spec(plain).reward_threshold if plain else None
    return environment.success if registered is None else float(registered)


for _name in registry.ENVS | BENCHMARKS:  # where both have a name, it is the benchmark's
    _behind = BENCHMARKS[_name].environment if _name in BENCHMARKS else _name
    _environment = registry.load("environment", _behind)
    gymnasium.register(
        f"meta_rl/{_name}-v0",
        entry_point="meta_rl.gym.env:ContextualEnv",
        vector_entry_point="meta_rl.gym.vector:ContextualVectorEnv",
        max_episode_steps=_environment.horizon,
        reward_threshold=_reward_threshold(_name, _environment),
        kwargs={"name": _name},
    )
