"""MuJoCo bodies are Gymnasium's to the last bit, and in a context what MuJoCo compiles from an edited file."""

import subprocess
import sys
from pathlib import Path

import gymnasium
import mujoco
import numpy as np
import pytest
from mujoco_bodies import (
    BODIES,
    actions,
    context,
    every_body,
    everywhere,
    names,
    numbers,
    random_context,
    row_bytes,
    started,
)

from meta_rl.envs import mujoco as bodies
from meta_rl.envs.mujoco import NO_MULTIPLES, Body

HOPPER, HALFCHEETAH, WALKER2D, ANT = (BODIES[name] for name in ("hopper", "halfcheetah", "walker2d", "ant"))


@every_body
@pytest.mark.parametrize(("seed", "part"), [(0, 1.0), (1, 0.02)], ids=["wild", "calm"])
def test_the_default_context_is_gymnasiums_own_environment_to_the_last_bit(
    body: Body, seed: int, part: float
) -> None:
    """Beside rows in other contexts, with starts, rewards and ends as they come."""
    rng = np.random.default_rng(seed)
    rows = started(body, [random_context(body, rng), context(body), random_context(body, rng)], seed)
    plain = gymnasium.make(body.gymnasium_id)
    observation, _ = plain.reset(seed=seed)
    assert rows.observation[0, 1].tobytes() == observation.astype(np.float32).tobytes()
    for action in actions(body, 120, seed, part):
        step = rows.step(everywhere(action, 3))
        observation, reward, terminated, truncated, _ = plain.step(action)
        assert step.next_observation[0, 1].tobytes() == observation.astype(np.float32).tobytes()
        assert [column[0, 1] for column in step[1:]] == [reward, terminated, truncated]
        if terminated or truncated:
            break


@every_body
def test_the_default_context_is_gymnasiums_model_whatever_was_there_before(body: Body) -> None:
    """Two resets to a context leave the same numbers, and a change of one row none in another."""
    usual = numbers(gymnasium.make(body.gymnasium_id).unwrapped.model)
    worker, other, rng = body.make(), body.make(), np.random.default_rng(0)
    changed = random_context(body, rng)
    seen = []
    for one in (changed, random_context(body, rng), changed, context(body)):
        body.apply(worker, one)
        worker.reset(seed=0)
        seen.append(numbers(worker.model))
    for name, value in usual.items():
        assert seen[0][name].tobytes() == seen[2][name].tobytes(), name
        assert seen[3][name].tobytes() == value.tobytes(), name
        assert getattr(other.model, name, value).tobytes() == value.tobytes(), name


@every_body
def test_a_context_is_the_model_that_is_compiled_from_an_edited_file(body: Body) -> None:
    """All that follows from masses too; the two ways round off differently in the last digit."""
    for seed in range(2):
        chosen = random_context(body, np.random.default_rng(seed))
        worker = body.make()
        body.apply(worker, chosen)
        ours, theirs = numbers(worker.model), numbers(body.plain(chosen).model)
        assert ours.keys() == theirs.keys()
        for name, value in theirs.items():
            np.testing.assert_allclose(ours[name], value, rtol=1e-11, atol=1e-13, err_msg=name)


def test_a_file_that_is_edited_by_hand_agrees() -> None:
    """Word by word in the text, as a reader would do it: foot, floor, a joint, a motor, gravity."""
    plain = gymnasium.make("Hopper-v5").unwrapped
    text = Path(plain.fullpath).read_text(encoding="utf-8")
    for old, new in {
        'friction="2.0"': 'friction="0.3"',
        'friction="0.9"': 'friction="1.0"',
        'condim="3" name="floor"': 'condim="3" friction="0.3" name="floor"',
        'name="leg_joint"': 'damping="2.5" name="leg_joint"',
        'gear="200.0" joint="foot_joint"': 'gear="-120" joint="foot_joint"',
        '<option integrator="RK4"': '<option gravity="0 0 -3.7" integrator="RK4"',
        'name="torso_geom"': 'mass="1.5" name="torso_geom"',
    }.items():
        assert old in text
        text = text.replace(old, new)
    model = mujoco.MjModel.from_xml_string(text)
    worker = HOPPER.make()
    chosen = context(
        HOPPER,
        friction_foot_geom=0.3,
        damping_leg_joint=2.5,
        strength_foot_joint=-120.0,
        gravity=-3.7,
        mass_torso=1.5,
    )
    HOPPER.apply(worker, chosen)
    worker.reset(seed=4)
    data = mujoco.MjData(model)
    data.qpos[:], data.qvel[:] = worker.data.qpos, worker.data.qvel
    mujoco.mj_forward(model, data)
    touched = 0
    for action in actions(HOPPER, 150, part=0.3):
        worker.step(action)
        data.ctrl[:] = action
        mujoco.mj_step(model, data, 4)
        touched += data.ncon
        np.testing.assert_allclose(worker.data.qpos, data.qpos, rtol=0, atol=1e-9)
        np.testing.assert_allclose(worker.data.qvel, data.qvel, rtol=0, atol=1e-7)
    assert touched > 50


