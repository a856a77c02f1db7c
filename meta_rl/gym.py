"""Every environment as a Gymnasium environment: one row of the batched one, in one context.

Importing this module registers `meta_rl/<name>-v0` for each registered environment:

    import gymnasium, meta_rl.gym
    env = gymnasium.make("meta_rl/cartpole-v0", context={"length": 0.8})

or, without the second import, `gymnasium.make("meta_rl.gym:meta_rl/cartpole-v0")`.
"""

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium import spaces

from meta_rl import registry
from meta_rl.contexts import Feature
from meta_rl.errors import UserError, unknown


class ContextualEnv(gymnasium.Env):
    """The registered `environment` in `context`, {feature: value in the feature's unit}; others keep defaults.

    Observations are float32 [O]; the time limit is the environment's own horizon, so no wrapper is needed.
    `info["context"]` holds the values of all features. Raises UserError if a feature does not exist or its
    value lies outside the bounds.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["rgb_array"], "render_fps": 50}

    def __init__(
        self,
        environment: str,
        context: Mapping[str, float] | None = None,
        render_mode: str | None = None,
    ) -> None:
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise UserError(unknown("render mode", render_mode, self.metadata["render_modes"]))
        self.render_mode = render_mode
        self._module = registry.load("environment", environment)
        given = _checked(environment, self._module.features, context or {})
        self.context = {feature.name: feature.default for feature in self._module.features} | given
        self._row = self._module.build(tuple(self.context), (1, 1))
        self._values = np.array([[list(self.context.values())]])
        sizes = self._module.spaces
        self.observation_space = spaces.Box(-math.inf, math.inf, (sizes.observation,), np.float32)
        self.action_space: spaces.Space = (
            spaces.Discrete(sizes.action)
            if sizes.discrete
            else spaces.Box(-1.0, 1.0, (sizes.action,), np.float32)
        )
        self._renderer: Any = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """A new episode in the same context; a start that follows from `seed` as Gymnasium's own does."""
        super().reset(seed=seed)
        noise = self.np_random.random((1, 1, self._row.noise))
        self._row.reset(np.ones((1, 1), dtype=bool), self._values, noise)
        return self._row.observation[0, 0], self._info()

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Observation, reward, terminated, truncated, info."""
        if not self.action_space.contains(action):
            raise UserError(f"action {action!r} is not in {self.action_space}")
        step = self._row.step(np.asarray(action)[None, None])
        observation, reward, terminated, truncated = (value[0, 0] for value in step)
        return observation, float(reward), bool(terminated), bool(truncated), self._info()

    def render(self) -> Any:
        """An image [height, width, 3] of the state, drawn by Gymnasium's environment of the same kind."""
        if self.render_mode is None:
            return None
        if self._renderer is None:
            self._renderer = gymnasium.make(self._module.gymnasium_id, render_mode=self.render_mode).unwrapped
            for name, value in self.context.items():
                setattr(self._renderer, name, value)
        self._renderer.state = np.array([column[0, 0] for column in self._row.state])
        return self._renderer.render()

    def close(self) -> None:
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None

    def _info(self) -> dict[str, Any]:
        return {"context": dict(self.context)}


def _checked(
    environment: str, features: tuple[Feature, ...], context: Mapping[str, float]
) -> dict[str, float]:
    by_name = {feature.name: feature for feature in features}
    if not isinstance(context, Mapping):
        raise UserError(
            f"{environment}: context is {context!r}, but must be a mapping such as {{'length': 0.8}}"
        )
    for name, value in context.items():
        if name not in by_name:
            raise UserError(f"{environment}: {unknown('feature', name, by_name)}")
        feature = by_name[name]
        try:
            valid = (
                not isinstance(value, bool) and math.isfinite(value) and feature.low <= value <= feature.high
            )
        except TypeError:  # not a number
            valid = False
        if not valid:
            raise UserError(
                f"{environment}: feature '{name}' is {value!r}, but must be a number of {feature.unit} "
                f"in [{feature.low:g}, {feature.high:g}]; the default is {feature.default:g}"
            )
    return {name: float(value) for name, value in context.items()}


for _name in registry.ENVS:
    gymnasium.register(
        f"meta_rl/{_name}-v0", entry_point="meta_rl.gym:ContextualEnv", kwargs={"environment": _name}
    )
