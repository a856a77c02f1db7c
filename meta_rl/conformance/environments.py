"""Every registered environment by name, and random contexts, actions and steps for it."""

import numpy as np
import pytest

from meta_rl import registry
from meta_rl.envs.base import Environment
from meta_rl.spaces import Environments

ENVIRONMENTS: dict[str, Environment] = {name: registry.load("environment", name) for name in registry.ENVS}
PHYSICS = {name: one for name, one in ENVIRONMENTS.items() if hasattr(one, "initial")}
SIMULATORS = {name: one for name, one in ENVIRONMENTS.items() if name not in PHYSICS}
# Which environment of Gymnasium's the default context is: None where the package that it is from registers none.
GYMNASIUM = {
    "cartpole": "CartPole-v1",
    "mountaincar": "MountainCar-v0",
    "pendulum": "Pendulum-v1",
    "lunarlander": "LunarLander-v3",
    "acrobot": "Acrobot-v1",
    "mountaincar_continuous": "MountainCarContinuous-v0",
    "bipedalwalker": "BipedalWalker-v3",
    "metaworld_push": None,
    "metaworld_pick_place": None,
    "metaworld_reach_goal": None,
    "striker": None,
    "striker_epi": None,
    "hopper": "Hopper-v5",
    "halfcheetah": "HalfCheetah-v5",
    "walker2d": "Walker2d-v5",
    "ant": "Ant-v5",
    "swimmer": "Swimmer-v5",
    "reacher": "Reacher-v5",
    "inverted_pendulum": "InvertedPendulum-v5",
    "inverted_double_pendulum": "InvertedDoublePendulum-v5",
}

ROWS = (2, 2)
ALL = np.ones(ROWS, dtype=bool)

every_name = pytest.mark.parametrize("name", ENVIRONMENTS)
every_environment = pytest.mark.parametrize("environment", ENVIRONMENTS.values(), ids=ENVIRONMENTS)


def names(environment: Environment) -> tuple[str, ...]:
    return tuple(feature.name for feature in environment.features)


def defaults(environment: Environment, rows: tuple[int, int] = ROWS) -> np.ndarray:
    values = [feature.default for feature in environment.features]
    return np.broadcast_to(values, (*rows, len(values)))


def random_contexts(
    environment: Environment, rng: np.random.Generator, rows: tuple[int, ...], factor: float = 2.0
) -> np.ndarray:
    """Defaults times or over as much as the factor, log-uniform, and of either sign, as far as the bounds allow."""
    columns = [
        np.clip(
            feature.default
            * factor ** rng.uniform(-1, 1, rows)
            * (rng.choice([-1, 1], rows) if feature.turns else 1),
            feature.low,
            feature.high,
        )
        for feature in environment.features
    ]
    return np.stack(columns, axis=-1)


def random_actions(environment: Environment, rng: np.random.Generator, rows: tuple[int, ...]) -> np.ndarray:
    spaces = environment.spaces
    if spaces.discrete:
        return rng.integers(spaces.action, size=rows)
    return rng.uniform(-spaces.limit, spaces.limit, (*rows, spaces.action)).astype(np.float32)


def started(environment: Environment, contexts: np.ndarray, seed: int = 0) -> Environments:
    """All features varied, every row reset to its context."""
    rows = contexts.shape[:2]
    environments = environment.build(names(environment), rows)
    noise = np.random.default_rng(seed).random((*rows, environment.noise))
    environments.reset(np.ones(rows, dtype=bool), contexts, noise)
    return environments


def run(environment: Environment, environments: Environments, steps: int, seed: int = 0) -> bytes:
    """The bytes of all that `steps` random steps return; rows that end go on, or stand still."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(steps):
        step = environments.step(random_actions(environment, rng, environments.rows))
        found += [column.tobytes() for column in step]
    return b"".join(found)