@pytest.mark.parametrize("factor", [0.2, 3.0])
@pytest.mark.parametrize("body", [HOPPER, HALFCHEETAH, WALKER2D, ANT], ids=lambda body: body.gymnasium_id)
def test_the_friction_of_a_contact_is_that_of_the_feature(body: Body, factor: float) -> None:
    """Of two geoms MuJoCo takes the larger one, so that it must be set on both; no other contact is changed."""
    changed = {name: factor * context(body)[name] for name in names(body) if name.startswith("friction")}
    one = next(name for name in changed if "foot" in name or "ankle" in name)
    for chosen in (changed, {one: changed[one]}):
        worker = body.make()
        body.apply(worker, context(body, **chosen))
        found = {}
        for seed in range(3):
            worker.reset(seed=seed)
            for action in actions(body, 60, seed, 0.5):
                worker.step(action)
                for number in range(worker.data.ncon):
                    contact = worker.data.contact[number]
                    assert contact.geom1 == 0
                    found[f"friction_{worker.model.geom(contact.geom2).name}"] = contact.friction[0]
        expected = context(body, **chosen)
        assert one in found
        assert {name: expected.get(name, found[name]) for name in found} == found


def test_a_heavier_part_makes_no_other_lighter() -> None:
    """Although the file of the half cheetah fixes the sum."""
    worker = HALFCHEETAH.make()
    before = worker.model.body_mass.copy()
    HALFCHEETAH.apply(worker, context(HALFCHEETAH, mass_torso=2 * before[1]))
    assert worker.model.body_mass.tolist() == [0, 2 * before[1], *before[2:]]
    reference = HALFCHEETAH.plain(context(HALFCHEETAH, mass_torso=2 * before[1])).model
    assert np.allclose(reference.body_mass, worker.model.body_mass, rtol=1e-12)


@every_body
def test_a_motor_that_is_turned_round_is_one_that_is_asked_for_the_opposite(body: Body) -> None:
    turned = context(body)
    turned |= {name: -value for name, value in turned.items() if name.startswith("strength")}
    usual, other = started(body, [context(body)]), started(body, [turned])
    for action in actions(body, 40, part=0.3):
        one, two = usual.step(everywhere(action, 1)), other.step(everywhere(-action, 1))
        assert row_bytes(one, 0) == row_bytes(two, 0)


@every_body
def test_rows_with_different_physics_are_those_that_are_alone(body: Body) -> None:
    """A neighbour is reset meanwhile, to yet another context."""
    rng = np.random.default_rng(1)
    chosen = [random_context(body, rng) for _ in range(4)]
    together, alone = started(body, chosen[:3]), started(body, [chosen[1]])
    outer = np.array([[True, False, True]])
    for number, action in enumerate(actions(body, 60, part=0.2)):
        both = together.step(everywhere(action, 3)), alone.step(everywhere(action, 1))
        assert row_bytes(both[0], 1) == row_bytes(both[1], 0)
        if number % 20 == 19:
            values = np.array([[list(chosen[3].values())] * 3])
            together.reset(outer, values, rng.random((1, 3, 1)))


@every_body
def test_an_episode_does_not_depend_on_what_its_row_did_before(body: Body) -> None:
    rng = np.random.default_rng(4)
    before, chosen = random_context(body, rng), random_context(body, rng)
    used, fresh = started(body, [before], seed=1), started(body, [chosen], seed=2)
    for action in actions(body, 30, seed=1):
        used.step(everywhere(action, 1))
    values = np.array([[list(chosen.values())]])
    used.reset(np.ones((1, 1), dtype=bool), values, np.full((1, 1, 1), 2.5 / 2**31))
    assert used.observation.tobytes() == fresh.observation.tobytes()
    for action in actions(body, 30, seed=2, part=0.2):
        steps = used.step(everywhere(action, 1)), fresh.step(everywhere(action, 1))
        assert row_bytes(steps[0], 0) == row_bytes(steps[1], 0)


