"""Policies from outside as an evaluation takes them: rows in, rows out, whatever they take themselves."""

import inspect
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from meta_rl.errors import UserError
from meta_rl.spaces import Spaces

_ODD = 3  # rows of a trial beyond all sizes, so that no other length is taken for the number of rows


class RowPolicy(Protocol):
    """What acts in N rows. Observations are as `meta_rl.gym.observations` makes them, of N rows."""

    gamma: float  # of its own discounted returns
    remembers: bool  # whether what it does depends on earlier steps of the episode
    looped: bool  # whether it takes one observation at a time
    together: bool  # whether rows may be played side by side, or only one episode after the other

    def begin(self, rows: int) -> None:
        """New episodes in so many rows."""

    def act(self, observation: Any) -> np.ndarray:
        """int64 [N] or float32 [N, A], which may hold what is no number."""

    def value(self, observation: Any) -> np.ndarray:
        """Its own estimate of the discounted return from here, [N]; NaN where it has none."""


class Called:
    """A function of observations; of observations and a state, which it returns with the actions; or of one row.

    What it is called with, and what that returns:

        function(observations)          actions
        function(observations, state)   actions and the next state; the first state is None

    If it cannot take a batch it is called row by row. An attribute `reset` is called before episodes begin, with the
    number of rows if it takes one.
    """

    gamma = 1.0

    def __init__(self, function: Callable[..., Any], spaces: Spaces, trial: Callable[[int], Any]) -> None:
        """`trial` makes observations of so many rows, to find out what the function takes."""
        self._function, self._spaces = function, spaces
        self._takes_state = _positional(function) >= 2
        reset = getattr(function, "reset", None)
        self._reset: Callable[..., Any] | None = reset if callable(reset) else None
        self.remembers = self._takes_state or self._reset is not None
        self.looped = self._finds_out(trial)
        self.together = not (self.looped and self._reset)
        self.begin(1)

    def begin(self, rows: int) -> None:
        if self._reset is not None:
            self._reset(*[rows] * (_positional(self._reset) > 0))
        self._state: Any = [None] * rows if self.looped else None

    def act(self, observation: Any) -> np.ndarray:
        rows = rows_of(observation)
        if not self.looped:
            actions, self._state = self._call(observation, self._state)
            return as_actions(actions, self._spaces, rows)
        each = [self._call(row_of(observation, row), self._state[row]) for row in range(rows)]
        self._state = [state for _, state in each]
        return np.concatenate([as_actions(action, self._spaces, 1) for action, _ in each])

    def value(self, observation: Any) -> np.ndarray:
        return np.full(rows_of(observation), np.nan)

    def _call(self, observation: Any, state: Any) -> tuple[Any, Any]:
        if not self._takes_state:
            return self._function(observation), None
        returned = self._function(observation, state)
        if not isinstance(returned, tuple) or len(returned) != 2:
            raise UserError(
                "policy: takes an observation and a state, so it must return two: actions and the next state"
            )
        return returned

    def _finds_out(self, trial: Callable[[int], Any]) -> bool:
        """Whether it takes one observation at a time: a batch fails, or gives something else than so many actions."""
        sizes = self._spaces.observation, self._spaces.action
        rows = max(sizes) + _ODD
        batch = trial(rows)
        failures = []
        for looped, observation, count in ((False, batch, rows), (True, row_of(batch, 0), 1)):
            try:
                self.looped = looped
                self.begin(count)
                as_actions(self._call(observation, None)[0], self._spaces, count)
                return looped
            except Exception as error:  # what it cannot take may fail in any way
                failures.append(error)
        tried = "; ".join(
            f"{what}: {type(error).__name__}: {error}"
            for what, error in zip(("a batch", "one observation"), failures, strict=True)
        )
        raise UserError(
            f"policy: gives no actions, neither for a batch nor for one observation ({tried})"
        ) from (failures[1])


def as_actions(given: Any, spaces: Spaces, rows: int) -> np.ndarray:
    """Actions of N rows as environments take them. A UserError if they are of another shape or kind."""
    actions = np.asarray(given.detach().cpu() if hasattr(given, "detach") else given)
    if spaces.discrete:
        right = f"{rows} whole numbers from 0 to {spaces.action - 1}"
        if actions.size == rows and actions.ndim <= 2 and actions.dtype.kind in "iub":
            actions = actions.reshape(rows).astype(np.int64)
            if ((actions >= 0) & (actions < spaces.action)).all():
                return actions
    else:
        right = f"numbers of the shape ({rows}, {spaces.action})"
        flat = rows == 1 or spaces.action == 1  # where an axis of one may be missing
        if actions.dtype.kind in "fiu" and (
            actions.shape == (rows, spaces.action) or (flat and actions.size == rows * spaces.action)
        ):
            return actions.reshape(rows, spaces.action).astype(np.float32)
    raise UserError(f"policy: returns {actions.dtype} of the shape {actions.shape}, but must return {right}")


def rows_of(observation: Any) -> int:
    """N"""
    return len(observation["obs"] if isinstance(observation, dict) else observation)


def row_of(observation: Any, row: int) -> Any:
    """The observation of one row."""
    if isinstance(observation, dict):
        return {key: row_of(value, row) for key, value in observation.items()}
    return observation[row]


def _positional(function: Callable[..., Any]) -> int:
    """How many arguments it asks for; 1 where nobody can say."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 1
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(one.kind in kinds and one.default is one.empty for one in parameters)
