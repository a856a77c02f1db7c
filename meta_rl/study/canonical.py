"""One form for every study: equal settings, in whatever order and notation, make equal specs and plan nothing.

What has an order of its own (the features of an environment, the methods of a figure) gets it where it is used.
"""

import json
from typing import Any

# The keys of lists that are sets. Of all other lists the order is meant.
_SETS = frozenset(
    {
        "agents", "budgets", "estimators", "extrapolation", "features", "figures", "interpolation", "observed",
        "plugins",
    }
)  # fmt: skip


def canonical(value: Any, key: str = "") -> Any:
    """A copy of a JSON value: keys and sets sorted, at every depth, and `2` for `2.0`; `key` is where it stands."""
    if isinstance(value, dict):
        return {name: canonical(value[name], name) for name in sorted(value)}
    if isinstance(value, list):
        items = [canonical(one) for one in value]
        return sorted(items, key=_place) if key in _SETS else items
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _place(value: Any) -> tuple[int, Any]:
    """Sorts numbers by size, then texts, then lists by their entries, then all else."""
    if isinstance(value, int | float):
        return 0, value
    if isinstance(value, str):
        return 1, value
    if isinstance(value, list):
        return 2, [_place(one) for one in value]
    return 3, json.dumps(value, sort_keys=True)
