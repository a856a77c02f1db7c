"""What `reset(options=...)` can ask for: a context of the set, the start that a study plays there, or any context."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from meta_rl.errors import UserError, unknown
from meta_rl.gym.contexts import ContextSet, check_whole, values_of
from meta_rl.streams import starts

CONTEXT_ID, EPISODE, CONTEXT = OPTIONS = ("context_id", "episode", "context")
NOT_OF_THE_SET = -1  # the id of a context that was given in values


class Start(NamedTuple):
    """Where N rows begin; no `noise` means that it is drawn as ever."""

    ids: np.ndarray  # int64 [N]
    values: np.ndarray  # float64 [N, A], of all features
    noise: np.ndarray | None  # float64 [N, U]


def asked(contexts: ContextSet, options: Mapping[str, Any] | None, rows: int, noise: int) -> Start | None:
    """The start of `rows` rows that take `noise` random numbers each; None where no option is given.

    `context_id`: that context of the set. `episode`, beside it: the start of the episode with this number in a study.
    `context`, {feature: value}: this one, with other features at their defaults. Each number or value may also be a
    list of one per row.

    Raises UserError for any other option, and for what does not exist.
    """
    if not options:
        return None
    name = contexts.name
    for key in options:
        if key not in OPTIONS:
            raise UserError(f"{name}: {unknown('option of reset', key, OPTIONS)}")
    if CONTEXT in options:
        if len(options) > 1:
            raise UserError(
                f"{name}: reset takes the option 'context' alone, or 'context_id' and 'episode'; give one of them"
            )
        values = _values(contexts, options[CONTEXT], rows)
        return Start(np.full(rows, NOT_OF_THE_SET), values, None)
    if CONTEXT_ID not in options:
        raise UserError(f"{name}: reset takes the option 'episode' with a 'context_id' only; give it, too")
    ids = _whole(name, CONTEXT_ID, options[CONTEXT_ID], rows)
    places = {int(number): place for place, number in enumerate(contexts.ids)}
    for number in ids.tolist():
        if number not in places:
            raise UserError(
                f"{name}: the option 'context_id' is {number}, but the contexts here are "
                f"{contexts.ids.min()} to {contexts.ids.max()}{' of a part' * _has_gaps(contexts.ids)}"
            )
    values = contexts.values[[places[number] for number in ids.tolist()]]
    if EPISODE not in options:
        return Start(ids, values, None)
    if contexts.split is None:
        raise UserError(
            f"{name}: the option 'episode' is one of a study, which plays in splits of benchmarks; make the id of a "
            "benchmark with a split, or leave it out"
        )
    episodes = _whole(name, EPISODE, options[EPISODE], rows)
    drawn = starts(name, contexts.split, ids.tolist(), int(episodes.max()) + 1, noise)
    return Start(ids, values, drawn[np.arange(rows), episodes])


def _has_gaps(ids: np.ndarray) -> bool:
    return len(ids) <= int(ids.max() - ids.min())


def _whole(name: str, option: str, given: Any, rows: int) -> np.ndarray:
    """int64 [N], from one number for all rows or one for each."""
    many = _one_each(name, option, given, rows)
    for number in many:
        check_whole(name, f"the option '{option}'", number, 0)
    return np.array(many, dtype=np.int64)


def _values(contexts: ContextSet, given: Any, rows: int) -> np.ndarray:
    """float64 [N, A], from one mapping whose values are numbers for all rows or lists of one for each."""
    name, features = contexts.name, contexts.environment.features
    if not isinstance(given, Mapping):
        return np.tile(values_of(name, features, given), (rows, 1))  # which refuses it
    each = {key: _one_each(name, f"context: {key}", value, rows) for key, value in given.items()}
    contexts_of_rows = [{key: many[row] for key, many in each.items()} for row in range(rows)]
    return np.stack([values_of(name, features, context) for context in contexts_of_rows])


def _one_each(name: str, option: str, given: Any, rows: int) -> list[Any]:
    if not isinstance(given, list | tuple | np.ndarray) or np.ndim(given) == 0:
        return [given] * rows
    if len(given) != rows:
        raise UserError(f"{name}: the option '{option}' has {len(given)} entries, but there are {rows} rows")
    return list(given)
