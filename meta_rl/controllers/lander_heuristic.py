"""The heuristic that Gymnasium publishes with LunarLander (`lunar_lander.heuristic`), made to know gravity.

Two PD controllers: one turns the craft so that thrust pushes it towards the pad, the other holds its height
above a cone over the pad. At the default context they choose Gymnasium's actions. Elsewhere, with g for the
strength of gravity, the gains follow from physics:

- The push to the side is the thrust that holds the craft up times the tilt, so that the tilt goes with 1 / g.
- The speed of descent goes with what the main engine has left over g, to the power of 1.5: the less that is,
  the longer it burns, and the side engines, which cannot burn at the same time, need their turn.
- Where g is weak the main engine is hardly needed for the descent: then it also burns against drift.

Of the other features it knows what they do to the thrust, no more. It is a reference, not a competitor. Mean return
over gravity [m/s^2], 100 episodes each:

    0.5  0.75    1    2    4    6    8   10   12   14   15   16   17   18   20   22   44
    168   260  282  299  286  290  278  260  260  236  214   97  -22  -58  -76  -88 -230

It solves most starts from 0.75 to 15; from 17.5 the main engine cannot hold the craft up. Gymnasium's heuristic,
which does not know gravity, has -9 at 0.5, 73 at 1, 212 at 2, 71 at 12, -21 at 14 and -58 at 16 m/s^2.
"""

import numpy as np

from meta_rl.controllers.base import Controller
from meta_rl.envs.simulator import SimulatorRows
from meta_rl.spaces import Environments

NOTHING, LEFT, MAIN, RIGHT = range(4)
G, THRUST = 10.0, 17.47  # m/s^2, of the default context, for which the gains were published
SLACK = 0.05  # no engine burns for less
TILT, STEEPEST = 0.4, 1.1  # rad: the largest tilt at G, and at any gravity
SLOWEST = 0.2  # part of the published speed of descent

# From Gymnasium: density [kg/m^2] times area [px^2] of the hull; density of the legs, of which LEG_W and LEG_H
# are half the sides; mean distance [px] from the centre of mass at which the main engine's impulse acts.
HULL, LEG_DENSITY, ENGINE_AWAY = 5.0 * 867, 1.0, 4.0


def act(environments: Environments, chance: np.ndarray) -> np.ndarray:
    assert isinstance(environments, SimulatorRows)
    context = environments.context
    g = -context["GRAVITY_Y"]
    x, y, vx, vy, angle, spin, left_leg, right_leg = np.moveaxis(environments.observation, -1, 0)
    landed = (left_leg + right_leg) > 0
    drift = 0.5 * x + 1.0 * vx
    steepest = np.minimum(np.arctan(np.tan(TILT) * G / g), STEEPEST)
    tilt = np.clip(drift * G / g, -steepest, steepest)
    turn = np.where(landed, 0.0, 0.5 * (tilt - angle) - 1.0 * spin)

    left_over = np.maximum(_thrust(context) - g, 0.0) / (THRUST - G)
    speed = np.clip(left_over**1.5, SLOWEST, 1.0)
    lift = np.where(landed, 0.0, speed * 0.5 * (0.55 * np.abs(x) - y)) - 0.5 * vy
    against = (angle * np.sign(drift) > 0.7 * steepest) & (vy < 0.3) & ~landed
    brake = 2 * np.maximum(0.0, 1 - g / G) * (np.abs(drift) - 0.1)
    lift = np.where(against, np.maximum(lift, brake), lift)

    rotate = np.select([turn < -SLACK, turn > SLACK], [RIGHT, LEFT], NOTHING)
    return np.where((lift > np.abs(turn)) & (lift > SLACK), MAIN, rotate)


def _thrust(context: dict[str, np.ndarray]) -> np.ndarray:
    """Mean acceleration [m/s^2] of the craft and its legs while the main engine burns."""
    scale = context["SCALE"]
    mass = (HULL + 2 * LEG_DENSITY * 4 * context["LEG_W"] * context["LEG_H"]) / scale**2
    return context["MAIN_ENGINE_POWER"] * ENGINE_AWAY / scale * context["FPS"] / mass


def build() -> Controller:
    return act
