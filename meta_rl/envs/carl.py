"""Environments of carl-bench by name, as simulators: Gymnasium's own, with the constants of a context put in.

carl-bench names the features and says their defaults and bounds; its own way of applying them is not used,
because it forgets what follows from a constant, sets globals that all instances share, and starts episodes
otherwise than Gymnasium. The default context is Gymnasium's environment, step for step.

CartPole, MountainCar, Pendulum and LunarLander have modules of their own. CARLVehicleRacing is left out: its one
feature is the number of a vehicle, 0 by default.
"""

import math
from collections.abc import Mapping
from functools import cache, cached_property
from types import MappingProxyType
from typing import Any

from meta_rl.contexts import Feature
from meta_rl.envs import simulator
from meta_rl.envs.edited_source import edited
from meta_rl.envs.simulator import SimulatorRows, private_copy
from meta_rl.spaces import Spaces

NO_MULTIPLES = "its default is 0, and ranges are multipliers of the default"
WHOLE = "it takes whole numbers only, which multiples of the default are not"
START = "it acts on where episodes start, which is as in Gymnasium, and not on how they go on"
GROUND = "it shapes the ground, which is drawn when an episode starts, and not how the walker moves"


class CarlEnvironment:
    """One environment, whose constants are attributes of Gymnasium's.

    Each feature of carl-bench is in `varied`, with its bounds and its unit, or in `refused`. Defaults are Gymnasium's
    values; tests hold the bounds against carl-bench's. Horizon and success are those that Gymnasium registers.
    Features and spaces wait until they are asked for: they take the simulator.
    """

    gymnasium_id: str
    carl: str
    varied: Mapping[str, tuple[float, float, str]]
    refused: Mapping[str, str]
    deviations: Mapping[str, str] = MappingProxyType({})
    limits: Mapping[str, tuple[float, str]] = MappingProxyType({})
    # What Gymnasium's file computes from features, and a context not.
    kept: Mapping[str, str] = MappingProxyType({})
    controllers: tuple[str, ...] = ()
    returns = (-math.inf, math.inf)
    rewarded = False
    noise = simulator.noise
    chunk = 64

    def __init__(self) -> None:
        import gymnasium

        self.__name__ = f"{__name__}:{self.carl}"
        registered = gymnasium.spec(self.gymnasium_id)
        self.horizon, self.success = registered.max_episode_steps, float(registered.reward_threshold)

    @cached_property
    def features(self) -> tuple[Feature, ...]:
        usual = self.make()
        return tuple(Feature(name, self.constant(usual, name), *said) for name, said in self.varied.items())

    @cached_property
    def spaces(self) -> Spaces:
        import gymnasium

        usual = self.make()
        discrete = isinstance(usual.action_space, gymnasium.spaces.Discrete)
        return Spaces(
            observation=usual.observation_space.shape[0],
            action=int(usual.action_space.n) if discrete else usual.action_space.shape[0],
            discrete=discrete,
            limit=1.0 if discrete else float(usual.action_space.high[0]),
            rewarded=self.rewarded,
        )

    def make(self, render_mode: str | None = None) -> Any:
        import gymnasium

        return gymnasium.make(self.gymnasium_id, render_mode=render_mode).unwrapped

    def constant(self, environment: Any, name: str) -> float:
        """The value that is in force in a new environment."""
        return float(getattr(environment, name))

    def apply(self, environment: Any, context: dict[str, float]) -> None:
        for name, value in context.items():
            setattr(environment, name, value)

    def build(self, varied: tuple[str, ...], rows: tuple[int, int], render: bool = False) -> SimulatorRows:
        return SimulatorRows(self, varied, rows, render)

    def plain(self, context: dict[str, float], render_mode: str | None = None) -> Any:
        """Gymnasium's environment, as if its module had been written with these constants."""
        import gymnasium

        creator: Any = gymnasium.envs.registration.load_env_creator(
            gymnasium.spec(self.gymnasium_id).entry_point
        )
        written = dict(self.kept)
        written.update(self.written(name, float(value)) for name, value in context.items())
        return getattr(edited(creator.__module__, written), creator.__name__)(render_mode=render_mode)

    def written(self, name: str, value: float) -> tuple[str, str]:
        """Where Gymnasium's module has the value of a feature, and how it is written there."""
        return name, repr(value)


class StateAttribute(CarlEnvironment):
    """One whose state is the attribute `state`, and follows from nothing else."""

    def snapshot(self, environment: Any) -> Any:
        return environment.state

    def restore(self, environment: Any, snapshot: Any) -> None:
        environment.state = snapshot  # a step replaces it


class Acrobot(StateAttribute):
    """Acrobot-v1: two links, of which the joint between them is driven (Sutton 1996). It ends at the height of
    one link of length 1 above the upper joint, whatever the links' lengths are."""

    gymnasium_id, carl = "Acrobot-v1", "CARLAcrobot"
    controllers = ("counter_swing",)
    returns = (-500.0, 0.0)  # -1 per step of 500, and 0 for the last one where it succeeds
    varied = MappingProxyType(
        {
            "LINK_LENGTH_1": (0.1, 10.0, "m"),
            "LINK_MASS_1": (0.1, 10.0, "kg"),
            "LINK_MASS_2": (0.1, 10.0, "kg"),
            "LINK_COM_POS_1": (0.0, 1.0, "m"),
            "LINK_COM_POS_2": (0.0, 1.0, "m"),
            "LINK_MOI": (0.1, 10.0, "kg m^2"),
            "MAX_VEL_1": (1.2566370614359, 125.6637061435917, "rad/s"),
            "MAX_VEL_2": (2.8274333882308, 282.7433388230814, "rad/s"),
        }
    )
    refused = MappingProxyType(
        {
            "LINK_LENGTH_2": "it is drawn, but is not in Gymnasium's equations of motion",
            "torque_noise_max": NO_MULTIPLES,
            "INITIAL_ANGLE_LOWER": START,
            "INITIAL_ANGLE_UPPER": START,
            "INITIAL_VELOCITY_LOWER": START,
            "INITIAL_VELOCITY_UPPER": START,
        }
    )


