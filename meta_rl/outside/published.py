"""References that come with the package: what random actions and the best of a portfolio return in each context.

`python -m meta_rl.outside.publish` makes them. A change of them is a new version, in a folder of its own, so that a
score keeps its meaning.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

VERSION = 1
FOLDER = Path(__file__).parents[1] / "data" / "references" / f"v{VERSION}"
INDEX = "index.json"


class Published(NamedTuple):
    """`values`: split, context_id, reference, random; `said`: members, episodes, contexts per run and split, seeds."""

    values: pd.DataFrame
    said: dict[str, Any]


def references(benchmark: str) -> Published | None:
    """Those of a published benchmark; None if it has none."""
    said = index().get(benchmark)
    return None if said is None else Published(pd.read_csv(FOLDER / f"{benchmark}.csv"), said)


@cache
def index() -> dict[str, Any]:
    """What is said of the references of each benchmark."""
    found: dict[str, Any] = json.loads((FOLDER / INDEX).read_text(encoding="utf-8"))
    return found
