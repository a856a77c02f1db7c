"""Striker: a seven-joint arm strikes a ball towards a goal, in two versions over one scene of our own (MuJoCo).

The scene is written from the figures of OpenAI Gym's Striker (Brockman et al. 2016) and of the variant in
"Environment Probing Interaction Policies" (Zhou, Pinto & Gupta 2019); docs/striker.md says what differs.

- `STRIKER` is Gym's task under gravity: each episode has a goal of its own. The arm is compensated for gravity,
  which acts on the ball: the table slows it with the force `ball_friction` * `ball_mass` * |`gravity`|.
- `STRIKER_EPI` is EPI's task without gravity: one goal, and `ball_damping` [N s/m] alone slows the ball.

Observations [23] are the seven joints' angles and velocities, and the positions of paddle, ball and goal, but
not the ball's velocity. Actions are the motors' torques [N m]. The arm can feel the context only in the ball.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from meta_rl import extras
from meta_rl.contexts import Feature
from meta_rl.envs import simulator
from meta_rl.envs.simulator import SimulatorRows
from meta_rl.envs.striker_task import Task
from meta_rl.spaces import Spaces

if TYPE_CHECKING:  # MuJoCo takes its time to import
    from meta_rl.envs.striker_scene import Scene

GRAVITY = Feature("gravity", -9.81, -50.0, -0.1, "m/s^2")
MASS = Feature("ball_mass", 0.157, 0.01, 2.0, "kg")
DAMPING = Feature("ball_damping", 0.1, 0.0, 5.0, "N s/m")
DAMPING_ALONE = Feature("ball_damping", 0.5, 0.0, 5.0, "N s/m")  # where there is no friction
FRICTION = Feature("ball_friction", 0.2, 0.0, 0.5, "1")
WALLS = ("wall_left", "wall_middle", "wall_right")  # behind the goal


class Striker:
    """One task, whose features are varied and whose `fixed` values are not."""

    spaces = Spaces(observation=23, action=7, discrete=False, limit=3.0)
    noise = simulator.noise
    horizon = 200
    returns = (-math.inf, 0.0)  # rewards are distances and torques, all costs
    chunk = 64  # a worker takes about 0.5 MB and 2 ms to make
    gymnasium_id = None
    carl = None
    deviations: Mapping[str, str] = MappingProxyType({})
    refused: Mapping[str, str] = MappingProxyType({})
    limits: Mapping[str, tuple[float, str]] = MappingProxyType({})
    controllers = ("striker_swing",)

    def __init__(
        self, task: Task, features: tuple[Feature, ...], fixed: dict[str, float], success: float
    ) -> None:
        self.task, self.features, self.fixed, self.success = task, features, fixed, success

    def build(self, varied: tuple[str, ...], rows: tuple[int, int], render: bool = False) -> SimulatorRows:
        return SimulatorRows(self, varied, rows, render)

    def make(self, render_mode: str | None = None) -> "Scene":
        """A worker in the default context."""
        extras.need("mujoco")
        from meta_rl.envs.striker_scene import Scene

        scene = Scene(self.task, render_mode)
        self.apply(scene, {feature.name: feature.default for feature in self.features})
        return scene

    def apply(self, worker: "Scene", context: dict[str, float]) -> None:
        """Put a context of all features into a worker, from the next start on."""
        worker.change(self.fixed | context)

    def snapshot(self, worker: "Scene") -> tuple[Any, ...]:
        return worker.snapshot()

    def restore(self, worker: "Scene", snapshot: tuple[Any, ...]) -> None:
        worker.restore(snapshot)

    def plain(self, context: dict[str, float], render_mode: str | None = None) -> Any:
        """A scene whose file says the context. Task and rewards are ours: Gymnasium has no Striker."""
        from meta_rl.envs.striker_scene import Scene

        return Scene(self.task, render_mode, written=self.fixed | context)


# An arm that never moves has a mean return of -510 in the first task and of -850 in the second one. From half of
# that cost on a context counts as solved: at the defaults planned swings do (docs/striker.md).
STRIKER = Striker(
    Task(arm=(0.0,) * 7, ball=(0.5, -0.175), goal=((0.15, 0.1), (0.7, 1.0)), nearest=True),
    features=(GRAVITY, MASS, DAMPING, FRICTION),
    fixed={},
    success=-255.0,
)
STRIKER_EPI = Striker(
    Task(
        arm=(-0.2, 0.5, -1.5, -1.5, 1.0, 0.0, 0.0),
        ball=(0.5, -0.3),
        goal=((0.0, 1.0), (0.0, 1.0)),
        nearest=False,
        without=frozenset({"ball_z", "ball_table", *WALLS, *(f"ball_{wall}" for wall in WALLS)}),
    ),
    features=(MASS, DAMPING_ALONE),
    fixed={"gravity": 0.0},
    success=-425.0,
)
