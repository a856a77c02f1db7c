"""Meta-World: contexts in the model and in the physics, starts, hidden goals, and the scripted policies."""

import subprocess
import sys
from typing import Any

import mujoco
import numpy as np
import pytest

from meta_rl import registry
from meta_rl.envs.metaworld import GOAL_CORNER, PICK_PLACE, PUSH, REACH_GOAL, MetaWorld
from meta_rl.envs.simulator import SimulatorRows

GRAVITY = 9.81

every_task = pytest.mark.parametrize("task", [PUSH, PICK_PLACE, REACH_GOAL], ids=lambda task: task.task)
every_dynamics = pytest.mark.parametrize("task", [PUSH, PICK_PLACE], ids=lambda task: task.task)


def defaults(task: MetaWorld, **changed: float) -> dict[str, float]:
    return {feature.name: feature.default for feature in task.features} | changed


def elsewhere(task: MetaWorld) -> dict[str, float]:
    """A context with no feature at its default."""
    return {feature.name: 0.6 * feature.default for feature in task.features}


def worker_in(task: MetaWorld, context: dict[str, float], seed: int = 0) -> Any:
    worker = task.make()
    task.apply(worker, context)
    task.start(worker, seed)
    return worker


def started(task: MetaWorld, contexts: list[dict[str, float]], start: float = 0.3) -> SimulatorRows:
    """One row per context, all with the same start."""
    shape = (1, len(contexts))
    rows = task.build(tuple(contexts[0]), shape)
    values = np.array([[list(context.values()) for context in contexts]])
    rows.reset(np.ones(shape, dtype=bool), values, np.full((*shape, task.noise), start))
    return rows


def wild(steps: int, seed: int = 0) -> np.ndarray:
    """Random actions [steps, 4]."""
    return np.random.default_rng(seed).uniform(-1, 1, (steps, 4)).astype(np.float32)


def scripted(rows: SimulatorRows, steps: int) -> np.ndarray:
    """Rewards [N, steps] of the scripted policy."""
    act = registry.load("controller", "metaworld_scripted").build()
    chance = np.zeros((*rows.rows, rows.spaces.chance))
    rewards = []
    for _ in range(steps):
        action = act(rows, chance)
        assert action.dtype == np.float32
        assert abs(action).max() <= rows.spaces.limit
        rewards.append(rows.step(action).reward[0])
    return np.array(rewards).T


# starts


@every_dynamics
def test_puck_and_goal_start_apart_in_the_ranges_of_meta_world(task: MetaWorld) -> None:
    worker = task.make()
    drawn = np.array([task.positions(worker, np.random.default_rng(seed)) for seed in range(2000)])
    goal_z = (0.05, 0.3) if task is PICK_PLACE else (0.01, 0.02)
    ranges = np.array([(-0.1, 0.1), (0.6, 0.7), (0.02, 0.02), (-0.1, 0.1), (0.8, 0.9), goal_z])
    size = ranges[:, 1] - ranges[:, 0]
    assert (drawn >= ranges[:, 0]).all()
    assert (drawn <= ranges[:, 1]).all()
    assert (np.ptp(drawn, axis=0) >= 0.98 * size).all()
    apart = np.hypot(*(drawn[:, :2] - drawn[:, 3:5]).T)
    assert 0.15 <= apart.min() < 0.16


def test_the_puck_starts_where_it_says_nothing_about_a_hidden_goal() -> None:
    worker, drawn = REACH_GOAL.make(), []
    for y in (0.8, 0.9):
        REACH_GOAL.apply(worker, defaults(REACH_GOAL, goal_offset_y=y - 0.8))
        drawn.append([REACH_GOAL.positions(worker, np.random.default_rng(seed)) for seed in range(1000)])
    near, far = np.array(drawn)
    assert np.array_equal(near[:, :3], far[:, :3])
    assert near[:, 3:] == pytest.approx(np.broadcast_to([0.0, 0.8, 0.175], (1000, 3)))
    assert near.min(axis=0)[:3] == pytest.approx([-0.1, 0.6, 0.02], abs=1e-3)
    assert near.max(axis=0)[:3] == pytest.approx([0.1, 0.65, 0.02], abs=1e-3)


def test_a_visible_goal_is_observed_where_it_is() -> None:
    worker = PICK_PLACE.make()
    PICK_PLACE.apply(worker, defaults(PICK_PLACE))
    observation = PICK_PLACE.start(worker, 7)
    drawn = PICK_PLACE.positions(worker, np.random.default_rng(7))
    assert np.array_equal(observation[-3:], drawn[3:])
    assert observation[4:6] == pytest.approx(drawn[:2], abs=1e-3)


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


# episodes


@every_task
@pytest.mark.parametrize("make", [defaults, elsewhere], ids=lambda make: make.__name__)
def test_episodes_are_those_of_the_plain_environment(task: MetaWorld, make: Any) -> None:
    context = make(task)
    rows, plain = started(task, [context]), task.plain(context)
    act = registry.load("controller", "metaworld_scripted").build()
    expected, _ = plain.reset(seed=int(0.3 * 2**31))
    assert np.array_equal(rows.observation[0, 0], expected.astype(np.float32))
    for noise in wild(60):
        action = (act(rows, np.zeros((1, 1, 4))) + 0.2 * noise).clip(-1, 1).astype(np.float32)
        step = rows.step(action)
        expected, reward, terminated, truncated, _ = plain.step(action[0, 0])
        assert np.array_equal(step.next_observation[0, 0], expected.astype(np.float32))
        assert (step.reward[0, 0], step.terminated[0, 0]) == (reward, terminated)
        assert not truncated


