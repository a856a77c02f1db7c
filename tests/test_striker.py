"""Striker: the model read back, ball and arm against formulas, rewards by hand, and planned swings."""

import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import pytest

from meta_rl import registry
from meta_rl.controllers import striker_swing
from meta_rl.envs import striker
from meta_rl.envs.simulator import SimulatorRows
from meta_rl.envs.striker import STRIKER, STRIKER_EPI, Striker

XML = Path(striker.__file__).with_suffix(".xml")
TIME_STEP, FRAME_SKIP, ARMATURE = 0.01, 5, 0.1  # published; the ball moves as if it were 0.1 kg heavier
REST = np.zeros(7, dtype=np.float32)
CHANGED = {"gravity": -3.7, "ball_mass": 0.4, "ball_damping": 0.9, "ball_friction": 0.05}
BEHIND = np.array([0.2, 0.9, -1.4, -1.3, 0.9, -0.1, 0.2])  # angles of two poses
BEYOND = np.array([0.8, 0.8, -1.4, -0.8, 1.0, -0.1, 0.4])

every_task = pytest.mark.parametrize("task", [STRIKER, STRIKER_EPI], ids=["striker", "striker_epi"])


def context(task: Striker, **changed: float) -> dict[str, float]:
    return {feature.name: feature.default for feature in task.features} | changed


def changed(task: Striker) -> dict[str, float]:
    """A context with no feature at its default."""
    return {feature.name: CHANGED[feature.name] for feature in task.features}


def started(task: Striker, values: dict[str, float] | None = None, seed: int = 0) -> Any:
    worker = task.make()
    task.apply(worker, context(task) | (values or {}))
    worker.reset(seed=seed)
    return worker


def swing(observation: np.ndarray, time: int) -> np.ndarray:
    """Torques that strike the ball in both tasks."""
    if time >= 17:
        return REST
    angles, speeds = observation[:7], observation[7:14]
    wanted = 4.5 * (BEHIND - angles) - 0.8 * speeds if time < 8 else 4.5 * (BEYOND - angles)
    return np.float32(wanted.clip(-3, 3))


