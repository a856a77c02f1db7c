"""Which contexts a Gymnasium environment goes through."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any

import numpy as np

from meta_rl import registry
from meta_rl.benchmarks.published import BENCHMARKS
from meta_rl.contexts import DEVELOPMENT, NEEDS, TRAIN, ContextSpace, Feature
from meta_rl.errors import UserError, unknown
from meta_rl.streams import run_key


@dataclass(frozen=True)
class ContextSet:
    """C contexts of an environment with A features.

    `space` is the benchmark's, of its F features; an environment that is no benchmark has none.
    """

    name: str
    split: str | None  # of a benchmark, unless a context was given instead
    environment: Any
    ids: np.ndarray  # int64 [C], as in the `contexts` table of a study with as many contexts a run
    values: np.ndarray  # float64 [C, A], of all features, in their units
    space: ContextSpace | None

    @property
    def features(self) -> tuple[str, ...]:
        return tuple(feature.name for feature in self.environment.features)


def choose(
    name: str,
    context: Mapping[str, float] | None,
    split: str | None,
    seed: int,
    n_contexts: int,
    part: Sequence[int] | None = None,
) -> ContextSet:
    """The contexts of a published benchmark or a registered environment called `name`; benchmarks come first.

    With a `context`, {feature: value in its unit}, that one alone; features that it does not name keep their
    defaults. Otherwise `n_contexts` of the benchmark's `split`, drawn as in a study: of `train` (the default)
    those of the run `seed`. An environment that is no benchmark has no splits, only its default context.

    A `part` (i, n) has every n-th of them: n parts with i from 0 to n - 1 share all out, in the numbers in which
    Stable-Baselines3 shares out episodes among environments.

    Raises UserError if a name does not exist, a value is out of bounds, or context and split are both given.
    """
    chosen = _all(name, context, split, seed, n_contexts)
    if part is None:
        return chosen
    count = len(chosen.ids)
    whole = isinstance(part, Sequence) and len(part) == 2 and all(_is_whole(one, 0) for one in part)
    if not whole or not part[0] < part[1] <= count:
        raise UserError(
            f"{name}: part is {part!r}, but must be (i, n) with 0 <= i < n <= {count}, whole numbers"
        )
    own = slice(part[1] - 1 - part[0], None, part[1])
    return replace(chosen, ids=chosen.ids[own], values=chosen.values[own])


def _all(
    name: str, context: Mapping[str, float] | None, split: str | None, seed: int, n_contexts: int
) -> ContextSet:
    benchmark = BENCHMARKS.get(name)
    if benchmark is None and name not in registry.ENVS:
        raise UserError(unknown("environment or benchmark", name, {*registry.ENVS, *BENCHMARKS}))
    environment = registry.load("environment", benchmark.environment if benchmark else name)
    features: tuple[Feature, ...] = environment.features
    space = ContextSpace.of(features, *benchmark.space) if benchmark else None
    if context is not None and split is not None:
        raise UserError(f"{name}: both a context and the split '{split}' are given; give one of them")
    if split is None and (context is not None or space is None):
        values = values_of(name, features, context or {})[None]
        return ContextSet(name, None, environment, np.zeros(1, dtype=np.int64), values, space)
    if space is None:
        over = sorted(other for other, one in BENCHMARKS.items() if one.environment == name)
        raise UserError(
            f"{name}: an environment has no split '{split}'; benchmarks over it have: {', '.join(over) or 'none'}"
        )
    check_whole(name, "seed", seed, 0)
    check_whole(name, "n_contexts", n_contexts, 1)
    split = split or TRAIN
    splits = (TRAIN, *DEVELOPMENT, *space.regions)
    if split in NEEDS and split not in splits:
        raise UserError(
            f"{name}: split '{split}' does not exist, as it takes {NEEDS[split]}; the splits are {', '.join(splits)}"
        )
    if split not in splits:
        raise UserError(f"{name}: {unknown('split', split, splits)}")
    trained = split == TRAIN
    drawn = (
        space.draw_train(run_key(name, seed), n_contexts)
        if trained
        else space.draw_held_out(split, n_contexts)
    )
    names = [feature.name for feature in features]
    values = np.tile([feature.default for feature in features], (n_contexts, 1))
    values[:, [names.index(varied) for varied in space.names]] = drawn
    ids = np.arange(n_contexts) + trained * seed * n_contexts
    return ContextSet(name, split, environment, ids, values, space)


def values_of(name: str, features: tuple[Feature, ...], context: Mapping[str, float]) -> np.ndarray:
    """The values [A] of all features in a context, which need not name all of them."""
    by_name = {feature.name: feature for feature in features}
    if not isinstance(context, Mapping):
        raise UserError(
            f"{name}: context is {context!r}, but must be a mapping such as {{'{features[0].name}': "
            f"{features[0].default:g}}}"
        )
    for key, value in context.items():
        if key not in by_name:
            raise UserError(f"{name}: {unknown('feature', key, by_name)}")
        feature = by_name[key]
        try:
            valid = (
                not isinstance(value, bool) and math.isfinite(value) and feature.low <= value <= feature.high
            )
        except TypeError:  # not a number
            valid = False
        if not valid:
            raise UserError(
                f"{name}: feature '{key}' is {value!r}, but must be a number of {feature.unit} "
                f"in [{feature.low:g}, {feature.high:g}]; the default is {feature.default:g}"
            )
    return np.array([float(context.get(feature.name, feature.default)) for feature in features])


def check_whole(name: str, what: str, value: object, least: int) -> None:
    if not _is_whole(value, least):
        raise UserError(f"{name}: {what} is {value!r}, but must be a whole number of at least {least}")


def _is_whole(value: object, least: int) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least
