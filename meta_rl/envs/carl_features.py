"""carl-bench as the authority on names, defaults and bounds of context features.

Importing it costs a second, so it waits until it is asked.
"""

import contextlib
import io
import math
import os
import warnings
from functools import cache
from typing import Any

from meta_rl.errors import UserError


@cache
def features(name: str) -> dict[str, Any]:
    """carl-bench's own features of its environment `name`, each with `lower`, `upper` and `default_value`."""
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")  # it opens no window, but asks for a display
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")  # about simulators that are not installed, and infinite bounds
        from carl.envs import gymnasium as carl_environments

        return getattr(carl_environments, name).get_context_features()


def check_features(environment: Any) -> None:
    """Raise a UserError if a feature of ours has not carl-bench's name, default and bounds.

    A feature among the environment's `deviations` is its own; without `carl` there is nothing to hold to.
    """
    if environment.carl is None:
        return
    theirs = features(environment.carl)
    for ours in environment.features:
        if ours.name in environment.deviations:
            continue
        if ours.name not in theirs:
            raise UserError(f"{environment.__name__}: {environment.carl} has no feature '{ours.name}'")
        feature = theirs[ours.name]
        expected = (feature.default_value, feature.lower, feature.upper)
        given = (ours.default, ours.low, ours.high)
        # carl-bench rounds at the 13th decimal place.
        same = all(math.isclose(*pair, rel_tol=1e-12) for pair in zip(given, expected, strict=True))
        if not same:
            raise UserError(
                f"{environment.__name__}: feature '{ours.name}' must have (default, low, high) = {expected}, "
                f"as in {environment.carl}, not {given}"
            )
