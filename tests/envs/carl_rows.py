"""The environments of carl-bench, and rows of them in given contexts."""

from typing import Any

import numpy as np
import pytest

from meta_rl.envs import carl
from meta_rl.envs.simulator import SimulatorRows

NAMES = {
    "acrobot": "CARLAcrobot",
    "mountaincar_continuous": "CARLMountainCarContinuous",
    "bipedalwalker": "CARLBipedalWalker",
}
every_environment = pytest.mark.parametrize(
    "environment", [getattr(carl, name) for name in NAMES.values()], ids=NAMES
)


def defaults(environment: Any) -> dict[str, float]:
    return {feature.name: feature.default for feature in environment.features}


def started(environment: Any, contexts: list[dict[str, float]], seed: int = 0) -> SimulatorRows:
    """[1, C] rows in contexts that differ from the default in the same features, from the same start."""
    rows = environment.build(tuple(contexts[0]), (1, len(contexts)))
    restart(rows, contexts, seed)
    return rows


def restart(rows: SimulatorRows, contexts: list[dict[str, float]], seed: int = 0) -> None:
    values = np.array([[list(context.values()) for context in contexts]])
    noise = np.full((*rows.rows, 1), (seed + 0.5) / 2**31)
    rows.reset(np.ones(rows.rows, dtype=bool), values, noise)
