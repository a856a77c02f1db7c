"""Small studies of every registered method, agent and estimator: varied gravity, tiny networks, few updates.

The environment is CartPole, or Pendulum for agents that have continuous actions only.
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from meta_rl import registry
from meta_rl.agents.critics import dropout, ensemble, masks, quantile
from meta_rl.conformance.members import elsewhere, said
from meta_rl.streams import Streams, run_key
from meta_rl.training.block import start
from meta_rl.training.loop import Training
from meta_rl.training.setup import Setup

STEPS = 1500

# A large step size and many updates: small differences soon show in what a run does.
AGENTS: dict[str, dict[str, Any]] = {
    "dqn": {
        "hidden": [12, 8], "replay": 400, "batch": 16, "learning_starts": 200, "train_every": 4,
        "target_every": 100, "learning_rate": 0.02,
    },
    "ddqn": {
        "hidden": [12, 8], "replay": 400, "batch": 16, "learning_starts": 200, "train_every": 4,
        "target_every": 100, "learning_rate": 0.02,
    },
    "ddpg": {
        "n_envs": 4, "hidden": [9, 7], "replay": 400, "batch": 13, "learning_starts": 200, "train_every": 4,
        "actor_learning_rate": 0.02, "critic_learning_rate": 0.02, "tau": 0.05,
    },
    "sac": {
        "n_envs": 4, "hidden": [9, 7], "replay": 400, "batch": 13, "learning_starts": 200, "train_every": 8,
        "learning_rate": 0.02, "tau": 0.05,
    },
    "ppo": {
        "n_envs": 4, "n_steps": 24, "hidden": [9, 7], "minibatch": 12, "epochs": 2, "learning_rate": 0.02,
        "rewards": "normalised",
    },
}  # fmt: skip
# The kinds of critics that agents can be built over.
CRITICS = {"ensemble": ensemble, "quantile": quantile, "masks": masks, "dropout": dropout}


# Our agents over one, with the plain ones that they are built from: their names are `agent_kind`.
OVER = {
    name: name.removesuffix(f"_{kind}")
    for name in registry.AGENTS
    for kind in CRITICS
    if name.endswith(f"_{kind}") and name not in elsewhere("agent")
}


AGENTS |= {
    name: AGENTS[agent] | CRITICS[name.removeprefix(f"{agent}_")].SMALL for name, agent in OVER.items()
}
METHODS: dict[str, dict[str, Any]] = {name: said("method", name, "SMALL", {}) for name in registry.METHODS}


ESTIMATORS: dict[str, dict[str, Any]] = {
    name: said("estimator", name, "SMALL", {}) for name in registry.ESTIMATORS
}


def keys(*seeds: int) -> list[str]:
    return [run_key("small", seed) for seed in seeds]


def spec(method: str, agent: str = "dqn", **agent_settings: Any) -> dict[str, Any]:
    return {
        "benchmark": "small",
        "environment": "cartpole" if "discrete" in registry.entry("agent", agent).actions else "pendulum",
        "features": {"gravity": {"train": [0.2, 2.2]}},
        "train_set": "A",
        "boxes": {},
        "agent": agent,
        "method": method,
        "variant": method,
        "agent_settings": {**AGENTS.get(agent, {}), **agent_settings},
        "method_settings": json.loads(json.dumps(METHODS.get(method, {}))),  # a spec has lists
        "env_steps": STEPS,
    }


def training(method: str, seeds: Sequence[int], agent: str = "dqn", **agent_settings: Any) -> Training:
    """A training of the seeds as one stack, each in five contexts of its own."""
    described = spec(method, agent, **agent_settings)
    streams = Streams(keys(*seeds))
    space = Setup(described).task.contexts
    return start(
        described, np.stack([space.draw_train(run_key("small", seed), 5) for seed in seeds]), streams
    )
