"""How MuJoCo draws without a display: chosen before it is imported, and an error where nothing works."""

import os
import subprocess
import sys

import pytest

from meta_rl.envs import offscreen

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere MuJoCo draws by itself")
HIDDEN = ("DISPLAY", "WAYLAND_DISPLAY", "MUJOCO_GL", "PYOPENGL_PLATFORM")
# With no vendor to ask, EGL draws nothing, whatever is installed.
NO_EGL = {"__EGL_VENDOR_LIBRARY_DIRS": "/nonexistent"}


def run(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own, without a display."""
    environment = {name: value for name, value in os.environ.items() if name not in HIDDEN} | variables
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120
    )


def test_the_choice_is_made_before_mujoco_is_imported_and_then_draws() -> None:
    code = """
import os, sys
from meta_rl.envs import offscreen
offscreen.prepare(mujoco=True)
assert "mujoco" not in sys.modules
import mujoco
model = mujoco.MjModel.from_xml_string("<mujoco><worldbody><light pos='0 0 3'/><geom size='1'/></worldbody></mujoco>")
renderer = mujoco.Renderer(model, 32, 32)
data = mujoco.MjData(model)
mujoco.mj_forward(model, data)
renderer.update_scene(data)
print(os.environ["MUJOCO_GL"], renderer.render().std() > 5)
"""
    done = run(code)
    assert done.returncode == 0, done.stderr
    chosen, drawn = done.stdout.split()
    assert chosen in offscreen.BACKENDS
    assert drawn == "True"


def test_where_nothing_works_there_is_an_error_and_the_process_goes_on() -> None:
    code = """
from meta_rl.gym.env import ContextualEnv
from meta_rl.errors import UserError
from meta_rl.envs import offscreen
offscreen.BACKENDS = ("egl",)
try:
    ContextualEnv("reacher", render_mode="rgb_array")
except UserError as error:
    print(error)
plain = ContextualEnv("reacher")
plain.reset(seed=0)
print(plain.step(plain.action_space.sample())[1] < 0)
"""
    done = run(code, **NO_EGL)
    assert done.returncode == 0, done.stderr
    said, goes_on = done.stdout.splitlines()
    assert said.startswith("MuJoCo cannot draw here (egl: ")
    assert said.endswith("or set MUJOCO_GL to what works")
    assert goes_on == "True"


def test_what_the_user_asks_for_is_not_replaced() -> None:
    code = "from meta_rl.envs import offscreen; offscreen.prepare(mujoco=True)"
    done = run(code, MUJOCO_GL="nonsense")
    assert done.returncode == 1
    assert "UserError: MuJoCo cannot draw here (nonsense: " in done.stderr


def test_who_draws_nothing_with_mujoco_waits_for_no_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MUJOCO_GL", raising=False)
    monkeypatch.setattr(offscreen, "_working", lambda asked: pytest.fail("another process was asked"))
    offscreen.prepare()
    assert "MUJOCO_GL" not in os.environ
