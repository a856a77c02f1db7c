"""Every registered environment by name, and random contexts, actions and steps for it."""

import numpy as np
import pytest

from meta_rl import registry
from meta_rl.envs.base import Environment
from meta_rl.spaces import Environments

ENVIRONMENTS: dict[str, Environment] = {name: registry.load("environment", name) for name in registry.ENVS}
PHYSICS = {name: one for name, one in ENVIRONMENTS.items() if hasattr(one, "initial")}
SIMULATORS = {name: one for name, one in ENVIRONMENTS.items() if name not in PHYSICS}
# Those whose default context is an environment that Gymnasium registers.
REGISTERED = [name for name, one in ENVIRONMENTS.items() if one.gymnasium_id]

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
