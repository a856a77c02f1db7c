"""What a Gymnasium environment lets an agent see of the context, beside the observation."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from gymnasium import spaces

from meta_rl.errors import UserError, unknown
from meta_rl.gym.contexts import ContextSet

PLAIN, FLAT, DICT = OBSERVE = ("plain", "flat", "dict")


class Observer(NamedTuple):
    """`look` makes elements of `space`, with the same leading axes, from observations and contexts.

    It takes float32 [..., O] and float64 [..., A], the values of all features in their units.
    """

    space: spaces.Space
    look: Callable[[np.ndarray, np.ndarray], Any]


def observer(name: str, observe: str, contexts: ContextSet) -> Observer:
    """`plain`: the observation alone.

    `flat`: followed by the F features of the benchmark, scaled so that the train range becomes [-1, 1], as the
    method `explicit` gives them; held-out values go beyond.

    `dict`: {"obs", "context": {feature: value}} with all features in their units, as in carl-bench (Benjamins et
    al. 2023), but each value an array [1], so that the space contains it.

    Raises UserError for any other word, and for `flat` without a benchmark, whose train range is the scale.
    """
    seen = spaces.Box(-math.inf, math.inf, (contexts.environment.spaces.observation,), np.float32)
    if observe == PLAIN:
        return Observer(seen, lambda observation, context: observation)
    if observe == FLAT:
        return _flat(name, seen, contexts)
    if observe == DICT:
        return _dict(seen, contexts)
    raise UserError(f"{name}: {unknown('observe', observe, OBSERVE)}")


def _flat(name: str, seen: spaces.Box, contexts: ContextSet) -> Observer:
    if contexts.space is None:
        raise UserError(
            f"{name}: observe is 'flat', which scales by the train range of a benchmark, but this is an "
            f"environment; 'dict' gives its context in units"
        )
    low, high = contexts.space.bounds()
    columns = [contexts.features.index(name) for name in contexts.space.names]

    def look(observation: np.ndarray, context: np.ndarray) -> np.ndarray:
        scaled = (context[..., columns] - (low + high) / 2) / ((high - low) / 2)
        return np.concatenate([observation, scaled.astype(np.float32)], axis=-1)

    return Observer(spaces.Box(-math.inf, math.inf, (seen.shape[0] + len(columns),), np.float32), look)


def _dict(seen: spaces.Box, contexts: ContextSet) -> Observer:
    within = {
        feature.name: spaces.Box(*np.array([[feature.low], [feature.high]], dtype=np.float32))
        for feature in contexts.environment.features
    }

    def look(observation: np.ndarray, context: np.ndarray) -> dict[str, Any]:
        each = {
            name: context[..., [column]].astype(np.float32) for column, name in enumerate(contexts.features)
        }
        return {"obs": observation, "context": each}

    return Observer(spaces.Dict({"obs": seen, "context": spaces.Dict(within)}), look)
