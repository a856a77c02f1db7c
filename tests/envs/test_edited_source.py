"""Gymnasium's modules with other constants in their text: where these stand, and what is refused."""

import numpy as np
import pytest
from gymnasium.envs.classic_control import acrobot, continuous_mountain_car

from meta_rl.envs.edited_source import edited

WALKER = "gymnasium.envs.box2d.bipedal_walker"


def test_a_constant_is_written_wherever_it_stands_and_gymnasiums_own_module_keeps_it() -> None:
    """In a class, in a method over several lines, one of two in a line, and in what is computed from it."""
    heavy = edited("gymnasium.envs.classic_control.acrobot", {"LINK_MASS_1": "2.5"}).AcrobotEnv
    assert (heavy.LINK_MASS_1, heavy.LINK_MASS_2, acrobot.AcrobotEnv.LINK_MASS_1) == (2.5, 1.0, 1.0)
    far = edited("gymnasium.envs.classic_control.continuous_mountain_car", {"self.goal_position": "0.3"})
    assert far.Continuous_MountainCarEnv().goal_position == 0.3
    assert continuous_mountain_car.Continuous_MountainCarEnv().goal_position == 0.45
    walker = edited(WALKER, {"LEG_H": "2.0", "SCALE": "60.0"})
    assert (walker.LEG_W, walker.LEG_H) == (8 / 60, 2.0)
    assert np.isclose(walker.LEG_DOWN, -8 / 60)


def test_what_is_not_assigned_or_more_than_once_is_refused() -> None:
    with pytest.raises(ValueError, match=r"bipedal_walker: not assigned exactly once: LEG_X, self\.hull"):
        edited(WALKER, {"LEG_X": "1.0", "FPS": "40", "self.hull": "None"})
