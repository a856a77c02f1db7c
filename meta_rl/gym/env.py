"""A benchmark or an environment as one Gymnasium environment: one row of the batched ones."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.error import ResetNeeded

from meta_rl.envs import offscreen
from meta_rl.errors import UserError, unknown
from meta_rl.gym.contexts import choose
from meta_rl.gym.observations import PLAIN, observer
from meta_rl.gym.options import NOT_OF_THE_SET, Start, asked
from meta_rl.gym.pickled import Pickled
from meta_rl.gym.turns import Turns
from meta_rl.spaces import Spaces

STATISTICS, TRUNCATED = "episode", "TimeLimit.truncated"  # keys of `info` that mark an episode's end


class ContextualEnv(Pickled, gymnasium.Env):
    """The benchmark or environment `name` in a fixed `context` or in those of a `split` (see `contexts.choose`).

    After an episode a reset takes the next context, in the order of `turns.Turns`; starts are drawn from
    `np_random`. `observe` says what is seen of the context (see `observations.observer`).
    `info["context"]` holds the values of all features in their units, `info["context_id"]` the context's id.
    `rows` is the batched environment behind it, a single row of all features, which controllers act on.

    Made by its id, it leaves the time limit to Gymnasium's wrapper, as that one may have another; made otherwise, it
    truncates at the environment's horizon.

    Raises UserError for whatever does not exist or is out of bounds. Like Gymnasium's own environments it takes
    continuous actions beyond the bounds, which act as the bounds do.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["rgb_array"], "render_fps": 50}

    def __init__(
        self,
        name: str,
        context: Mapping[str, float] | None = None,
        split: str | None = None,
        seed: int = 0,
        n_contexts: int = 100,
        part: Sequence[int] | None = None,
        observe: str = PLAIN,
        render_mode: str | None = None,
    ) -> None:
        self.settings = {key: value for key, value in locals().items() if key not in ("self", "__class__")}
        check_render_mode(render_mode, self.metadata)
        self.render_mode = render_mode
        self.contexts = choose(name, context, split, seed, n_contexts, part)
        self._turns, self._place = Turns(len(self.contexts.ids)), -1
        self._due = True  # whether the next turn is to be taken
        self._start: Start | None = None  # what the last reset was asked for
        self._id, self._values = NOT_OF_THE_SET, np.zeros(0)  # of the context that is played
        self._age, self._ended = 0, False
        self._told: dict[str, Any] = {}  # the last step's info, into which wrappers may have written since
        self._cuts: set[int] = set()  # after how many steps episodes were left that had not ended
        self.observation_space, self._look = observer(name, observe, self.contexts)
        self.action_space = action_space(self.contexts.environment.spaces)
        if render_mode is not None:
            offscreen.prepare()
        self.rows = self.contexts.environment.build(
            self.contexts.features, (1, 1), render=render_mode is not None
        )
        self.rows.horizon = math.inf

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """A new episode: with a `seed` in that context, counted round, else in the next one if this one was played.

        `options` ask for a context or a start (see `options.asked`), which takes no turn.
        """
        start = asked(self.contexts, options, 1, self.rows.noise)
        super().reset(seed=seed)
        noise = self.np_random.random((1, 1, self.rows.noise))
        if seed is not None or not len(self._values):
            self._turns.begin(int(self.np_random.integers(2**31)) if seed is None else seed)
            self._due = True
        if self._start is None and self._played():
            self._due = True
        self._start = start
        if start is None:
            if self._due:
                self._place, self._due = int(self._turns.take(1)[0]), False
            self._id, self._values = int(self.contexts.ids[self._place]), self.contexts.values[self._place]
        else:
            self._id, self._values = int(start.ids[0]), start.values[0]
            noise = noise if start.noise is None else start.noise[None]
        self._age, self._ended, self._told = 0, False, {}
        self.rows.reset(np.ones((1, 1), dtype=bool), self._values[None, None], noise)
        return self._seen(), self._info()

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Observation, reward, terminated, truncated, info."""
        if not len(self._values):
            raise ResetNeeded("Cannot call env.step() before calling env.reset()")
        step = self.rows.step(as_action(action, self.action_space)[None, None])
        self._age += 1
        terminated = bool(step.terminated[0, 0])
        late = self._age >= self.contexts.environment.horizon
        self._ended, self._told = self._ended or terminated or late, self._info()
        return self._seen(), float(step.reward[0, 0]), terminated, late and self.spec is None, self._told

    def render(self) -> Any:
        """An image of the state, uint8 [height, width, 3]; None without a render mode."""
        return None if self.render_mode is None else self.rows.render()

    def close(self) -> None:
        """Free what is drawn into."""
        self.rows.close()

    def _played(self) -> bool:
        """Whether the episode ended. What ends it outside, such as a wrapper's time limit, is not told to it.

        Its own time limit stands in its spec. Who records episodes writes into `info` that one ended,
        Stable-Baselines3 also that it was truncated. And where a second one is left after as many steps as the first,
        both are taken to have ended.
        """
        limit = None if self.spec is None else self.spec.max_episode_steps
        late = limit is not None and self._age >= limit
        if self._ended or late or STATISTICS in self._told or self._told.get(TRUNCATED, False):
            return True
        cut = self._age in self._cuts
        if self._age:
            self._cuts.add(self._age)
        return cut

    def _seen(self) -> Any:
        return self._look(self.rows.observation[0, 0], self._values)

    def _info(self) -> dict[str, Any]:
        context = dict(zip(self.contexts.features, self._values.tolist(), strict=True))
        return {"context": context, "context_id": self._id}


def check_render_mode(mode: str | None, metadata: Mapping[str, Any]) -> None:
    """Raise a UserError if there is no such mode."""
    if mode not in (None, *metadata["render_modes"]):
        raise UserError(unknown("render mode", mode, metadata["render_modes"]))


def action_space(sizes: Spaces) -> spaces.Space:
    """Of one row."""
    if sizes.discrete:
        return spaces.Discrete(sizes.action)
    return spaces.Box(-sizes.limit, sizes.limit, (sizes.action,), np.float32)


def as_action(action: Any, space: spaces.Space) -> np.ndarray:
    """An action of `space`, or a batch of them, as environments take it: int64 or float32.

    Finite numbers beyond a box pass: each environment clips them as Gymnasium's own does.
    """
    taken = action
    try:
        if isinstance(space, spaces.Box):
            taken = np.asarray(action, dtype=np.float32)
            valid = taken.shape == space.shape and bool(np.isfinite(taken).all())
        else:
            valid = space.contains(action)
    except (TypeError, ValueError):  # no numbers
        valid = False
    if not valid:
        raise UserError(f"action {action!r} is not in {space}")
    return np.asarray(taken)
