"""Value iteration where the optimum is known: the shortest way round a ring, to a goal that the context says."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from meta_rl.contexts import Feature
from meta_rl.controllers.value_iteration import Grid, ValueIteration
from meta_rl.envs.base import PhysicsRows
from meta_rl.spaces import Spaces

PLACES = 12
FLOORS = 3  # the second variable: nothing changes it, and nothing depends on it


def step(state: Sequence[Any], action: Any, context: Sequence[Any]) -> tuple[tuple[Any, ...], Any, Any]:
    """One place to the left or to the right, or none, at a cost of 1 a step until the goal is reached."""
    place, floor = state
    place = place + (action - 1)
    terminated = np.isclose(place % PLACES, context[0])
    return (place, floor + 0 * place), -np.ones_like(place), terminated


RING = SimpleNamespace(
    features=(Feature("goal", 1.0, 0.0, PLACES - 1, "places"),),
    spaces=Spaces(observation=2, action=3, discrete=True),
    noise=2,
    horizon=20,
    initial=lambda noise, context: tuple(noise * [[PLACES], [FLOORS - 1]]),
    step=step,
    observation=lambda state: np.stack(state, axis=-1).astype(np.float32),
)


def controller() -> ValueIteration:
    grid = Grid((0.0, 0.0), (float(PLACES), FLOORS - 1.0), np.arange(3))
    return ValueIteration(lambda context: grid, (PLACES, FLOORS), periodic=(True, False))


def test_it_takes_the_shortest_way_to_the_goal_of_each_row() -> None:
    place, goal = (one.ravel().astype(float) for one in np.meshgrid(np.arange(PLACES), np.arange(PLACES)))
    environments = PhysicsRows(RING, ("goal",), (1, len(place)))
    every = np.ones(environments.rows, dtype=bool)
    environments.reset(every, goal[None, :, None], np.zeros((*environments.rows, 2)))
    turns = PLACES * np.random.default_rng(0).integers(-3, 4, len(place))
    environments.state = (place + turns)[None], np.ones((1, len(place)))
    act, steps, running = controller(), np.zeros(len(place)), every
    for _ in range(RING.horizon):
        steps += running[0]
        running = (
            running & ~environments.step(act(environments, np.zeros((*environments.rows, 1)))).terminated
        )
    shortest = np.minimum((goal - place) % PLACES, (place - goal) % PLACES)
    assert np.array_equal(steps, np.where(shortest == 0, 1, shortest))  # the goal counts after a step only


def test_values_between_points_are_those_of_the_straight_line_between_them() -> None:
    rng = np.random.default_rng(0)
    place, floor = rng.uniform(-30, 30, 1_000), rng.uniform(-0.5, FLOORS - 0.5, 1_000)
    corners, weights = controller()._corners((place, floor), (0.0, 0.0), (PLACES, FLOORS - 1.0))
    assert np.allclose(weights.sum(axis=1), 1.0)
    assert (weights >= 0).all()
    points = np.arange(PLACES * FLOORS)
    assert np.allclose((weights * (points % FLOORS)[corners]).sum(axis=1), np.clip(floor, 0, FLOORS - 1))
    around = np.exp(2j * np.pi * (points // FLOORS) / PLACES)
    left, right = (np.exp(2j * np.pi * side / PLACES) for side in (np.floor(place), np.floor(place) + 1))
    between = left + (place - np.floor(place)) * (right - left)
    assert np.allclose((weights * around[corners]).sum(axis=1), between)
