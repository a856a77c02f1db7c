"""Gymnasium ids: `meta_rl/<name>-v0` for each published benchmark and each registered environment.

    import gymnasium, meta_rl.gym
    env = gymnasium.make("meta_rl/cartpole_length-v0", split="extrapolation")

or, without the second import, `gymnasium.make("meta_rl.gym:meta_rl/cartpole_length-v0")`. `make_vec` steps all its
environments as one batch. docs/gymnasium.md tells what can be asked for.

Importing this module imports neither simulators nor PyTorch: what is behind an id is loaded when it is made.
Gymnasium 1.0 removed the plugins that registered environments whenever it was itself imported.
"""

import gymnasium

from meta_rl.benchmarks import BENCHMARKS
from meta_rl.registry import ENVS

for _name in ENVS | BENCHMARKS:  # where both have a name, it is the benchmark's
    gymnasium.register(
        f"meta_rl/{_name}-v0",
        entry_point="meta_rl.gym.env:ContextualEnv",
        vector_entry_point="meta_rl.gym.vector:ContextualVectorEnv",
        kwargs={"name": _name},
    )
