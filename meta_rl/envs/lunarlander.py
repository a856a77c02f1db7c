"""LunarLander-v3 of Gymnasium (discrete actions), with the constants of its physics as context features.

Oleg Klimov's environment over Box2D. Names, defaults and bounds of the features are carl-bench's, as far as
`deviations` does not say otherwise; its own environment falls at -10 whatever the context says, because
Gymnasium builds the world anew with each episode. Gravity is an attribute of the environment; all else are
globals of Gymnasium's module, so that each worker has a copy of that module to itself.

Engines give an impulse in each step: their power times their distance from the centre of mass, which scatters.
At the defaults the main engine accelerates the craft (4.96 kg with its legs) by 17.5 m/s^2 on average.
"""

import math
import sys
from typing import Any

from meta_rl.contexts import Feature
from meta_rl.envs import simulator
from meta_rl.envs.edited_source import edited
from meta_rl.envs.simulator import SimulatorRows, private_copy
from meta_rl.spaces import Spaces

GRAVITY = "GRAVITY_Y"
MODULE = "gymnasium.envs.box2d.lunar_lander"

features = (
    Feature(GRAVITY, -10.0, -44.0, -0.01, "m/s^2"),
    Feature("MAIN_ENGINE_POWER", 13.0, 0.0, 50.0, "N s/m"),
    Feature("SIDE_ENGINE_POWER", 0.6, 0.0, 50.0, "N s/m"),
    Feature("SIDE_ENGINE_HEIGHT", 14.0, 1.0, 20.0, "px"),
    Feature("SIDE_ENGINE_AWAY", 12.0, 1.0, 20.0, "px"),
    Feature("LEG_AWAY", 20.0, 0.0, 50.0, "px"),
    Feature("LEG_DOWN", 18.0, 0.0, 50.0, "px"),
    Feature("LEG_W", 2.0, 1.0, 10.0, "px"),
    Feature("LEG_H", 8.0, 1.0, 20.0, "px"),
    Feature("LEG_SPRING_TORQUE", 40.0, 0.0, 100.0, "N m"),
    Feature("FPS", 50.0, 1.0, 500.0, "1/s"),
    Feature("SCALE", 30.0, 1.0, 100.0, "px/m"),
)
spaces = Spaces(observation=8, action=4, discrete=True)
noise = simulator.noise
horizon = 1000
returns = (-math.inf, math.inf)  # shaped by distance and speed, which have no bound that holds everywhere
success = 200.0  # Gymnasium's reward threshold
chunk = 64  # a worker takes about 0.13 MB and 0.4 ms to make
gymnasium_id = "LunarLander-v3"
carl = "CARLLunarLander"
deviations = {
    GRAVITY: "down to -44, 4.4 times the default: the physics allow it; below 0, so that it keeps its sign"
}
refused = {
    "GRAVITY_X": "its default is 0, and ranges are multipliers of the default",
    "INITIAL_RANDOM": "it acts on where episodes start, which is as in Gymnasium, and not on how they go on",
    "VIEWPORT_W": "it takes whole numbers only, which multiples of the default are not",
    "VIEWPORT_H": "it takes whole numbers only, which multiples of the default are not",
}
limits = {GRAVITY: (1.75, "the main engine at full power does not hold the craft up")}
controllers = ("lander_heuristic",)


def make(render_mode: str | None = None) -> Any:
    own = private_copy(MODULE)
    environment = own.LunarLander(render_mode=render_mode)
    environment.constants = vars(own)
    return environment


def apply(environment: Any, context: dict[str, float]) -> None:
    constants = dict(context)
    environment.gravity = constants.pop(GRAVITY)
    environment.constants.update(constants)


def build(varied: tuple[str, ...], rows: tuple[int, int], render: bool = False) -> SimulatorRows:
    return SimulatorRows(sys.modules[__name__], varied, rows, render)


def plain(context: dict[str, float], render_mode: str | None = None) -> Any:
    """Gymnasium's own environment, as if its module had been written with these constants.

    Its argument for gravity must lie between -12 and 0; the attribute that it sets need not.
    """
    written = {
        "self.gravity" if name == GRAVITY else name: repr(float(value)) for name, value in context.items()
    }
    return edited(MODULE, written).LunarLander(render_mode=render_mode)
