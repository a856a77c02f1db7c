"""The scene of the Striker as a Gymnasium environment: one MuJoCo model, whose context can be changed."""

import copy
import functools
import math
import weakref
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import gymnasium
import mujoco
import numpy as np

from meta_rl.envs import offscreen
from meta_rl.envs.striker_task import Task

FRAME_SKIP = 5  # of 0.01 s
STRUCK = 0.1  # distance [m] of ball and paddle below which the ball counts as struck
STATE = mujoco.mjtState.mjSTATE_INTEGRATION


class Scene(gymnasium.Env):
    """One arm, one ball, one goal. Episodes do not end by themselves. `written` is a context that the file has."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 20}  # noqa: RUF012 (Gymnasium's)

    def __init__(
        self, task: Task, render_mode: str | None = None, written: dict[str, float] | None = None
    ) -> None:
        if render_mode is not None:
            offscreen.prepare(mujoco=True)
        self.task, self.render_mode = task, render_mode
        self.model = _written(task.without, written) if written else copy.copy(_compiled(task.without))
        self.data = data = mujoco.MjData(self.model)
        places = [data.xpos[self.model.body(name).id] for name in ("paddle", "ball", "goal")]
        self._seen = (data.qpos[:7], data.qvel[:7], *places)  # views of what MuJoCo writes
        self._paddle, self._ball, self._goal = places
        self._torque = data.ctrl
        self._struck_at: list[float] | None = None
        self._nearest = math.inf
        self._renderer: Any = None
        self.limit = float(self.model.actuator_ctrlrange[0, 1])
        self.action_space = gymnasium.spaces.Box(-self.limit, self.limit, (7,), np.float32)
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (23,), np.float32)

    def change(self, context: dict[str, float]) -> None:
        """Replace these values of the model: `gravity` and what its ball has of the features."""
        model, ball = self.model, self.model.body("ball").id
        model.opt.gravity[2] = context["gravity"]
        model.body_mass[ball] = context["ball_mass"]  # it slides and never turns: its inertia is inert
        model.dof_damping[7:9] = context["ball_damping"]  # in x and y
        if "ball_friction" in context:
            model.pair_friction[model.pair("ball_table").id, :2] = context["ball_friction"]
        mujoco.mj_setConst(model, self.data)  # constants that follow from masses

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        super().reset(seed=seed)
        data, task = self.data, self.task
        mujoco.mj_resetData(self.model, data)
        data.qpos[:7], data.qpos[7:9] = task.arm, task.ball
        data.qvel[:7] = self.np_random.uniform(-0.1, 0.1, 7)
        goal = self.np_random.uniform(*task.goal)
        data.mocap_pos[0, :2] = goal
        turn = math.atan2(task.ball[0] - goal[0], goal[1] - task.ball[1]) / 2
        data.mocap_quat[0] = math.cos(turn), 0, 0, math.sin(turn)  # its open side faces the ball
        self._struck_at, self._nearest = None, math.inf
        mujoco.mj_forward(self.model, data)
        return self._observation(), {}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Hold the torques [7] for 0.05 s."""
        self._torque[:] = action
        reward = self._reward()
        mujoco.mj_step(self.model, self.data, FRAME_SKIP)
        mujoco.mj_kinematics(self.model, self.data)  # positions that belong to the angles
        return self._observation(), reward, False, False, {}

    def _reward(self) -> float:
        """Of the torques and of the state that they begin in."""
        paddle, ball = self._paddle.tolist(), self._ball.tolist()
        near = math.dist(ball, paddle)
        if near < STRUCK:
            self._struck_at = paddle
        if self._struck_at is not None:
            near = math.dist(ball, self._struck_at)
        distance = math.dist(ball, self._goal.tolist())
        if self.task.nearest:
            distance = self._nearest = min(self._nearest, distance)
        return -3 * distance - 0.1 * float(self._torque.dot(self._torque)) - 0.5 * near

    def _observation(self) -> np.ndarray:
        return np.concatenate(self._seen, dtype=np.float32)

    def snapshot(self) -> tuple[Any, ...]:
        """All that the rest of an episode follows from, beside the context and the actions.

        MuJoCo's part are positions, velocities, activations, time, and the accelerations that its solver starts from.
        """
        state = np.empty(mujoco.mj_stateSize(self.model, STATE))
        mujoco.mj_getState(self.model, self.data, state, STATE)
        return state, self._struck_at, self._nearest

    def restore(self, snapshot: tuple[Any, ...]) -> None:
        state, self._struck_at, self._nearest = snapshot
        mujoco.mj_setState(self.model, self.data, state, STATE)
        mujoco.mj_kinematics(self.model, self.data)

    def render(self) -> np.ndarray:
        """uint8 [480, 640, 3]."""
        if self._renderer is None:
            self._renderer = mujoco.Renderer(self.model, 480, 640)
            weakref.finalize(self, self._renderer.close)  # before OpenGL itself is gone
        self._renderer.update_scene(self.data, camera="view")
        return self._renderer.render()

    def close(self) -> None:
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None


@functools.cache
def _compiled(without: frozenset[str]) -> Any:
    """The model without the elements of these names, compiled once a process. Users take a copy."""
    return _model(_scene(without))


def _written(without: frozenset[str], context: dict[str, float]) -> Any:
    """The model of a file in which the context is written down."""
    root = _scene(without)
    named = {one.get("name"): one for one in root.iter() if one.tag in ("joint", "geom", "pair")}
    ball = next(geom for geom in root.iter("geom") if geom.get("name") == "ball")
    ball.set("mass", str(context["ball_mass"]))
    for joint in ("ball_x", "ball_y"):
        named[joint].set("damping", str(context["ball_damping"]))
    if "ball_friction" in context:
        sliding = str(context["ball_friction"])
        named["ball_table"].set("friction", f"{sliding} {sliding} 0 0 0")
    for option in root.iter("option"):
        option.set("gravity", f"0 0 {context['gravity']}")
    return _model(root)


def _scene(without: frozenset[str]) -> ElementTree.Element:
    root = ElementTree.parse(Path(__file__).with_name("striker.xml")).getroot()
    for parent in list(root.iter()):
        for child in [child for child in parent if child.get("name") in without]:
            parent.remove(child)
    return root


def _model(root: ElementTree.Element) -> Any:
    return mujoco.MjModel.from_xml_string(ElementTree.tostring(root, encoding="unicode"))
