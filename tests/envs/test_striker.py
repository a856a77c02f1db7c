"""Striker's rows: features act in their own row, episodes repeat, snapshots go on, and images need no display."""

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from striker_swings import CHANGED, changed, context, every_task, rows_of, started, struck, swing

from meta_rl.envs.striker import STRIKER, Striker


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