@every_task
def test_nothing_is_left_of_earlier_episodes(task: MetaWorld) -> None:
    def episode(worker: Any, context: dict[str, float], seed: int) -> bytes:
        task.apply(worker, context)
        found = [task.start(worker, seed)]
        found += [part for action in wild(30, seed) for part in worker.step(action)[:2]]
        return b"".join(np.asarray(part).tobytes() for part in found)

    used = task.make()
    episode(used, elsewhere(task), 1)
    used.data.qvel[:] = 3.0
    episode(used, elsewhere(task), 2)
    again = episode(used, defaults(task), 3)
    assert again == episode(task.make(), defaults(task), 3)
    assert again != episode(used, defaults(task), 4)


def test_the_plain_environment_is_seeded_as_gymnasium_asks() -> None:
    plain = PUSH.plain(defaults(PUSH))
    starts = [plain.reset(seed=seed)[0] for seed in (5, None, None, 5, None, 6)]
    assert np.array_equal(starts[0], starts[3])
    assert np.array_equal(starts[1], starts[4])
    assert len({start.tobytes() for start in starts}) == 4
    for task in (PUSH, REACH_GOAL):
        plain = task.plain(defaults(task))
        plain.reset(seed=0)
        assert plain.observation_space.contains(plain.step(np.zeros(4, dtype=np.float32))[0])


def test_an_episode_is_truncated_after_500_steps() -> None:
    rows = started(REACH_GOAL, [defaults(REACH_GOAL)])
    ends = [rows.step(np.zeros((1, 1, 4), dtype=np.float32)).truncated.item() for _ in range(500)]
    assert ends == [False] * 499 + [True]


# the hidden goal


def test_the_bounds_of_the_goal_are_its_space_in_meta_world() -> None:
    space = REACH_GOAL.make().goal_space
    assert space.low == pytest.approx(GOAL_CORNER)
    low, middle, high = np.array([(one.low, one.default, one.high) for one in REACH_GOAL.features]).T
    assert low.tolist() == [0.0] * 3
    assert high == pytest.approx(space.high - space.low)
    assert middle == pytest.approx(high / 2)


def test_the_goal_is_in_the_reward_and_not_in_the_observation() -> None:
    goals = [
        {"goal_offset_x": 0.0, "goal_offset_y": 0.0, "goal_offset_z": 0.0},
        {"goal_offset_x": 0.2, "goal_offset_y": 0.1, "goal_offset_z": 0.25},
    ]
    rows = started(REACH_GOAL, goals)
    assert [task.spaces.rewarded for task in (PUSH, PICK_PLACE, REACH_GOAL)] == [False, False, True]
    for action in wild(30):
        first, second = rows.observation[0]
        assert np.array_equal(first, second)
        assert not first[-3:].any()
        reward = rows.step(np.tile(action, (1, 2, 1))).reward[0]
        for worker, goal, found in zip(
            rows.workers, ((-0.1, 0.8, 0.05), (0.1, 0.9, 0.3)), reward, strict=True
        ):
            margin = np.linalg.norm(np.subtract(goal, (0.0, 0.6, 0.2)))  # from where the hand begins
            away = np.linalg.norm(np.subtract(goal, worker.tcp_center)) - 0.05
            assert found == pytest.approx(10 / (1 + 9 * (away / margin) ** 2))


# scripted policies


def test_the_scripted_policy_reaches_hidden_goals() -> None:
    contexts = [defaults(REACH_GOAL), defaults(REACH_GOAL, goal_offset_x=0.02, goal_offset_z=0.24)]
    returns = scripted(started(REACH_GOAL, contexts), 500).sum(axis=1)
    assert (returns >= REACH_GOAL.success).all()


@every_dynamics
def test_the_scripted_policy_succeeds_at_the_default_and_not_elsewhere(task: MetaWorld) -> None:
    contexts = [defaults(task), defaults(task, friction=0.1), defaults(task, damping=10.0)]
    returns = scripted(started(task, contexts, start=0.6), 500).sum(axis=1)
    assert returns[0] >= task.success
    assert (returns[1:] < 0.8 * task.success).all()


# use


def test_importing_the_environment_does_not_import_meta_world() -> None:
    code = (
        "import sys, meta_rl.envs.metaworld; print({'metaworld', 'mujoco', 'gymnasium'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_an_image_needs_no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MUJOCO_GL", raising=False)
    rows = PUSH.build((), (1, 1), render=True)
    rows.reset(np.ones((1, 1), dtype=bool), np.empty((1, 1, 0)), np.full((1, 1, 1), 0.5))
    image = rows.render()
    assert image.shape == (480, 480, 3)
    assert image.dtype == np.uint8
    assert image.std() > 10
