"""The contexts of Meta-World are in MuJoCo's model, and act in the physics as formulas say."""

from typing import Any

import mujoco
import numpy as np
import pytest
from metaworld_rows import defaults, elsewhere, every_dynamics, every_task, scripted, started, wild, worker_in

from meta_rl.envs.metaworld import PICK_PLACE, PUSH, MetaWorld

GRAVITY = 9.81


# the context in the model


@every_dynamics
def test_the_model_holds_the_context(task: MetaWorld) -> None:
    worker = worker_in(task, {"friction": 0.5, "damping": 3.0, "object_mass": 1.5})
    model, puck = worker.model, worker.model.body("obj")
    assert model.geom("objGeom").friction == pytest.approx([0.5, 0.05, 0.001])
    assert model.geom("leftpad_geom").friction == pytest.approx([1.0, 0.05, 0.001])
    assert model.geom("floor").friction == pytest.approx([0.5, 0.0025, 0.00005])
    for joint in range(7):
        assert model.joint(f"right_j{joint}").damping == pytest.approx([30.0])
    for joint in ("r_close", "l_close"):
        assert model.joint(joint).damping == pytest.approx([3000.0])
    assert model.joint("objjoint").damping == pytest.approx(np.zeros(6))
    assert puck.mass == pytest.approx([1.5])
    assert puck.inertia == pytest.approx([2 * 8.80012e-4] * 3)
    # Two that MuJoCo derives from the masses.
    assert puck.subtreemass == pytest.approx([1.5])
    assert puck.invweight0[0] == pytest.approx(1 / 1.5)


@every_dynamics
def test_defaults_are_the_values_of_the_scene(task: MetaWorld) -> None:
    used, fresh = worker_in(task, elsewhere(task)), worker_in(task, defaults(task))
    for _ in range(3):  # contexts replace each other, and leave nothing behind
        task.apply(used, elsewhere(task))
        task.apply(used, defaults(task))
    task.start(used, 0)
    from metaworld.env_dict import ALL_V3_ENVIRONMENTS

    untouched = ALL_V3_ENVIRONMENTS[task.task]()
    assert content(used.model) == content(fresh.model) == content(untouched.model)


def content(model: Any) -> bytes:
    """All of a model but where the goal is drawn, which moves with each episode."""
    model.site("goal").pos = 0.0
    buffer = np.empty(mujoco.mj_sizeModel(model), dtype=np.uint8)
    mujoco.mj_saveModel(model, None, buffer)
    return buffer.tobytes()


# the context in the physics


@pytest.mark.parametrize("friction", [0.1, 0.2])
def test_a_puck_slides_as_far_as_its_friction_lets_it(friction: float) -> None:
    """Until a speed v is used up, v ** 2 / (2 mu g): puck and table have coefficient 1 in the scene."""
    worker, speed = worker_in(PUSH, defaults(PUSH, friction=friction)), 0.5
    worker.data.joint("objjoint").qvel[1] = speed
    before = worker.data.body("obj").xpos[1]
    for _ in range(60):
        worker.step(np.zeros(4, dtype=np.float32))
    assert abs(worker.data.joint("objjoint").qvel[1]) < 0.01  # contacts of this scene chatter
    slid = worker.data.body("obj").xpos[1] - before
    assert slid == pytest.approx(speed**2 / (2 * friction * GRAVITY), rel=0.01)


@pytest.mark.parametrize("damping", [0.5, 4.0])
def test_the_gripper_closes_as_its_damping_lets_it(damping: float) -> None:
    """A slide of 100.0162 kg (armature and claw) with 1000 N s/m times the factor, pulled at 400 N/m."""
    worker = worker_in(PUSH, defaults(PUSH, damping=damping))
    slide = worker.data.joint("r_close")
    place, speed, pull = slide.qpos[0], slide.qvel[0], 0.2
    for _ in range(20):
        worker.step(np.array([0, 0, 0, pull], dtype=np.float32))
        for _ in range(5):  # Euler with implicit damping, as MuJoCo integrates
            mass, resistance, step = 100.0162, 1000 * damping, 0.0025
            speed += step * (400 * (pull - place) - resistance * speed) / (mass + step * resistance)
            place += step * speed
    assert slide.qvel[0] == pytest.approx(speed, rel=0.02)
    assert slide.qpos[0] == pytest.approx(place, abs=1e-4)


@pytest.mark.parametrize("mass", [0.3, 3.0])
def test_the_table_carries_the_weight_of_the_puck(mass: float) -> None:
    """On average: contacts of this scene chatter."""
    worker = worker_in(PICK_PLACE, defaults(PICK_PLACE, object_mass=mass))
    forces = []
    for _ in range(100):
        worker.step(np.zeros(4, dtype=np.float32))
        forces.append(worker.data.joint("objjoint").qfrc_constraint[2])
    assert np.mean(forces[20:]) == pytest.approx(mass * GRAVITY, rel=0.01)


@every_dynamics
@pytest.mark.parametrize("name", ["friction", "damping", "object_mass"])
def test_a_feature_changes_one_step_from_the_same_state(task: MetaWorld, name: str) -> None:
    """In a grasp, where puck, pads and table touch."""
    rows = started(task, [defaults(task)])
    scripted(rows, 70)
    usual, changed = rows.workers[0], task.make()
    assert usual.data.ncon > 0
    after = []
    for factor in (1.0, 1.0, 1.25):
        task.apply(changed, defaults(task, **{name: factor * defaults(task)[name]}))
        task.start(changed, 0)
        kind = mujoco.mjtState.mjSTATE_INTEGRATION
        state = np.empty(mujoco.mj_stateSize(usual.model, kind))
        mujoco.mj_getState(usual.model, usual.data, state, kind)
        mujoco.mj_setState(changed.model, changed.data, state, kind)
        after.append(changed.step(np.array([0.3, 0.5, 0.2, 0.8], dtype=np.float32))[0])
    assert np.array_equal(after[0], after[1])
    assert abs(after[1] - after[2]).max() > 1e-6


@every_task
def test_a_context_acts_in_its_own_row_only(task: MetaWorld) -> None:
    usual, mixed = (
        started(task, [defaults(task)] * 3),
        started(task, [defaults(task), elsewhere(task), defaults(task)]),
    )
    for action in wild(5):
        expected, found = (rows.step(np.tile(action, (1, 3, 1))) for rows in (usual, mixed))
        same = (expected.next_observation == found.next_observation).all(-1) & (
            expected.reward == found.reward
        )
        assert same.tolist() == [[True, False, True]]
