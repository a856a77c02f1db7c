"""pygame, with which Gymnasium draws, on a machine without display and sound."""

import os
import sys


def prepare() -> None:
    """Keep pygame from looking for either, and from complaining that it finds none; what is set stays set.

    To be called before anything is drawn. With a display nothing changes, so that Gymnasium can still show
    images in a window. (MuJoCo's environments choose how they draw themselves.)
    """
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
        os.environ.setdefault("SDL_AUDIODRIVER", "dummy")