def struck(task: Striker, worker: Any, steps: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Observations [steps + 1, 23], actions [steps, 7] and rewards [steps] of a swing."""
    seen, actions, rewards = [worker._observation()], [], []
    for time in range(steps):
        actions.append(swing(seen[-1], time))
        observation, reward, terminated, truncated, _ = worker.step(actions[-1])
        assert (terminated, truncated) == (False, False)
        seen.append(observation)
        rewards.append(reward)
    return np.array(seen), np.array(actions), np.array(rewards)


def model_values(model: Any) -> list[np.ndarray]:
    """All that a context acts on, and constants that follow from it."""
    names = ("body_mass", "dof_damping", "pair_friction", "dof_invweight0", "body_invweight0", "dof_M0")
    return [model.opt.gravity.copy(), *(getattr(model, name).copy() for name in names)]


# the model


@every_task
def test_a_context_is_read_back_from_the_model(task: Striker) -> None:
    worker = started(task, changed(task))
    model, ball = worker.model, worker.model.body("ball")
    assert ball.mass == CHANGED["ball_mass"]
    assert [model.joint(name).damping for name in ("ball_x", "ball_y")] == [CHANGED["ball_damping"]] * 2
    # What mj_setConst derives: the mass that each slide moves, and the inverse of the ball's own.
    assert model.dof_M0[7:9] == pytest.approx([CHANGED["ball_mass"] + ARMATURE] * 2)
    assert ball.invweight0[0] == pytest.approx(1 / CHANGED["ball_mass"])
    if task is STRIKER:
        assert model.opt.gravity.tolist() == [0, 0, CHANGED["gravity"]]
        assert model.pair("ball_table").friction.tolist() == [0.05, 0.05, 0, 0, 0]
        assert model.dof_M0[9] == CHANGED["ball_mass"]
    else:
        assert model.opt.gravity.tolist() == [0, 0, 0]


@every_task
def test_contexts_do_not_add_up_or_leak(task: Striker) -> None:
    first, second, untouched = task.make(), task.make(), task.make()
    task.apply(first, changed(task))
    for ours, expected in zip(model_values(second.model), model_values(untouched.model), strict=True):
        assert np.array_equal(ours, expected)
    assert first.model.body("ball").mass != second.model.body("ball").mass
    task.apply(first, context(task))
    for ours, expected in zip(model_values(first.model), model_values(untouched.model), strict=True):
        assert np.array_equal(ours, expected)


def test_the_default_context_is_the_untouched_model() -> None:
    worker = started(STRIKER)
    model = mujoco.MjModel.from_xml_path(str(XML))
    data = mujoco.MjData(model)
    data.qpos[:], data.qvel[:] = worker.data.qpos, worker.data.qvel
    data.mocap_pos[:], data.mocap_quat[:] = worker.data.mocap_pos, worker.data.mocap_quat
    mujoco.mj_forward(model, data)
    _, actions, _ = struck(STRIKER, worker)
    for action in actions:
        data.ctrl[:] = action
        for _ in range(FRAME_SKIP):
            mujoco.mj_step(model, data)
    assert np.array_equal(data.qpos, worker.data.qpos)
    assert np.array_equal(data.qvel, worker.data.qvel)
    assert abs(data.qpos[7:9] - STRIKER.task.ball).max() > 0.1


def test_the_version_of_epi_has_neither_walls_nor_friction() -> None:
    model = STRIKER_EPI.make().model
    geoms = {model.geom(geom).name for geom in range(model.ngeom)}
    assert not any(name.startswith("wall") for name in geoms)
    assert {"table", "ball", "paddle"} <= geoms
    assert (model.nq, model.npair) == (9, 4)
    assert STRIKER.make().model.npair == 8


def test_the_arm_is_as_published() -> None:
    def capsule(radius: float, length: float) -> float:
        return math.pi * radius**2 * length + 4 / 3 * math.pi * radius**3

    volumes = {
        "shoulder_pan": capsule(0.1, 0.6),
        "shoulder_lift": capsule(0.1, 0.2),
        "upper_arm": capsule(0.02, 0.2) + capsule(0.06, 0.4),
        "elbow": capsule(0.06, 0.04),
        "forearm": capsule(0.02, 0.2) + capsule(0.05, 0.291),
        "wrist": capsule(0.01, 0.04),
        "paddle": capsule(0.02, 0.2) + 8 * 0.003 * 0.12 * 0.05,
    }
    ranges = [
        (-2.2854, 1.7146), (-0.5236, 1.3963), (-1.5, 1.7), (-2.3213, 0), (-1.5, 1.5), (-1.094, 0), (-1.5, 1.5),
    ]  # fmt: skip
    model = STRIKER.make().model
    for name, volume in volumes.items():
        assert model.body(name).mass == pytest.approx(300 * volume), name
    assert model.jnt_range[:7].tolist() == [list(span) for span in ranges]
    assert model.dof_armature.tolist() == [0.04] * 7 + [ARMATURE, ARMATURE, 0]
    assert model.dof_damping[:7].tolist() == [1, 1, 0.1, 0.1, 0.1, 0.1, 0.1]
    assert model.actuator_ctrlrange.tolist() == [[-3, 3]] * 7
    assert (model.opt.timestep, model.opt.integrator) == (TIME_STEP, mujoco.mjtIntegrator.mjINT_EULER)
    assert model.body("ball").mass == pytest.approx(300 * 4 / 3 * math.pi * 0.05**3, rel=1e-3)


# the ball


@pytest.mark.parametrize(("mass", "damping"), [(0.157, 0.5), (0.0942, 1.0), (0.5966, 0.2)])
def test_a_free_ball_is_slowed_by_damping(mass: float, damping: float) -> None:
    """Euler with implicit damping: (m + armature + h d) v' = (m + armature) v."""
    worker = started(STRIKER_EPI, {"ball_mass": mass, "ball_damping": damping})
    worker.data.qvel[7:9] = 0.9, 1.2
    factor = (mass + ARMATURE) / (mass + ARMATURE + TIME_STEP * damping)
    for step in range(1, 41):
        worker.step(REST)
        speed = 1.5 * factor ** (FRAME_SKIP * step)
        assert worker.data.qvel[7:9] == pytest.approx([0.6 * speed, 0.8 * speed], rel=1e-9)


@pytest.mark.parametrize("gravity", [-0.981, -9.81, -21.6, -43.2])
@pytest.mark.parametrize(("mass", "friction"), [(0.157, 0.1), (0.5, 0.1), (0.157, 0.25)])
def test_a_sliding_ball_is_slowed_in_proportion_to_gravity(
    gravity: float, mass: float, friction: float
) -> None:
    """Without damping: (m + armature) dv/dt = -friction * m * |gravity|, along the way it goes."""
    values = {"gravity": gravity, "ball_mass": mass, "ball_friction": friction, "ball_damping": 0.0}
    worker = started(STRIKER, values)
    slowing = friction * mass * -gravity / (mass + ARMATURE)
    worker.data.qvel[7:9] = -0.8 * 4, -0.6 * 4
    steps = round(1 / (slowing * TIME_STEP * FRAME_SKIP))  # until it has lost about 1 m/s
    for _ in range(steps):
        worker.step(REST)
    velocity = worker.data.qvel[7:9]
    lost = slowing * TIME_STEP * FRAME_SKIP * steps
    assert 4 - np.hypot(*velocity) == pytest.approx(lost, rel=0.03)
    assert velocity / np.hypot(*velocity) == pytest.approx([-0.8, -0.6], abs=1e-3)


def test_the_way_of_a_ball_is_that_of_damping_and_friction() -> None:
    """The closed form of (m + armature) dv/dt = -d v - friction m g, until it lies still."""
    ways = []
    for gravity in (-0.981, -9.81, -21.6, -43.2):
        worker = started(STRIKER, {"gravity": gravity})
        before = worker.data.qpos[7:9].copy()
        worker.data.qvel[7:9] = -1.6, -1.2
        for _ in range(STRIKER.horizon):
            worker.step(REST)
        time = (0.157 + ARMATURE) / 0.1
        terminal = 0.2 * 0.157 * -gravity / 0.1
        expected = time * (2 - terminal * math.log(1 + 2 / terminal))
        expected += (
            terminal / time / 10 / 20
        )  # it creeps when slower than the friction's deceleration / 10 Hz
        ways.append(np.hypot(*(worker.data.qpos[7:9] - before)))
        assert ways[-1] == pytest.approx(expected, rel=0.03)
        assert abs(worker.data.qvel[7:9]).max() < 1e-3
    assert ways == sorted(ways, reverse=True)


def test_a_lifted_ball_falls() -> None:
    worker = started(STRIKER, {"gravity": -3.7})
    worker.data.qpos[9] = 0.5
    for step in range(1, 6):
        worker.step(REST)
        count = FRAME_SKIP * step
        assert worker.data.qpos[9] == pytest.approx(0.5 - 3.7 * TIME_STEP**2 * count * (count + 1) / 2)


@pytest.mark.parametrize("gravity", [-0.1, -9.81, -50.0])
def test_a_resting_ball_does_not_tell_the_gravity(gravity: float) -> None:
    worker = started(STRIKER, {"gravity": gravity})
    for _ in range(20):
        observation, *_ = worker.step(REST)
        assert observation[17:20] == pytest.approx([0.5, -0.175, -0.27], abs=2e-6)


# the arm


@pytest.mark.parametrize("gravity", [-0.1, -9.81, -50.0])
def test_the_arm_stays_where_it_is_under_any_gravity(gravity: float) -> None:
    worker = started(STRIKER, {"gravity": gravity})
    pose = np.array([0.3, 0.2, -1.0, -1.2, 0.8, -0.5, 0.4])

    def moved() -> float:
        worker.data.qpos[:7], worker.data.qvel[:7] = pose, 0
        for _ in range(40):
            worker.step(REST)
        return abs(worker.data.qpos[:7] - pose).max()

    assert moved() < 1e-9
    worker.model.body_gravcomp[:] = 0
    assert moved() > 0.01  # so that the compensation is what holds it


def test_motors_give_no_more_than_three() -> None:
    strong, limited = started(STRIKER), started(STRIKER)
    for _ in range(5):
        assert np.array_equal(strong.step(REST + 30)[0], limited.step(REST + 3)[0])
    assert not np.array_equal(limited.step(REST + 2.9)[0], strong.step(REST + 3)[0])
    assert limited.action_space.high.tolist() == [STRIKER.spaces.limit] * 7


# observations, rewards, starts


def turn(axis: str, angle: float) -> np.ndarray:
    cos, sin = math.cos(angle), math.sin(angle)
    return {
        "x": np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]]),
        "y": np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]]),
        "z": np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]]),
    }[axis]


