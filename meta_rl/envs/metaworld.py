"""Meta-World's push-v3, pick-place-v3 and reach-v3 (Yu et al. 2019, Meta-World; package metaworld 3.1.1).

A Sawyer arm is moved by four numbers: the hand's displacement in x, y and z, and the gripper's effort. The
observation [39] is the hand (position, opening) and the puck (position, quaternion, padding) now and one step
before, then the goal's position. The reward is Meta-World's v2, from 0 to 10; no episode terminates.

`PUSH` and `PICK_PLACE` hide the dynamics: the goal is observed (Meta-World's MT1 convention), and puck and goal
are drawn for each episode, uniformly in Meta-World's own ranges. The features:

- `friction`: factor on all friction coefficients (sliding, torsional, rolling) of all geoms. The larger
  coefficient of two touching geoms counts in MuJoCo, so that a factor on one of them may change nothing.
- `damping`: factor on the damping of all joints, the arm's seven hinges (10 N m s/rad) and the gripper's two
  slides (1000 N s/m); the puck flies and slides undamped.
- `object_mass`: the puck's mass; its inertia is in proportion.

Within the bounds the simulation stayed finite under scripted and random actions. As Meta-World lets the hand
settle for 50 steps before an episode, hand and puck start slightly elsewhere in another context.

`REACH_GOAL` hides the goal (ML1 convention: the goal's part of the observation is 0). The goal is the context:
it acts on the reward and not on the dynamics. Its features are the goal's distances from the corner of
Meta-World's goal space with the least x, y and z, along each axis, so that multipliers of them make sense; the
default is the centre. The puck, which has no part in this task, starts in the half of its range that is
allowed with every goal, so that its position says nothing about the goal.

A context counts as solved from the lowest return, rounded down to tens, of those of 100 episodes of Meta-World's
scripted policy that end in what Meta-World calls success: 100 starts in the default context (push: 43 ended in
success; pick-place: all), for the hidden goal 100 goals over the goal space (all).
"""

import copy
import pickle
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from meta_rl import extras
from meta_rl.contexts import Feature
from meta_rl.envs import offscreen, simulator
from meta_rl.envs.simulator import SimulatorRows
from meta_rl.spaces import Spaces

if TYPE_CHECKING:
    import gymnasium

GOAL_CORNER = (-0.1, 0.8, 0.05)  # m, the least x, y and z of reach-v3's goal space
CLEARANCE = 0.15  # m between puck and goal, seen from above: Meta-World never starts with less
CAMERA = "topview"  # the views from the corners are upside down
# What Meta-World keeps of an episode beside MuJoCo's state, where a task has it.
KEPT = frozenset(
    {
        "curr_path_length", "_prev_obs", "_last_stable_obs", "_did_see_sim_exception", "obj_init_pos", "obj_init_angle",
        "init_tcp", "objHeight", "heightTarget", "maxPushDist", "maxPlacingDist", "maxReachDist", "_target_pos",
    }
)  # fmt: skip


class MetaWorld(ABC):
    """One task, whose workers are Meta-World's own environments."""

    features: tuple[Feature, ...]
    goal_hidden: bool
    kept = KEPT
    noise = simulator.noise
    horizon = 500
    returns = (0.0, 10.0 * horizon)  # its rewards lie in 0 to 10
    chunk = 8  # a worker takes about 25 MB
    gymnasium_id = None
    carl = None
    deviations: Mapping[str, str] = MappingProxyType({})
    refused: Mapping[str, str] = MappingProxyType({})
    limits: Mapping[str, tuple[float, str]] = MappingProxyType({})
    controllers = ("metaworld_scripted",)

    def __init__(self, task: str, success: float) -> None:
        self.task, self.success = task, success
        self.spaces = Spaces(observation=39, action=4, discrete=False, rewarded=self.goal_hidden)

    def build(self, varied: tuple[str, ...], rows: tuple[int, int], render: bool = False) -> SimulatorRows:
        return SimulatorRows(self, varied, rows, render)

    def make(self, render_mode: str | None = None) -> Any:
        """A worker; it renders the table from above."""
        extras.need("metaworld")
        return _made(_worker_class(self.task), render_mode)

    @abstractmethod
    def apply(self, worker: Any, context: dict[str, float]) -> None:
        """Put a context of all features into a worker, from the next start on."""

    def start(self, worker: Any, seed: int) -> np.ndarray:
        """Begin the episode that follows from `seed`, and return its first observation [39].

        Meta-World's reset ignores its seed: the start is a task that is set before.
        """
        from metaworld.types import Task

        worker = worker.unwrapped
        task = {
            "env_cls": _class(self.task),
            "rand_vec": self.positions(worker, np.random.default_rng(seed)),
            "partially_observable": self.goal_hidden,
        }
        worker.set_task(Task(self.task, pickle.dumps(task)))
        return worker.reset()[0]

    def snapshot(self, worker: Any) -> tuple[np.ndarray, dict[str, Any]]:
        import mujoco

        kind = mujoco.mjtState.mjSTATE_INTEGRATION
        state = np.empty(mujoco.mj_stateSize(worker.model, kind))
        mujoco.mj_getState(worker.model, worker.data, state, kind)
        own = vars(worker)
        return state, {name: copy.copy(own[name]) for name in self.kept & own.keys()}

    def restore(self, worker: Any, snapshot: tuple[np.ndarray, dict[str, Any]]) -> None:
        import mujoco

        state, kept = snapshot
        mujoco.mj_setState(worker.model, worker.data, state, mujoco.mjtState.mjSTATE_INTEGRATION)
        vars(worker).update({name: copy.copy(value) for name, value in kept.items()})

    @abstractmethod
    def positions(self, worker: Any, rng: np.random.Generator) -> np.ndarray:
        """Positions [6] of puck and goal at the start of an episode, in m."""

    def plain(self, context: dict[str, float], render_mode: str | None = None) -> "gymnasium.Env":
        """Meta-World's own environment. It truncates episodes itself, after 500 steps."""
        environment = _made(_class(self.task), render_mode)
        self.change(environment, context)
        self.start(environment, 0)
        environment.observation_space = environment.sawyer_observation_space  # of this visibility of the goal
        return _seeded(environment, self)

    @abstractmethod
    def change(self, environment: Any, context: dict[str, float]) -> None:
        """Put a context into a new environment of Meta-World's, by its names."""


