"""Acrobot, mountain car and walker move as their equations or Gymnasium's say, with the context's constants."""

import inspect
from types import ModuleType
from typing import Any

import gymnasium
import numpy as np
import pytest
from carl_rows import defaults, restart, started
from gymnasium.envs.box2d import bipedal_walker

from meta_rl.envs import carl
from meta_rl.envs.simulator import SimulatorRows


def put(rows: SimulatorRows, contexts: list[dict[str, float]], states: np.ndarray) -> None:
    """New episodes, from given states [C, D]."""
    restart(rows, contexts)
    for worker, state in zip(rows.workers, states, strict=True):
        worker.state = state


def pumping(environment: Any, observation: np.ndarray) -> Any:
    """The action that adds energy to an acrobot or a mountain car."""
    if environment.carl == "CARLAcrobot":
        return 2 if observation[5] > 0 else 0
    return np.array([1.0 if observation[1] >= 0 else -1.0], dtype=np.float32)


# Acrobot


def accelerations(state: np.ndarray, torque: float, c: dict[str, float]) -> np.ndarray:
    """Of both joints, from the Lagrangian: M(q) q'' + C(q, q') + G(q) = (0, torque)."""
    angle1, angle2, speed1, speed2 = state
    m1, m2, l1 = c["LINK_MASS_1"], c["LINK_MASS_2"], c["LINK_LENGTH_1"]
    r1, r2, inertia = c["LINK_COM_POS_1"], c["LINK_COM_POS_2"], c["LINK_MOI"]
    m22 = m2 * r2**2 + inertia
    m12 = m22 + m2 * l1 * r2 * np.cos(angle2)
    m11 = m1 * r1**2 + inertia + m2 * l1**2 + 2 * m12 - m22
    coupling = m2 * l1 * r2 * np.sin(angle2)
    coriolis = [-coupling * (2 * speed1 * speed2 + speed2**2), coupling * speed1**2]
    pull2 = 9.8 * m2 * r2 * np.sin(angle1 + angle2)
    gravity = [9.8 * (m1 * r1 + m2 * l1) * np.sin(angle1) + pull2, pull2]
    return np.linalg.solve([[m11, m12], [m12, m22]], np.array([0.0, torque]) - coriolis - gravity)


def after(state: np.ndarray, torque: float, c: dict[str, float]) -> np.ndarray:
    """One Runge-Kutta step of 0.2 s, with speeds cut off; what is observed then."""

    def rate(at: np.ndarray) -> np.ndarray:
        return np.concatenate([at[2:], accelerations(at, torque, c)])

    k1 = rate(state)
    k2 = rate(state + 0.1 * k1)
    k3 = rate(state + 0.1 * k2)
    k4 = rate(state + 0.2 * k3)
    angle1, angle2, *speeds = state + 0.2 / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    speeds = np.clip(speeds, [-c["MAX_VEL_1"], -c["MAX_VEL_2"]], [c["MAX_VEL_1"], c["MAX_VEL_2"]])
    return np.array([np.cos(angle1), np.sin(angle1), np.cos(angle2), np.sin(angle2), *speeds])


def test_acrobot_moves_as_two_links_with_the_contexts_constants() -> None:
    environment = carl.CARLAcrobot
    rng = np.random.default_rng(0)
    contexts = [
        {name: value * rng.uniform(0.5, 1.8) for name, value in defaults(environment).items()}
        for _ in range(50)
    ]
    rows = started(environment, contexts)
    cut = 0
    for _ in range(20):
        states = rng.uniform(-1, 1, (50, 4)) * [3, 3, 8, 12]
        action = rng.integers(3, size=50)
        put(rows, contexts, states)
        found = rows.step(action[None]).next_observation[0]
        for row in range(50):
            expected = after(states[row], action[row] - 1.0, contexts[row])
            assert found[row] == pytest.approx(expected, abs=2e-5), (row, contexts[row])
            cut += abs(expected[4]) == contexts[row]["MAX_VEL_1"]
    assert 20 < cut < 900


def test_the_length_of_acrobots_second_link_is_refused_because_it_acts_on_nothing() -> None:
    usual, other = (gymnasium.make("Acrobot-v1").unwrapped for _ in "ab")
    other.LINK_LENGTH_2 = 3.0
    observation, _ = usual.reset(seed=0)
    other.reset(seed=0)
    for _ in range(200):
        action = pumping(carl.CARLAcrobot, observation)
        observation, *figures = usual.step(action)
        again, *others = other.step(action)
        assert np.array_equal(observation, again)
        assert figures == others
        if figures[1]:
            return
    pytest.fail("the acrobot never swung up")


# MountainCarContinuous