@every_task
def test_observations_are_angles_velocities_and_three_places(task: Striker) -> None:
    worker = started(task)
    seen, _, _ = struck(task, worker)
    assert abs(seen[1:-1, 7:14]).max() > 1
    for observation in seen:
        pan, lift, roll, elbow, forearm_roll, *_ = observation[:7].astype(np.float64)
        shoulder = turn("z", pan)
        upper_arm = shoulder @ turn("y", lift) @ turn("x", roll)
        forearm = upper_arm @ turn("y", elbow) @ turn("x", forearm_roll)
        along = [shoulder @ [0.1, 0, 0], upper_arm @ [0.4, 0, 0], forearm @ [0.321, 0, 0]]
        assert observation[14:17] == pytest.approx(np.add([0, -0.6, 0], np.sum(along, axis=0)), abs=1e-5)
    assert seen[-1][:14] == pytest.approx([*worker.data.qpos[:7], *worker.data.qvel[:7]], rel=1e-5)
    assert seen[-1][17:19] == pytest.approx(worker.data.qpos[7:9])
    assert seen[-1][20:] == pytest.approx([*worker.data.mocap_pos[0, :2], -0.323])
    assert worker.observation_space.contains(seen[-1])


@pytest.mark.parametrize(
    ("task", "seed", "near_enough"), [(STRIKER, 2, False), (STRIKER, 3, True), (STRIKER_EPI, 3, True)]
)
def test_rewards_are_those_published(task: Striker, seed: int, near_enough: bool) -> None:
    worker = started(task, seed=seed)
    seen, actions, rewards = struck(task, worker)
    places = seen[:-1, 14:].astype(np.float64).reshape(-1, 3, 3)  # where each action begins
    nearest, touched, lowest = math.inf, None, math.inf
    for (paddle, ball, goal), action, reward in zip(places, actions, rewards, strict=True):
        between = np.linalg.norm(ball - paddle)
        if between < 0.1:
            touched = paddle
        near = between if touched is None else np.linalg.norm(ball - touched)
        distance = np.linalg.norm(ball - goal)
        nearest = min(nearest, distance)
        lowest = min(lowest, between)
        counted = nearest if task is STRIKER else distance
        expected = -3 * counted - 0.1 * np.square(action.astype(np.float64)).sum() - 0.5 * near
        assert reward == pytest.approx(expected, abs=1e-4)
    assert (lowest < 0.1) == near_enough  # what counts as struck: a fast paddle is farther before and after
    assert np.linalg.norm(seen[-1][17:20] - seen[0][17:20]) > 0.1