def test_what_a_step_returned_does_not_change_with_the_reset_after_it() -> None:
    body = BODIES["inverted_pendulum"]
    rows = started(body, [context(body)] * 2)
    step = rows.step(everywhere(np.float32([0.1]), 2))
    while not step.terminated.all():
        step = rows.step(everywhere(np.float32([3.0]), 2))
    before = [column.tobytes() for column in step]
    values = np.array([[list(context(body).values())] * 2])
    rows.reset(np.ones((1, 2), dtype=bool), values, np.full((1, 2, 1), 0.5))
    rows.step(everywhere(np.float32([0.1]), 2))
    assert [column.tobytes() for column in step] == before


@every_body
def test_a_state_that_is_shared_is_gone_on_from_to_the_last_bit(body: Body) -> None:
    """Rows in the leader's context do what it does, after others' episodes; one in another context does not."""
    rng = np.random.default_rng(2)
    here, there = random_context(body, rng), random_context(body, rng)
    rows = started(body, [there, here, here, there])
    drawn = rng.uniform(-0.2, 0.2, (8, 1, 4, body.spaces.action)).astype(np.float32) * body.spaces.limit
    for action in drawn:
        rows.step(action)
    rows.share(1)
    assert len({rows.observation[0, row].tobytes() for row in range(4)}) == 1
    for action in actions(body, 30, part=0.1):
        step = rows.step(everywhere(action, 4))
        assert row_bytes(step, 1) == row_bytes(step, 2)
        assert row_bytes(step, 0) == row_bytes(step, 3)
    assert row_bytes(step, 0) != row_bytes(step, 1)


@every_body
def test_rows_can_go_on_where_others_are(body: Body) -> None:
    rng = np.random.default_rng(3)
    chosen = [random_context(body, rng) for _ in range(4)]
    one, other = started(body, chosen[:2], seed=5), started(body, chosen[2:], seed=6)
    for action in actions(body, 5, part=0.1):
        one.step(everywhere(action, 2))
        other.step(everywhere(action, 2))
    one.adopt(np.array([[False, True]]), other)
    assert one.context["mass_" + _first(body)][0].tolist() == [
        rows[f"mass_{_first(body)}"] for rows in (chosen[0], chosen[3])
    ]
    for action in actions(body, 20, seed=1, part=0.1):
        steps = one.step(everywhere(action, 2)), other.step(everywhere(action, 2))
        assert row_bytes(steps[0], 1) == row_bytes(steps[1], 1)
    assert row_bytes(steps[0], 0) != row_bytes(steps[1], 0)


def _first(body: Body) -> str:
    return next(name for name in names(body) if name.startswith("mass")).removeprefix("mass_")


@every_body
def test_at_each_bound_a_body_stays_finite(body: Body) -> None:
    """MuJoCo warns where it gives up and starts again by itself."""
    ends = [context(body, **{one.name: value}) for one in body.features for value in (one.low, one.high)]
    rows = started(body, ends)
    for action in actions(body, 25):
        step = rows.step(everywhere(action, len(ends)))
        assert np.isfinite(step.next_observation).all()
        assert np.isfinite(step.reward).all()
    assert not any(warning.number for worker in rows.workers for warning in worker.data.warning)


@every_body
def test_every_part_is_a_feature_or_is_refused_with_a_reason(body: Body) -> None:
    model, offered = body.model, {*names(body), *body.refused}
    parts = [model.body(number).name for number in range(1, model.nbody)]
    assert {f"mass_{part}" for part in parts if part} <= offered
    assert sum(name.startswith("mass_") for name in offered) == model.nbody - 1
    joints = [model.joint(number).name for number in range(model.njnt)]
    assert {f"{kind}_{joint}" for kind in ("damping", "armature") for joint in joints} <= offered
    assert sum(name.startswith("strength_") for name in names(body)) == model.nu
    assert "gravity" in offered
    for name, reason in body.refused.items():
        if reason == NO_MULTIPLES:
            assert name.startswith(("damping", "armature"))
    units = {one.name: one.unit for one in body.features}
    assert {unit for name, unit in units.items() if "slide" in name} <= {"N", "N s/m", "kg"}


def test_a_body_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(
        AttributeError, match=r"has no body 'HORSE', but HOPPER, .*, INVERTED_DOUBLE_PENDULUM"
    ):
        _ = bodies.HORSE


def test_what_needs_no_simulator_imports_none() -> None:
    code = (
        "import sys; from meta_rl import registry; hopper = registry.load('environment', 'hopper'); "
        "assert (hopper.horizon, hopper.success) == (1000, 3800.0); print({'mujoco'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
