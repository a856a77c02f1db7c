"""What draws without display and sound: pygame's drivers, with which Gymnasium draws, and OpenGL for MuJoCo."""

import importlib
import os
import subprocess
import sys
from functools import cache

from meta_rl.errors import UserError

BACKENDS = ("egl", "osmesa")  # in the order in which they are tried
_DRAWS = (
    "import mujoco; model = mujoco.MjModel.from_xml_string('<mujoco/>'); "
    "renderer = mujoco.Renderer(model, 8, 8); renderer.update_scene(mujoco.MjData(model)); renderer.render()"
)
_SECONDS = 60


def prepare(mujoco: bool = False) -> None:
    """Keep pygame from looking for display and sound, and from complaining that it finds none; what is set stays set.

    To be called before anything is drawn. With a display nothing changes, so that Gymnasium can still show
    images in a window.

    With `mujoco` it also chooses how MuJoCo draws, display or not: as MUJOCO_GL says, else through EGL, else through
    OSMesa. A UserError if that does not work: where MuJoCo finds out by itself, the process may end.
    """
    if sys.platform != "linux":
        return
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
        os.environ.setdefault("SDL_AUDIODRIVER", "dummy")
    if mujoco:
        chosen = _working(os.environ.get("MUJOCO_GL", ""))
        if os.environ.get("MUJOCO_GL") != chosen:
            os.environ["MUJOCO_GL"] = chosen
            if "mujoco.gl_context" in sys.modules:  # it looks at the variable when it is imported
                importlib.reload(sys.modules["mujoco.gl_context"])


@cache
def _working(asked: str) -> str:
    """The first backend with which another process can draw."""
    found = []
    for backend in (asked,) if asked else BACKENDS:
        environment = os.environ | {"MUJOCO_GL": backend}
        if not asked:
            environment.pop("PYOPENGL_PLATFORM", None)  # that of a backend that was tried before
        try:
            tried = subprocess.run(
                [sys.executable, "-c", _DRAWS],
                env=environment,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
            )
        except subprocess.TimeoutExpired:
            found.append(f"{backend}: no image after {_SECONDS} s")
            continue
        if tried.returncode == 0:
            return backend
        said = [line for line in tried.stderr.splitlines() if line.strip()]
        found.append(f"{backend}: {said[-1].strip() if said else f'exit code {tried.returncode}'}")
    raise UserError(
        f"MuJoCo cannot draw here ({'; '.join(found)}); install EGL (Debian: libegl1 libegl-mesa0) or OSMesa "
        "(libosmesa6), or set MUJOCO_GL to what works"
    )
