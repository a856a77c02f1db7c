"""Numbers per run that wait to be summed up over runs, under the key of their row in the `doubt_metrics` table."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from meta_rl.contexts import RESULTS
from meta_rl.metrics.doubt import across
from meta_rl.metrics.doubt.budgets import AREA
from meta_rl.metrics.doubt.measures import Measure, measures
from meta_rl.metrics.doubt.runs import Run, gathered
from meta_rl.tables.doubt_metrics import HELD_OUT


class Value(NamedTuple):
    """A number of one run, NaN with the reason; the contexts behind it, and those known to be solvable."""

    number: float
    reason: str
    contexts: int
    solvable: int


class Key(NamedTuple):
    """Of a row of the table."""

    benchmark: str
    agent: str
    method: str
    information: str
    region: str
    estimator: str | None
    budget: str | None
    metric: str
    compared_with: str | None = None

    @property
    def group(self) -> tuple[str, ...]:
        """Whose runs these are."""
        return self[:4]


Samples = Mapping[Key, dict[int, Value]]  # by seed
Seeds = Mapping[tuple[str, ...], dict[int, bool]]  # of a group: whether the run has scored episodes


def sampled(
    uncertainty: pd.DataFrame, episodes: pd.DataFrame, scores: pd.DataFrame
) -> tuple[dict[Key, dict[int, Value]], Seeds]:
    """The numbers of every run, and all seeds that the `uncertainty` table names."""
    samples: defaultdict[Key, dict[int, Value]] = defaultdict(dict)
    seeds: defaultdict[tuple[str, ...], dict[int, bool]] = defaultdict(dict)
    for (benchmark, agent, method, seed, information), run in gathered(uncertainty, episodes, scores).items():
        group = (benchmark, agent, method, information)
        seeds[group][int(seed)] = run is not None
        for region, own in _regions(run) if run is not None else ():
            for who, value in _of_region(own, region == HELD_OUT):
                samples[Key(*group, region, *who)][int(seed)] = value
    return dict(samples), seeds


def _regions(run: Run) -> Iterator[tuple[str, Run]]:
    """All regions together, and each."""
    yield HELD_OUT, run
    for split in RESULTS:
        if (own := run.split == split).any():
            yield split, run.within(own)


def _of_region(run: Run, everywhere: bool) -> Iterator[tuple[tuple[str | None, str | None, str], Value]]:
    """(estimator, budget, metric) and the value of each number; those with neither value nor reason are left out."""
    found = {measure.metric: measure for measure in measures(run, everywhere)}
    for measure in found.values():
        asked = [(None, None)] if measure.of_run else run.asked
        for who, number, reason in zip(asked, measure.values, measure.reasons, strict=True):
            if reason or not np.isnan(number):
                yield (*who, measure.metric), _value(number, reason, measure)
        for estimator, number, reason in across.areas(run, measure):
            yield (estimator, AREA, measure.metric), _value(number, reason, measure)
    if "naurc" in found:
        for budget, number, reason in across.agreements(run, found):
            yield (None, budget, across.AGREEMENT), _value(number, reason, found["naurc"])


def _value(number: float, reason: str, measure: Measure) -> Value:
    return Value(float(number), str(reason), measure.contexts, measure.solvable)
