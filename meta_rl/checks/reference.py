"""How far rows are from the plain environment, and whether that is a reference at all: code cannot vouch for itself."""

import math
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import numpy as np

from meta_rl.checks.trials import NOISE, started
from meta_rl.envs import simulator
from meta_rl.envs.base import Environment, PhysicsRows

# What an environment offers its rows, in either of its forms. (Where an episode starts, `start`, is no physics.)
_OWN = ("make", "apply", "initial", "step", "observation")


def difference(environment: Environment, context: dict[str, float], actions: np.ndarray) -> float:
    """Largest difference in observation, reward or state to the plain environment in a context.

    Infinite if one ends and the other does not; NaN if the plain environment runs the code that the rows run.

    Contacts make rounding errors grow: where an environment can put a reference into the state of a row (`follow`),
    each step begins in the same state, and all of the `state` that it leads to is compared.
    """
    rows: Any = started(environment, [context])
    follow, state = (getattr(environment, name, None) for name in ("follow", "state"))
    with _watched(environment) as watch:
        plain: Any = watch(environment.plain, context)
        with closing(plain):
            if isinstance(rows, PhysicsRows):
                watch(plain.reset, seed=0)
                plain.unwrapped.state = np.array([column[0, 0] for column in rows.state])
                worst = 0.0
            else:
                start = getattr(environment, "start", simulator.start)
                seed = simulator.seed(np.random.default_rng(NOISE).random())
                worst = _apart(watch(start, plain, seed), rows.observation)
            for action in actions:
                if follow:
                    follow(plain, rows.workers[0])
                step = rows.step(np.broadcast_to(action, (1, 1, *action.shape)))
                observation, reward, terminated, _, _ = watch(plain.step, action)
                worst = max(worst, _apart(observation, step.next_observation), _apart(reward, step.reward))
                if state:
                    worst = max(worst, _apart(state(plain), state(rows.workers[0])))
                if terminated != step.terminated[0, 0]:
                    worst = math.inf
                if terminated or worst == math.inf:
                    break
    return math.nan if watch.own else worst


def _apart(expected: Any, found: np.ndarray) -> float:
    """Largest difference in single precision, in which rows observe and agents learn."""
    return float(np.abs(np.float32(expected) - np.float32(found)).max())


class _Watch:
    """Calls functions, and notes in `own` whether the environment's own code ran meanwhile."""

    def __init__(self) -> None:
        self.own = self.on = False

    def __call__(self, function: Any, *arguments: Any, **named: Any) -> Any:
        self.on = True
        try:
            return function(*arguments, **named)
        finally:
            self.on = False

    def noting(self, function: Any) -> Any:
        def noted(*arguments: Any, **named: Any) -> Any:
            self.own |= self.on
            return function(*arguments, **named)

        return noted


@contextmanager
def _watched(environment: Any) -> Iterator[_Watch]:
    """A watch over what the environment offers its rows."""
    watch, missing = _Watch(), object()
    replaced = {name: vars(environment).get(name, missing) for name in _OWN if hasattr(environment, name)}
    try:
        for name in replaced:
            setattr(environment, name, watch.noting(getattr(environment, name)))
        yield watch
    finally:
        for name, before in replaced.items():
            if before is missing:  # it is the class's
                delattr(environment, name)
            else:
                setattr(environment, name, before)