def test_the_nearest_distance_counts_in_gym_and_the_present_one_in_epi() -> None:
    """A ball that flies over the goal and on."""
    rewards = []
    for task in (STRIKER, STRIKER_EPI):
        worker = started(task)
        _, ball, goal = np.split(worker._observation()[14:], 3)
        for factor in (1.0, 2.0):  # at the goal, then as far beyond it as it was before it
            worker.data.qpos[7:9] = (ball + factor * (goal - ball))[:2]
            mujoco.mj_kinematics(worker.model, worker.data)
            rewards.append(worker._reward() + 0.5 * np.linalg.norm(worker._ball - worker._paddle))
    over, height = 3 * 0.053, np.linalg.norm([-0.5, 1.3, 0.053])
    assert rewards == pytest.approx([-over, -over, -over, -3 * height])


def test_starts_are_those_of_gym() -> None:
    worker = STRIKER.make()
    seen = np.stack([worker.reset(seed=seed)[0] for seed in range(400)])
    goals = seen[:, 20:22]
    assert (seen[:, :7] == 0).all()
    assert abs(seen[:, 7:14]).max() <= 0.1
    assert seen[:, 7:14].std(axis=0) == pytest.approx([0.2 / math.sqrt(12)] * 7, rel=0.1)
    assert seen[:, 17:20] == pytest.approx(np.tile([0.5, -0.175, -0.27], (400, 1)))
    assert goals.min(axis=0) == pytest.approx([0.15, 0.1], abs=0.02)
    assert goals.max(axis=0) == pytest.approx([0.7, 1.0], abs=0.02)
    beyond = worker.data.geom("wall_middle").xpos[:2] - goals[-1]
    away = goals[-1] - [0.5, -0.175]
    assert beyond == pytest.approx(0.075 * away / np.linalg.norm(away))


