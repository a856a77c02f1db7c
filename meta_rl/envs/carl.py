"""carl-bench as the authority on names, defaults and bounds of context features.

Its environments are not used: some features never reach the dynamics there, and importing it costs a second.
"""

import contextlib
import io
import os
import warnings
from types import ModuleType
from typing import Any

from meta_rl.errors import UserError


def features(name: str) -> dict[str, Any]:
    """carl-bench's own features of its environment `name`, each with `lower`, `upper` and `default_value`."""
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")  # it opens no window, but asks for a display
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")  # about simulators that are not installed, and infinite bounds
        from carl.envs import gymnasium as carl_environments

        return getattr(carl_environments, name).get_context_features()


def check_features(environment: ModuleType) -> None:
    """Raise a UserError if a feature of ours has not carl-bench's name, default and bounds."""
    theirs = features(environment.carl)
    for ours in environment.features:
        if ours.name not in theirs:
            raise UserError(f"{environment.__name__}: {environment.carl} has no feature '{ours.name}'")
        feature = theirs[ours.name]
        expected = (feature.default_value, feature.lower, feature.upper)
        if (ours.default, ours.low, ours.high) != expected:
            raise UserError(
                f"{environment.__name__}: feature '{ours.name}' must have (default, low, high) = {expected}, "
                f"as in {environment.carl}, not {(ours.default, ours.low, ours.high)}"
            )
