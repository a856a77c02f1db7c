"""A cart on a rail, pushed to the middle. What its pushes do depends on its mass, on friction and on the wind.

Say here where the equations are from, and what differs.
"""

import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from meta_rl.contexts import Feature
from meta_rl.envs.base import PhysicsRows, columns
from meta_rl.spaces import Spaces

# Read and not run, so keep it a literal. What may stand here: meta_rl/entries.py.
ENVS: dict[str, dict[str, Any]] = {"mine": {}}

# What may vary: name, default (not 0, as ranges multiply it), bounds, unit.
features = (
    Feature("mass", 1.0, 0.1, 10.0, "kg"),
    Feature("friction", 0.5, 0.01, 5.0, "N s/m"),
    Feature("wind", 0.1, -1.0, 1.0, "N"),
)
spaces = Spaces(observation=2, action=1, discrete=False, limit=1.0)
noise = 2  # random numbers that an episode starts from
horizon = 100  # steps
returns = (-math.inf, 0.0)  # of any episode: rewards are costs here
success = -20.0  # return from which a context counts as solved
chunk = 512  # rows that are stepped together: bounds the memory
gymnasium_id = None  # what it is in Gymnasium, if the default context is an environment of that
carl = None  # the same for carl-bench,
deviations: dict[str, str] = {}  # with features that differ, and why
refused: dict[str, str] = {}  # what cannot vary, and why
limits: dict[str, tuple[float, str]] = {}  # from which multiplier of a feature on nobody can succeed, and why
controllers: tuple[str, ...] = ()  # registered ones that know this environment

DT = 0.1  # s


def initial(noise: np.ndarray, context: Sequence[Any]) -> tuple[np.ndarray, ...]:
    """x [m] in +-1 and v [m/s] in +-0.1, from two columns U[0, 1)."""
    return 2 * noise[0] - 1, 0.2 * noise[1] - 0.1


def step(state: Sequence[Any], action: Any, context: Sequence[Any]) -> tuple[tuple[Any, ...], Any, Any]:
    """One step of DT -> state, reward, terminated (never), over columns: one number a row.

    Rows are in contexts of their own, which are columns, too, or numbers where a feature does not vary. So there is no
    `if`, and nothing is kept between steps. A square is `np.square`: `x**2` rounds a number otherwise than a column.
    """
    x, v = state
    mass, friction, wind = context
    push = action[..., 0].astype(np.float64)
    v = v + DT * ((push + wind - friction * v) / mass)
    x = x + DT * v
    cost = np.square(x) + 0.1 * np.square(v)
    return (x, v), -cost, np.zeros(np.shape(x), dtype=bool)


def observation(state: Sequence[Any]) -> np.ndarray:
    """float32 [..., 2]"""
    return columns(*state)


def build(varied: tuple[str, ...], rows: tuple[int, int], render: bool = False) -> PhysicsRows:
    return PhysicsRows(sys.modules[__name__], varied, rows)


def plain(context: dict[str, float], render_mode: str | None = None) -> Any:
    """The same as a Gymnasium environment, written anew: the rows are compared with it, so it must not run their code.

    Where others have written the environment, take theirs.
    """
    import gymnasium

    class Cart(gymnasium.Env):
        metadata = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012 - Gymnasium's form
        observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (2,), np.float32)
        action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,), np.float32)

        def __init__(self) -> None:
            self.render_mode, self.state = render_mode, np.zeros(2)

        def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[np.ndarray, dict[str, Any]]:
            super().reset(seed=seed)
            self.state = self.np_random.uniform((-1.0, -0.1), (1.0, 0.1))
            return self.state.astype(np.float32), {}

        def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
            x, v = self.state
            force = float(action[0]) + context["wind"] - context["friction"] * v
            v += 0.1 * (force / context["mass"])
            x += 0.1 * v
            self.state = np.array([x, v])
            return self.state.astype(np.float32), float(-(x * x + 0.1 * (v * v))), False, False, {}

        def render(self) -> np.ndarray:
            """A black cart on a white rail of 4 m."""
            picture = np.full((40, 200, 3), 255, dtype=np.uint8)
            at = int(np.clip(self.state[0] * 50 + 100, 5, 194))
            picture[15:25, at - 5 : at + 5] = 0
            return picture

    return Cart()
