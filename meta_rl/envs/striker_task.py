"""What the two versions of the Striker differ in, apart from the scene, which imports MuJoCo."""

from typing import NamedTuple


class Task(NamedTuple):
    """How episodes start, what they reward, and what of the scene they need. Lengths in m, angles in rad.

    `goal` holds the lowest and the highest x and y. `nearest`: the reward counts the smallest distance between
    ball and goal so far, not the present one. `without`: names of the elements that are left out of the scene.
    """

    arm: tuple[float, ...]
    ball: tuple[float, float]
    goal: tuple[tuple[float, float], tuple[float, float]]
    nearest: bool
    without: frozenset[str] = frozenset()