class HiddenDynamics(MetaWorld):
    """The context acts on the model; puck and goal are drawn for each episode."""

    features = (
        Feature("friction", 1.0, 0.01, 100.0, "x"),
        Feature("damping", 1.0, 0.01, 100.0, "x"),
        Feature("object_mass", 0.75, 0.0075, 75.0, "kg"),
    )
    goal_hidden = False

    def apply(self, worker: Any, context: dict[str, float]) -> None:
        import mujoco

        model, default, mass = worker.model, worker.default_model, context["object_mass"]
        model.geom_friction[:] = context["friction"] * default.geom_friction
        model.dof_damping[:] = context["damping"] * default.dof_damping
        puck = default.body("obj").id
        model.body_mass[puck] = mass
        model.body_inertia[puck] = mass / default.body_mass[puck] * default.body_inertia[puck]
        mujoco.mj_setConst(model, worker.data)  # constants that follow from masses

    def positions(self, worker: Any, rng: np.random.Generator) -> np.ndarray:
        space = worker._random_reset_space
        while True:
            drawn = rng.uniform(space.low, space.high)
            if np.linalg.norm(drawn[:2] - drawn[3:5]) >= CLEARANCE:
                return drawn

    def change(self, environment: Any, context: dict[str, float]) -> None:
        import mujoco

        model, puck = environment.model, environment.model.body("obj")
        for geom in range(model.ngeom):
            model.geom(geom).friction *= context["friction"]
        for joint in range(model.njnt):
            model.joint(joint).damping *= context["damping"]
        puck.inertia *= context["object_mass"] / puck.mass
        puck.mass = context["object_mass"]
        mujoco.mj_setConst(model, environment.data)


class HiddenGoal(MetaWorld):
    """The context is the goal; the puck's place is drawn for each episode."""

    features = (
        Feature("goal_offset_x", 0.1, 0.0, 0.2, "m"),
        Feature("goal_offset_y", 0.05, 0.0, 0.1, "m"),
        Feature("goal_offset_z", 0.125, 0.0, 0.25, "m"),
    )
    goal_hidden = True
    kept = KEPT - {"_target_pos", "maxReachDist"}  # they are the context's

    def apply(self, worker: Any, context: dict[str, float]) -> None:
        worker.goal = np.add(GOAL_CORNER, [context[feature.name] for feature in self.features])

    def positions(self, worker: Any, rng: np.random.Generator) -> np.ndarray:
        low, high = (
            bound[:3].copy() for bound in (worker._random_reset_space.low, worker._random_reset_space.high)
        )
        high[1] = GOAL_CORNER[1] - CLEARANCE
        return np.concatenate([rng.uniform(low, high), worker.goal])

    def change(self, environment: Any, context: dict[str, float]) -> None:
        offsets = [context[f"goal_offset_{axis}"] for axis in "xyz"]
        environment.goal = environment.goal_space.low + offsets


PUSH = HiddenDynamics("push-v3", success=3600.0)
PICK_PLACE = HiddenDynamics("pick-place-v3", success=3950.0)
REACH_GOAL = HiddenGoal("reach-v3", success=4790.0)


def _class(task: str) -> Any:
    from metaworld.env_dict import ALL_V3_ENVIRONMENTS

    return ALL_V3_ENVIRONMENTS[task]


@cache
def _worker_class(task: str) -> Any:
    """Meta-World's class without what costs time and changes no observation and no reward."""
    import mujoco

    base: Any = _class(task)

    class Worker(base):
        default_model = base().model  # compiled once a process, a copy for each worker
        touching_main_object = False  # goes into `info` only, where rows do not look
        max_path_length = sys.maxsize  # rows count the steps

        def _initialize_simulation(self) -> tuple[Any, Any]:
            model = copy.copy(self.default_model)
            return model, mujoco.MjData(model)

    return Worker


def _made(kind: Any, render_mode: str | None) -> Any:
    if render_mode is not None:
        offscreen.prepare(mujoco=True)
    return kind(render_mode=render_mode, camera_name=CAMERA)


def _seeded(environment: Any, task: MetaWorld) -> "gymnasium.Env":
    """The environment with a reset that heeds its seed."""
    import gymnasium

    class Seeded(gymnasium.Wrapper):
        def reset(
            self, *, seed: int | None = None, options: dict[str, Any] | None = None
        ) -> tuple[np.ndarray, dict[str, Any]]:
            if seed is None:
                seed = int(self.np_random.integers(2**31))
            else:
                self.unwrapped.seed(seed)
            return task.start(self, seed), {}

    return Seeded(environment)