def test_starts_are_those_of_epi() -> None:
    worker = STRIKER_EPI.make()
    seen = np.stack([worker.reset(seed=seed)[0] for seed in range(20)])
    expected = [0.5, -0.3, -0.27, 0, 1, -0.323]
    assert seen[:, 17:] == pytest.approx(np.tile(expected, (20, 1)))
    assert seen[:, :7] == pytest.approx(np.tile(STRIKER_EPI.task.arm, (20, 1)))
    low, high = worker.model.jnt_range[:7].T
    assert (low <= STRIKER_EPI.task.arm).all()
    assert (high >= STRIKER_EPI.task.arm).all()
    assert len(np.unique(seen[:, 7])) == 20


# rows


def rows_of(task: Striker, contexts: list[dict[str, float]], *starts: float) -> SimulatorRows:
    """One row per context, each with its start, or all with the same one."""
    shape = (1, len(contexts))
    rows = task.build(tuple(contexts[0]), shape)
    values = np.array([[list(one.values()) for one in contexts]])
    rows.reset(np.ones(shape, dtype=bool), values, np.reshape(starts or [0.3] * shape[1], (*shape, 1)))
    return rows


@every_task
def test_each_feature_acts_on_the_struck_ball_of_its_own_row(task: Striker) -> None:
    usual = context(task)
    alone = rows_of(task, [usual])
    others = [usual | {name: 2 * value} for name, value in usual.items()]
    rows = rows_of(task, [usual, *others])
    for time in range(60):
        action = swing(alone.observation[0, 0], time)
        expected, found = (
            alone.step(action[None, None]),
            rows.step(np.tile(action, (1, len(rows.workers), 1))),
        )
        assert np.array_equal(found.next_observation[0, 0], expected.next_observation[0, 0])
        if time < 2:  # before the strike nothing is felt
            assert found.next_observation[0] == pytest.approx(
                np.tile(expected.next_observation[0], (len(others) + 1, 1)), abs=2e-6
            )
    ball = found.next_observation[0, :, 17:19]
    assert (np.linalg.norm(ball[1:] - ball[0], axis=1) > 0.01).all()


@every_task
def test_episodes_follow_from_context_seed_and_actions(task: Striker) -> None:
    first, second = started(task, changed(task), seed=5), started(task, changed(task), seed=5)
    struck(task, second)
    second.reset(seed=5)
    for ours, theirs in zip(struck(task, first), struck(task, second), strict=True):
        assert np.array_equal(ours, theirs)
    assert not np.array_equal(first.reset(seed=6)[0], second.reset(seed=5)[0])