def test_the_mountain_car_moves_with_the_contexts_constants() -> None:
    environment = carl.CARLMountainCarContinuous
    rng = np.random.default_rng(0)
    contexts = [
        {"power": 0.0015 * a, "max_speed": 0.07 * b, "goal_position": 0.45 * c, "min_position": -1.2 * d}
        for a, b, c, d in rng.uniform([0.2, 0.2, 0.5, 0.6], [3.0, 2.0, 1.3, 2.0], (200, 4))
    ]
    rows = started(environment, contexts)
    stopped = reached = limited = 0
    for _ in range(10):
        states = rng.uniform(-1, 1, (200, 2)) * [0.9, 0.1] + [-0.35, 0]
        action = rng.uniform(-1, 1, (1, 200, 1)).astype(np.float32)
        put(rows, contexts, states)
        step = rows.step(action)
        for row, ((position, speed), context) in enumerate(zip(states, contexts, strict=True)):
            force = float(action[0, row, 0])
            free = speed + force * context["power"] - 0.0025 * np.cos(3 * position)
            speed = np.clip(free, -context["max_speed"], context["max_speed"])
            unbounded = position + speed
            position = np.clip(unbounded, context["min_position"], 0.6)
            wall = unbounded <= context["min_position"] and speed < 0
            speed = 0.0 if wall else speed
            goal = position >= context["goal_position"] and speed >= 0
            assert step.next_observation[0, row] == pytest.approx([position, speed], abs=1e-6)
            assert step.terminated[0, row] == goal
            assert step.reward[0, row] == pytest.approx(100 * goal - 0.1 * force**2, abs=1e-6)
            stopped, reached, limited = stopped + wall, reached + goal, limited + (free != speed)
    assert min(stopped, reached, limited) > 20


def test_the_mountains_right_end_is_refused_because_no_car_gets_there() -> None:
    """The largest speed takes a car 0.07 beyond the goal at 0.45 at most, and the end lies at 0.6."""
    environment = carl.CARLMountainCarContinuous
    goal, speed = (defaults(environment)[name] for name in ("goal_position", "max_speed"))
    assert goal + speed < gymnasium.make(environment.gymnasium_id).unwrapped.max_position


# BipedalWalker


def rewritten_walker(constants: dict[str, float]) -> Any:
    """Gymnasium's walker, had its module been written with other constants: a reference that sets nothing later."""
    source, last = inspect.getsource(bipedal_walker), "FRICTION = 2.5\n"
    assert source.count(last) == 1
    given = "".join(f"{name} = {value!r}\n" for name, value in constants.items())
    module = ModuleType("rewritten")
    exec(source.replace(last, last + given), vars(module))
    return module.BipedalWalker()


WALKER = [name for name in defaults(carl.CARLBipedalWalker) if name != "GRAVITY_Y"]


@pytest.mark.parametrize("names", [*([name] for name in WALKER), WALKER], ids="+".join)
def test_the_walkers_constants_act_as_if_gymnasium_were_written_with_them(names: list[str]) -> None:
    """All that is derived from them included; Gymnasium's own module stays as it is."""
    environment = carl.CARLBipedalWalker
    before = {name: value for name, value in vars(bipedal_walker).items() if name.isupper()}
    shape = [tuple(bipedal_walker.LEG_FD.shape.vertices), tuple(bipedal_walker.HULL_FD.shape.vertices)]
    context = {name: 1.3 * defaults(environment)[name] for name in names}
    reference = rewritten_walker(context)
    rows = started(environment, [context, {name: defaults(environment)[name] for name in names}], seed=5)
    observation, _ = reference.reset(seed=5)
    rng = np.random.default_rng(0)
    for _ in range(60):
        assert rows.observation[0, 0].tobytes() == observation.tobytes()
        action = rng.uniform(-1, 1, 4).astype(np.float32)
        step = rows.step(np.stack([action, action])[None])
        observation, reward, terminated, _, _ = reference.step(action)
        assert (step.reward[0, 0], step.terminated[0, 0]) == (reward, terminated)
        if terminated:
            break
    assert {name: value for name, value in vars(bipedal_walker).items() if name.isupper()} == before
    assert [
        tuple(bipedal_walker.LEG_FD.shape.vertices),
        tuple(bipedal_walker.HULL_FD.shape.vertices),
    ] == shape


def test_the_walkers_gravity_is_that_of_its_own_world() -> None:
    environment = carl.CARLBipedalWalker
    rows = started(environment, [{"GRAVITY_Y": value} for value in (-4.0, -10.0, -19.0)], seed=2)
    rng = np.random.default_rng(0)
    references = []
    for value in (-4.0, -10.0, -19.0):
        plain: Any = gymnasium.make("BipedalWalker-v3").unwrapped
        plain.world.gravity = (0, value)
        plain.reset(seed=2)
        references.append(plain)
    for _ in range(60):
        action = rng.uniform(-1, 1, 4).astype(np.float32)
        step = rows.step(np.stack([action] * 3)[None])
        expected = [reference.step(action) for reference in references]
        for row, (observation, reward, *_) in enumerate(expected):
            if not step.terminated[0, row]:
                assert step.next_observation[0, row].tobytes() == observation.tobytes()
                assert step.reward[0, row] == reward
        if step.terminated.any():
            return
