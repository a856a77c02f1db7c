"""A benchmark or an environment as a Gymnasium vector environment: N rows stepped as one batch."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from meta_rl.errors import UserError
from meta_rl.gym.contexts import Turns, choose
from meta_rl.gym.env import action_space, as_action
from meta_rl.gym.observations import PLAIN, observer


class ContextualVectorEnv(VectorEnv):
    """`num_envs` rows of what `ContextualEnv` is with the same settings, each row in a context of its own.

    Rows that start an episode take the next contexts together: with as many rows as contexts, `reset(seed=...)`
    puts one row into each. An episode that ended starts again in the next step, which ignores the row's action
    and returns reward 0. `info` is as Gymnasium's own vector environments give it.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": [], "autoreset_mode": AutoresetMode.NEXT_STEP}

    def __init__(
        self,
        name: str,
        num_envs: int = 1,
        context: Mapping[str, float] | None = None,
        split: str | None = None,
        seed: int = 0,
        n_contexts: int = 100,
        observe: str = PLAIN,
        render_mode: str | None = None,
    ) -> None:
        if render_mode is not None:
            raise UserError(
                f"{name}: a batch is not rendered; use gymnasium.make, or vectorization_mode='sync'"
            )
        self.num_envs = num_envs
        self.contexts = choose(name, context, split, seed, n_contexts)
        self._turns, self._places = Turns(len(self.contexts.ids)), np.zeros(num_envs, dtype=np.int64)
        self.single_observation_space, self._look = observer(name, observe, self.contexts)
        self.single_action_space = action_space(self.contexts.environment.spaces)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._rows = self.contexts.environment.build(self.contexts.features, (1, num_envs))
        self._ended = np.zeros(num_envs, dtype=bool)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """New episodes in all rows; `seed` starts a new pass over the contexts."""
        super().reset(seed=seed)
        if seed is not None:
            self._turns.restart()
        self._start(np.ones(self.num_envs, dtype=bool))
        self._ended = np.zeros(self.num_envs, dtype=bool)
        return self._seen(), self._info()

    def step(self, actions: Any) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Observations, rewards float64 [N], terminated and truncated bool [N], infos."""
        step = self._rows.step(as_action(actions, self.action_space)[None])
        fresh = self._ended
        if fresh.any():
            self._start(fresh)
        terminated, truncated = step.terminated[0] & ~fresh, step.truncated[0] & ~fresh
        self._ended = terminated | truncated
        return self._seen(), np.where(fresh, 0.0, step.reward[0]), terminated, truncated, self._info()

    def _start(self, rows: np.ndarray) -> None:
        noise = np.zeros((self.num_envs, self._rows.noise))
        noise[rows] = self.np_random.random((rows.sum(), self._rows.noise))
        self._places[rows] = self._turns.take(int(rows.sum()), self.np_random)
        self._rows.reset(rows[None], self.contexts.values[self._places][None], noise[None])

    def _seen(self) -> Any:
        return self._look(self._rows.observation[0], self.contexts.values[self._places])

    def _info(self) -> dict[str, Any]:
        """Each key with its mask `_key` of the rows that have it, here all."""
        values, everywhere = self.contexts.values[self._places], np.ones(self.num_envs, dtype=bool)
        context: dict[str, Any] = {}
        for column, name in enumerate(self.contexts.features):
            context |= {name: values[:, column], f"_{name}": everywhere}
        return {
            "context": context,
            "_context": everywhere,
            "context_id": self.contexts.ids[self._places],
            "_context_id": everywhere,
        }