@every_task
def test_a_snapshot_goes_on_as_if_nothing_had_happened(task: Striker) -> None:
    worker, other = started(task), started(task, seed=9)
    struck(task, worker, steps=16)
    snapshot = worker.snapshot()

    def go_on(scene: Any) -> list[bytes]:
        return [
            column.tobytes()
            for time in range(16, 30)
            for column in map(np.asarray, scene.step(swing(scene._observation(), time))[:2])
        ]

    expected = go_on(worker)
    for scene in (worker, other):
        scene.restore(snapshot)
        assert go_on(scene) == expected


def test_a_plain_environment_is_in_its_context() -> None:
    worker = STRIKER.plain(context(STRIKER) | CHANGED)
    worker.reset(seed=0)
    row = started(STRIKER, CHANGED)
    for ours, theirs in zip(struck(STRIKER, worker), struck(STRIKER, row), strict=True):
        assert np.array_equal(ours, theirs)


def test_images_need_no_display_and_show_the_scene() -> None:
    """Also where MuJoCo was imported before anybody asked for an image, and only then with OpenGL."""
    code = """
        import sys
        import meta_rl.envs.striker as striker
        assert "mujoco" not in sys.modules
        import mujoco
        assert not any(name.startswith("OpenGL") for name in sys.modules)
        context = {feature.name: feature.default for feature in striker.STRIKER.features}
        scene = striker.STRIKER.plain(context, "rgb_array")
        scene.reset(seed=3)
        image = scene.render()
        assert (image.shape, image.dtype) == ((480, 640, 3), "uint8"), image.shape
        red, green, blue = image.astype(int).reshape(-1, 3).T
        shown = {
            "table": (green > red + 15) & (green > blue + 15),
            "goal": (red > 150) & (green > 120) & (blue < 90),
            "paddle": (blue > red + 60) & (blue > green + 40),
            "ball": (red > blue + 5) & (red < blue + 60) & (blue > 130),
        }
        print({name: int(pixels.sum()) for name, pixels in shown.items()})
        assert all(pixels.sum() > 100 for pixels in shown.values())
    """
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "MUJOCO_GL", "PYOPENGL_PLATFORM")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    lines = "\n".join(line[8:] for line in code.splitlines())
    done = subprocess.run([sys.executable, "-c", lines], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not done.stderr


# swings


def played(rows: SimulatorRows, believed: dict[str, float] | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Returns [N] and first twenty actions [20, N, 7] of the controller."""
    controller = registry.load("controller", "striker_swing").build()
    known = rows.believing(believed) if believed else rows
    chance = np.full((*rows.rows, rows.spaces.chance), 0.25)
    total, actions = np.zeros(rows.rows), []
    for _ in range(rows.simulator.horizon):
        action = controller(known, chance)
        assert action.dtype == np.float32
        assert abs(action).max() <= rows.spaces.limit
        actions.append(action[0])
        total += rows.step(action).reward
    return total[0], np.array(actions[:20])


def test_a_planned_swing_solves_the_default_context() -> None:
    (found,), _ = played(rows_of(STRIKER, [context(STRIKER)]))
    worker = started(STRIKER, seed=int(0.3 * 2**31))
    rest = sum(worker.step(REST)[1] for _ in range(STRIKER.horizon))
    assert found > STRIKER.success > rest


def test_swings_are_planned_in_the_believed_context(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in {"ROUNDS": 3, "POPULATION": 16, "ELITE": 3}.items():  # a short search
        monkeypatch.setattr(striker_swing, name, size)
    usual, other = context(STRIKER_EPI), context(STRIKER_EPI, ball_damping=3.0)
    _, apart = played(rows_of(STRIKER_EPI, [usual, other], 0.3, 0.6))
    _, alone = played(rows_of(STRIKER_EPI, [other], 0.6))
    assert np.array_equal(alone[:, 0], apart[:, 1])
    _, wrong = played(rows_of(STRIKER_EPI, [usual], 0.6), believed=other)
    assert np.array_equal(wrong[0], alone[0])  # until the ball is struck, which the arm feels
    _, right = played(rows_of(STRIKER_EPI, [usual], 0.6))
    assert not np.array_equal(right[0], alone[0])
