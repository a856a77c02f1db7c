"""Striker's model: contexts are read back from it and do not leak, and the arm is as published."""

import math
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import pytest
from striker_swings import (
    ARMATURE,
    CHANGED,
    FRAME_SKIP,
    TIME_STEP,
    changed,
    context,
    every_task,
    started,
    struck,
)

from meta_rl.envs import striker
from meta_rl.envs.striker import STRIKER, STRIKER_EPI, Striker

XML = Path(striker.__file__).with_suffix(".xml")


def model_values(model: Any) -> list[np.ndarray]:
    """All that a context acts on, and constants that follow from it."""
    names = ("body_mass", "dof_damping", "pair_friction", "dof_invweight0", "body_invweight0", "dof_M0")
    return [model.opt.gravity.copy(), *(getattr(model, name).copy() for name in names)]


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
