"""The test study with one value changed, and what is then said of it."""

import copy
from typing import Any

import pytest
from raw_study import RAW

from meta_rl.errors import UserError
from meta_rl.study import config

BENCHMARK = "benchmarks.small_gravity"
FEATURE = f"{BENCHMARK}.features.gravity"


def changed(path: str, value: Any) -> dict[str, Any]:
    """The test study with one value replaced, added, or (with `...`) removed."""
    study = copy.deepcopy(RAW)
    *parents, last = path.split(".")
    node = study
    for key in parents:
        node = node.setdefault(key, {})
    node[last] = value
    if value is ...:
        del node[last]
    return study


def complaint(study: Any) -> str:
    with pytest.raises(UserError) as caught:
        config.check(study, "my.yaml")
    return str(caught.value)
