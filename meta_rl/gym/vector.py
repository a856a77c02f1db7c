"""A benchmark or an environment as a Gymnasium vector environment: N rows stepped as one batch."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from meta_rl.envs import offscreen
from meta_rl.gym.contexts import check_whole, choose
from meta_rl.gym.env import action_space, as_action, check_render_mode
from meta_rl.gym.observations import PLAIN, observer
from meta_rl.gym.options import NOT_OF_THE_SET, asked
from meta_rl.gym.pickled import Pickled
from meta_rl.gym.turns import Turns

NO_LIMIT = -1  # as in gymnasium.make


class ContextualVectorEnv(Pickled, VectorEnv):
    """`num_envs` rows of what `ContextualEnv` is with the same settings, each row in a context of its own.

    Rows that start an episode take the next contexts together: with as many rows as contexts, a reset puts one row
    into each. An episode that ended starts again in the next step, which ignores the row's action and returns
    reward 0. `info` is as Gymnasium's own vector environments give it.

    Episodes are truncated after `max_episode_steps`, by default the environment's horizon, or never if it is -1.
    """

    metadata: ClassVar[dict[str, Any]] = {
        "render_modes": ["rgb_array"],
        "render_fps": 50,
        "autoreset_mode": AutoresetMode.NEXT_STEP,
    }

    def __init__(
        self,
        name: str,
        num_envs: int = 1,
        max_episode_steps: int | None = None,
        context: Mapping[str, float] | None = None,
        split: str | None = None,
        seed: int = 0,
        n_contexts: int = 100,
        part: Sequence[int] | None = None,
        observe: str = PLAIN,
        render_mode: str | None = None,
    ) -> None:
        self.settings = {key: value for key, value in locals().items() if key not in ("self", "__class__")}
        check_whole(name, "num_envs", num_envs, 1)
        if max_episode_steps not in (None, NO_LIMIT):
            check_whole(name, "max_episode_steps", max_episode_steps, 1)
        check_render_mode(render_mode, self.metadata)
        self.num_envs, self.render_mode = num_envs, render_mode
        self.contexts = choose(name, context, split, seed, n_contexts, part)
        environment = self.contexts.environment
        self._turns = Turns(len(self.contexts.ids))
        self._ids = np.full(num_envs, NOT_OF_THE_SET)  # of the contexts that are played
        self._values = np.zeros((num_envs, len(self.contexts.features)))
        self.single_observation_space, self._look = observer(name, observe, self.contexts)
        self.single_action_space = action_space(environment.spaces)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        if render_mode is not None:
            offscreen.prepare()
        self.rows = environment.build(self.contexts.features, (1, num_envs), render=render_mode is not None)
        limit = environment.horizon if max_episode_steps is None else max_episode_steps
        self.rows.horizon = math.inf if limit == NO_LIMIT else limit
        self._ended = np.zeros(num_envs, dtype=bool)
        self._first = np.zeros(0, dtype=np.int64)  # where the last reset put the rows
        self._played = True  # whether an episode has ended since
        self._begun = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """New episodes in all rows: in the next contexts if any episode has ended since the last reset, else again.

        With a `seed` the first row begins in the context of that number, counted round. `options` ask for contexts or
        starts (see `options.asked`), which take no turn; rows that end go on with the next contexts.
        """
        start = asked(self.contexts, options, self.num_envs, self.rows.noise)
        super().reset(seed=seed)
        if seed is not None or not self._begun:
            self._turns.begin(int(self.np_random.integers(2**31)) if seed is None else seed)
            self._played = True
        self._begun = True
        self._ended = np.zeros(self.num_envs, dtype=bool)
        everywhere = np.ones(self.num_envs, dtype=bool)
        if start is None:
            if self._played:
                self._first = self._turns.take(self.num_envs)
            self._played = False
            self._start(everywhere, self._first)
        else:
            self._begin(everywhere, *start)
        return self._seen(), self._info()

    def step(self, actions: Any) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Observations, rewards float64 [N], terminated and truncated bool [N], infos."""
        if not self._begun:
            raise ResetNeeded("Cannot call env.step() before calling env.reset()")
        step = self.rows.step(as_action(actions, self.action_space)[None])
        fresh = self._ended
        if fresh.any():
            self._start(fresh, self._turns.take(int(fresh.sum())))
        terminated, truncated = step.terminated[0] & ~fresh, step.truncated[0] & ~fresh
        self._ended = terminated | truncated
        self._played |= bool(self._ended.any())
        return self._seen(), np.where(fresh, 0.0, step.reward[0]), terminated, truncated, self._info()

    def render(self) -> tuple[np.ndarray, ...] | None:
        """An image of each row, uint8 [height, width, 3]; None without a render mode."""
        if self.render_mode is None:
            return None
        return tuple(self.rows.render(row) for row in range(self.num_envs))

    def close_extras(self, **_: Any) -> None:
        """Free what is drawn into."""
        if "rows" in vars(self):  # else it was refused before there were any
            self.rows.close()

    def _start(self, rows: np.ndarray, places: np.ndarray) -> None:
        """New episodes where `rows` (bool [N]), in the contexts at these places of the set."""
        self._begin(rows, self.contexts.ids[places], self.contexts.values[places], None)

    def _begin(self, rows: np.ndarray, ids: np.ndarray, values: np.ndarray, noise: np.ndarray | None) -> None:
        drawn = np.zeros((self.num_envs, self.rows.noise))
        drawn[rows] = self.np_random.random((rows.sum(), self.rows.noise)) if noise is None else noise
        self._ids[rows], self._values[rows] = ids, values
        self.rows.reset(rows[None], self._values[None], drawn[None])

    def _seen(self) -> Any:
        return self._look(self.rows.observation[0], self._values)

    def _info(self) -> dict[str, Any]:
        """Each key with its mask `_key` of the rows that have it, here all."""
        values, everywhere = self._values.copy(), np.ones(self.num_envs, dtype=bool)
        context: dict[str, Any] = {}
        for column, name in enumerate(self.contexts.features):
            context |= {name: values[:, column], f"_{name}": everywhere}
        return {
            "context": context,
            "_context": everywhere,
            "context_id": self._ids.copy(),
            "_context_id": everywhere,
        }
