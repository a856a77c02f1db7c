"""Gymnasium's MuJoCo bodies: contexts, rows that are in them, and steps."""

from typing import Any

import numpy as np
import pytest

from meta_rl import registry
from meta_rl.envs.mujoco import Body
from meta_rl.spaces import Step

NAMES = (
    *("hopper", "halfcheetah", "walker2d", "ant", "swimmer", "reacher"),
    *("inverted_pendulum", "inverted_double_pendulum"),
)
BODIES: dict[str, Body] = {name: registry.load("environment", name) for name in NAMES}

every_body = pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)


def names(body: Body) -> tuple[str, ...]:
    return tuple(feature.name for feature in body.features)


def context(body: Body, **changed: float) -> dict[str, float]:
    """The default context but for what is changed."""
    return {feature.name: feature.default for feature in body.features} | changed


def random_context(body: Body, rng: np.random.Generator) -> dict[str, float]:
    """Between half and twice the default; a motor is turned round in half of the cases."""
    found = context(body)
    for name in found:
        found[name] *= 2 ** rng.uniform(-1, 1)
        if name.startswith("strength"):
            found[name] *= rng.choice([-1, 1])
    return found


def started(body: Body, contexts: list[dict[str, float]], seed: int = 0) -> Any:
    """One row a context, all from the start of Gymnasium's seed."""
    rows = body.build(names(body), (1, len(contexts)))
    values = np.array([[list(one.values()) for one in contexts]])
    start = np.full((1, len(contexts), 1), (seed + 0.5) / 2**31)
    rows.reset(np.ones((1, len(contexts)), dtype=bool), values, start)
    return rows


def actions(body: Body, steps: int, seed: int = 0, part: float = 1.0) -> np.ndarray:
    """Random ones [T, A], as large as this part of what is allowed."""
    drawn = np.random.default_rng(seed).uniform(-part, part, (steps, body.spaces.action))
    return (body.spaces.limit * drawn).astype(np.float32)


def everywhere(action: np.ndarray, count: int) -> np.ndarray:
    return np.broadcast_to(action, (1, count, len(action)))


def row_bytes(step: Step, row: int) -> list[bytes]:
    return [column[0, row].tobytes() for column in step]


def numbers(model: Any) -> dict[str, np.ndarray]:
    """All arrays of numbers in a MuJoCo model."""
    fields = {name: getattr(model, name) for name in dir(model) if not name.startswith("_")}
    found = {name: one.copy() for name, one in fields.items() if isinstance(one, np.ndarray)}
    return found | {"gravity": model.opt.gravity.copy(), "inertia": np.array(model.stat.meaninertia)}
