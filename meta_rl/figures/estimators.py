"""The estimators of doubt in figures: how one is drawn and named, and which few are drawn where all are too many."""

from collections.abc import Iterable

import pandas as pd

from meta_rl import registry
from meta_rl.figures.style import INK, MUTED, Look
from meta_rl.metrics.doubt.boards import ranked, told
from meta_rl.tables.schema import Table

NONE = "No estimator of doubt was asked in this study."
ORACLE = "oracle"
# What others are measured by: they are always drawn, without markers.
_REFERENCES = {
    ORACLE: Look(INK, "", "-"),
    "random": Look(MUTED, "", (0, (1, 1.5))),
    "constant": Look(MUTED, "", "-"),
    "range_distance": Look(INK, "", (0, (5, 1.2, 1, 1.2))),
}
_COLOURS = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#332288", "#56b4e9", "#882255", "#997700", "#117733",
)  # fmt: skip
_MARKERS, _DASHES = ("s", "o", "^", "D", "v", "P"), ("-", (0, (4, 1.5)), (0, (8, 1.5)))


def looks(names: Iterable[str]) -> dict[str, Look]:
    """The look of each estimator, the same in every study: the references first, the others as they are registered."""
    known = [name for name in registry.ESTIMATORS if name not in _REFERENCES]
    asked = set(names)
    free = [*known, *sorted(asked - {*known, *_REFERENCES})]
    every = _REFERENCES | {
        name: Look(_COLOURS[i % len(_COLOURS)], _MARKERS[i % len(_MARKERS)], _DASHES[i % len(_DASHES)])
        for i, name in enumerate(free)
    }
    return {name: look for name, look in every.items() if name in asked}


def label(name: str) -> str:
    """The name of an estimator, and what sets it apart."""
    if name in registry.FLOORS:
        return f"{name} (floor)"
    if name == ORACLE:
        return f"{name} (other episodes)"
    return f"{name} (told)" if told(name) else name


def source(rows: pd.DataFrame, tables: Iterable[Table]) -> str:
    """The end of a footer: in which regime these rows are, and the tables that a figure was drawn from."""
    regime = " or ".join(sorted(rows["information"].unique()))
    return f" Regime: {regime}. Source: {', '.join(sorted(table.name for table in tables))}."


def foremost(metrics: pd.DataFrame, count: int) -> list[str]:
    """So many estimators that are neither floors nor told the context: those with the least nAURC."""
    others = [name for name in ranked(metrics) if name not in registry.FLOORS and not told(name)]
    return others[:count]


def left_out(metrics: pd.DataFrame, drawn: Iterable[str]) -> str:
    """A sentence for the footer, if some are not drawn."""
    every = ranked(metrics)
    rest = len(set(every) - set(drawn))
    verb = "is" if rest == 1 else "are"
    return f" {rest} of {len(every)} estimators {verb} left out: see figure doubt_board." if rest else ""
