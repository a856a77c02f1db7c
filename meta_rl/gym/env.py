"""A benchmark or an environment as one Gymnasium environment: one row of the batched ones."""

from collections.abc import Mapping
from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium import spaces

from meta_rl.envs import offscreen
from meta_rl.errors import UserError, unknown
from meta_rl.gym.contexts import Turns, choose
from meta_rl.gym.observations import PLAIN, observer
from meta_rl.spaces import Spaces


class ContextualEnv(gymnasium.Env):
    """The benchmark or environment `name` in a fixed `context` or in those of a `split` (see `contexts.choose`).

    Each reset takes the next context; every one comes once before any comes again, in an order that is drawn from
    `np_random`, as starts are. `observe` says what is seen of it (see `observations.observer`).
    `info["context"]` holds the values of all features in their units, `info["context_id"]` the context's id.
    The time limit is the environment's own, so no wrapper is needed. `row` is the batched environment behind it, a
    single row of all features, which controllers act on.

    Raises UserError for whatever does not exist or is out of bounds, an action included.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["rgb_array"], "render_fps": 50}

    def __init__(
        self,
        name: str,
        context: Mapping[str, float] | None = None,
        split: str | None = None,
        seed: int = 0,
        n_contexts: int = 100,
        observe: str = PLAIN,
        render_mode: str | None = None,
    ) -> None:
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise UserError(unknown("render mode", render_mode, self.metadata["render_modes"]))
        self.render_mode = render_mode
        self.contexts = choose(name, context, split, seed, n_contexts)
        self._turns, self._place = Turns(len(self.contexts.ids)), 0
        self.observation_space, self._look = observer(name, observe, self.contexts)
        self.action_space = action_space(self.contexts.environment.spaces)
        if render_mode is not None:
            offscreen.prepare()
        self.row = self.contexts.environment.build(
            self.contexts.features, (1, 1), render=render_mode is not None
        )

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """A new episode in the next context; `seed` starts a new pass, in an order that follows from it."""
        super().reset(seed=seed)
        if seed is not None:
            self._turns.restart()
        noise = self.np_random.random((1, 1, self.row.noise))
        self._place = int(self._turns.take(1, self.np_random)[0])
        self.row.reset(np.ones((1, 1), dtype=bool), self.contexts.values[self._place][None, None], noise)
        return self._seen(), self._info()

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Observation, reward, terminated, truncated, info."""
        step = self.row.step(as_action(action, self.action_space)[None, None])
        reward, terminated, truncated = (value[0, 0] for value in step[1:])
        return self._seen(), float(reward), bool(terminated), bool(truncated), self._info()

    def render(self) -> Any:
        """An image of the state, uint8 [height, width, 3]; None without a render mode."""
        return None if self.render_mode is None else self.row.render()

    def close(self) -> None:
        """Free what is drawn into."""
        self.row.close()

    def _seen(self) -> Any:
        return self._look(self.row.observation[0, 0], self.contexts.values[self._place])

    def _info(self) -> dict[str, Any]:
        values = self.contexts.values[self._place].tolist()
        return {
            "context": dict(zip(self.contexts.features, values, strict=True)),
            "context_id": int(self.contexts.ids[self._place]),
        }


def action_space(sizes: Spaces) -> spaces.Space:
    """Of one row."""
    if sizes.discrete:
        return spaces.Discrete(sizes.action)
    return spaces.Box(-sizes.limit, sizes.limit, (sizes.action,), np.float32)


def as_action(action: Any, space: spaces.Space) -> np.ndarray:
    """An action of `space`, or a batch of them, as environments take it: int64 or float32."""
    if isinstance(space, spaces.Box):
        action = np.asarray(action, dtype=np.float32)
    if not space.contains(action):
        raise UserError(f"action {action!r} is not in {space}")
    return np.asarray(action)