class MountainCarContinuous(StateAttribute):
    """MountainCarContinuous-v0 (Moore 1990), with a force as the action. Time is counted in steps."""

    gymnasium_id, carl = "MountainCarContinuous-v0", "CARLMountainCarContinuous"
    # A tenth of the squared force, which is 1 at most, in 999 steps, and 100 for the goal.
    returns = (-99.9, 100.0)
    varied = MappingProxyType(
        {
            "power": (0.0, math.inf, "m/step^2"),
            "max_speed": (0.0, math.inf, "m/step"),
            "goal_position": (0.0, 0.6, "m"),
            "min_position": (-math.inf, -0.6, "m"),
        }
    )
    deviations = MappingProxyType(
        {
            "power": "a negative power, which carl-bench allows, would only turn the actions round",
            "goal_position": "the default is Gymnasium's 0.45, not 0.5; before the right end, and of one sign",
            "min_position": "no start may lie beyond the left end",
        }
    )
    refused = MappingProxyType(
        {
            "max_position": "it lies beyond the goal, where episodes end",
            "goal_velocity": NO_MULTIPLES,
            "min_position_start": START,
            "max_position_start": START,
            "min_velocity_start": START,
            "max_velocity_start": START,
        }
    )

    def written(self, name: str, value: float) -> tuple[str, str]:
        return f"self.{name}", repr(value)


class BipedalWalker(CarlEnvironment):
    """BipedalWalker-v3 (Oleg Klimov's, over Box2D), each episode in a world of its own.

    Gymnasium's goes on in the world of the episode before, so that an episode depends on those before it; its
    first one after `gymnasium.make` is ours. Gravity belongs to the world, friction to the environment's fixtures,
    all else to globals of the module, of which each worker has a copy.
    """

    gymnasium_id, carl = "BipedalWalker-v3", "CARLBipedalWalker"
    kept = MappingProxyType({"TERRAIN_STEP": "14 / 30", "TERRAIN_HEIGHT": "VIEWPORT_H / 30 / 4"})
    rewarded = True  # torque costs, and the distance is counted in SCALE
    varied = MappingProxyType(
        {
            "GRAVITY_Y": (-20.0, -0.01, "m/s^2"),
            "MOTORS_TORQUE": (0.01, 200.0, "N m"),
            "SPEED_HIP": (0.01, 15.0, "rad/s"),
            "SPEED_KNEE": (0.01, 15.0, "rad/s"),
            "LEG_DOWN": (-2.0, -0.25, "m"),
            "LEG_W": (0.25, 0.5, "m"),
            "LEG_H": (0.25, 2.0, "m"),
            "FRICTION": (0.0, 10.0, "1"),
            "LIDAR_RANGE": (0.01, 20.0, "m"),
            "FPS": (1.0, 500.0, "1/s"),
            "SCALE": (1.0, 100.0, "px/m"),
        }
    )
    refused = MappingProxyType(
        {
            "GRAVITY_X": NO_MULTIPLES,
            "INITIAL_RANDOM": START,
            "TERRAIN_STEP": GROUND,
            "TERRAIN_HEIGHT": GROUND,
            "TERRAIN_STARTPAD": GROUND,
            "TERRAIN_LENGTH": WHOLE,
            "TERRAIN_GRASS": WHOLE,
            "VIEWPORT_W": WHOLE,
            "VIEWPORT_H": WHOLE,
        }
    )

    def written(self, name: str, value: float) -> tuple[str, str]:
        if name == "GRAVITY_Y":
            return "self.world", f"Box2D.b2World(gravity=(0, {value!r}))"
        return super().written(name, value)

    def make(self, render_mode: str | None = None) -> Any:
        own = private_copy("gymnasium.envs.box2d.bipedal_walker")
        environment = own.BipedalWalker(render_mode=render_mode)
        environment.own_module = own
        return environment

    def constant(self, environment: Any, name: str) -> float:
        gravity = environment.world.gravity[1]
        return float(gravity if name == "GRAVITY_Y" else vars(environment.own_module)[name])

    def apply(self, environment: Any, context: dict[str, float]) -> None:
        own = environment.own_module
        vars(own).update(context)
        environment.world = own.Box2D.b2World(gravity=(0, context["GRAVITY_Y"]))
        environment.terrain = []  # what stands in the old world goes with it
        for fixture in (environment.fd_edge, environment.fd_polygon):
            fixture.friction = own.FRICTION
        corners = [(x / own.SCALE, y / own.SCALE) for x, y in own.HULL_POLY]
        own.HULL_FD.shape = own.polygonShape(vertices=corners)
        own.LEG_FD.shape = own.polygonShape(box=(own.LEG_W / 2, own.LEG_H / 2))
        own.LOWER_FD.shape = own.polygonShape(box=(0.8 * own.LEG_W / 2, own.LEG_H / 2))


_CLASSES = {one.carl: one for one in (Acrobot, MountainCarContinuous, BipedalWalker)}


@cache
def __getattr__(name: str) -> CarlEnvironment:
    """The environment with carl-bench's name; an AttributeError says which there are."""
    if name not in _CLASSES:
        raise AttributeError(f"{__name__} has no environment '{name}', but {', '.join(_CLASSES)}")
    return _CLASSES[name]()
