"""Meta-World's episodes, its scripted policies, and what its use imports and draws."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from metaworld_rows import defaults, elsewhere, every_dynamics, every_task, scripted, started, wild

from meta_rl import registry
from meta_rl.envs.metaworld import PUSH, REACH_GOAL, MetaWorld

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
