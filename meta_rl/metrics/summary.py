"""The metrics table: scores, encodings and references summed up per benchmark, agent, method and split.

First a number per run over its contexts, then, after the semicolon, an aggregate over runs. Contexts in which nobody
can succeed (solvable is "false") do not count, but in `unsolvable_return` and in what is said of encodings:

    iqm_return (the headline), mean_return, median_return    mean return; as named
    cvar_return                 mean return of the worst tenth of the contexts; IQM
    iqm_score, mean_score       mean score; as named
    optimality_gap              mean of what scores lack of 1; mean
    generalisation_gap          mean train score - mean held-out score; IQM
    encoding_r2, encoding_r2_shuffled    R2 of a ridge probe, and of its control; IQM
    unsolvable_return           held-out splits with contexts in which nobody can succeed: mean return there; IQM
    collapse_rate               on the train split only: whether the mean return is below the success threshold; mean

Held-out splits only, and against the method `compared_with`, which is `none`, `explicit` or the method's control:

    return_difference           difference of mean returns, paired by seed; mean
    probability_of_improvement  P(X > Y) + P(X = Y) / 2
    p_value, p_holm             paired permutation test of return_difference; Holm over all comparisons of the
                                split (same benchmark, agent and information)
    smallest_p_holm             the least p_holm that this number of runs can give

Of the portfolio, so without runs, under agent and method "reference":

    context_value               what knowing the context is worth in the split

and under the agent's name and method "specialist":

    specialist_return           mean return of the specialist that does best in each context

All runs count that were played, diverged ones with what they returned; `n_seeds` says how many.

Intervals end where the environment's `lowest` and `highest` return do, and with them scores and differences: no run
can score more in a context than the highest return would.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from meta_rl.metrics import comparisons, intervals, returns
from meta_rl.metrics.cells import APART, Cell, cell_of, range_of
from meta_rl.metrics.probe import encoding_r2
from meta_rl.metrics.references import context_value, possible, specialist_returns

_GROUP = ["benchmark", "agent", "method", "information", "split"]
_KEY = [*_GROUP, "metric", "compared_with"]
_COLUMNS = [*_KEY, "estimate", "low", "high", "n_seeds", "n_contexts", "n_solvable"]
_NONE = (np.nan, np.nan)
NO_CONTROLS: Mapping[str, str] = MappingProxyType({})
_SHARE = (0.0, 1.0)

# metric: column of the cells, number per run, aggregate over runs
_METRICS: dict[str, tuple[str, Callable[[np.ndarray], np.ndarray], str]] = {
    "iqm_return": ("episode_return", returns.run_mean, "iqm"),
    "mean_return": ("episode_return", returns.run_mean, "mean"),
    "median_return": ("episode_return", returns.run_mean, "median"),
    "cvar_return": ("episode_return", returns.run_worst, "iqm"),
    "iqm_score": ("score", returns.run_mean, "iqm"),
    "mean_score": ("score", returns.run_mean, "mean"),
    "optimality_gap": ("score", returns.run_optimality_gap, "mean"),
    APART: (APART, returns.run_mean, "iqm"),
}

Key = tuple[str, ...]
Row = tuple[Any, ...]


class _Sample(NamedTuple):
    """A number per run, [R], that waits to be aggregated."""

    key: Key
    metric: str
    compared_with: str | None
    runs: np.ndarray
    statistic: str
    counts: tuple[int, int, int]
    possible: tuple[float, float]  # what a run's number can be


def metrics(
    scores: pd.DataFrame,
    references: pd.DataFrame,
    encodings: pd.DataFrame,
    contexts: pd.DataFrame,
    controls: Mapping[str, str] = NO_CONTROLS,
) -> pd.DataFrame:
    """The `metrics` table of a study from four of its tables, sorted by key; `encodings` may be empty.

    `controls` has the control of each method with one.
    Two methods are compared on the seeds that both have: all, unless runs failed.
    """
    cells = {key: cell_of(group) for key, group in scores.groupby(_GROUP)}
    samples = [*_returns(cells), *_collapses(cells), *_gaps(cells), *_encodings(cells, encodings, contexts)]
    rows = [*_of_portfolio(references, scores)]
    for key, methods in _families(cells).items():
        differences, tests = _comparisons(key, methods, controls)
        samples += differences
        rows += tests
    frame = pd.DataFrame([*_aggregated(samples), *rows], columns=_COLUMNS)
    return frame.astype({"compared_with": "str"}).sort_values(_KEY, ignore_index=True)


def _aggregated(samples: list[_Sample]) -> Iterator[Row]:
    """Estimate and interval of every sample; those of one statistic and size share the drawn runs."""
    alike = defaultdict(list)
    for sample in samples:
        alike[sample.statistic, len(sample.runs)].append(sample)
    for (statistic, _), some in alike.items():
        runs = np.stack([sample.runs for sample in some], axis=1)
        possible = np.array([sample.possible for sample in some]).T
        ends = intervals.within(intervals.interval(runs, statistic), possible)
        columns = returns.AGGREGATES[statistic](runs), *ends
        for sample, *numbers in zip(some, *columns, strict=True):
            yield *sample.key, sample.metric, sample.compared_with, *numbers, *sample.counts


def _returns(cells: dict[Key, Cell]) -> Iterator[_Sample]:
    for key, cell in cells.items():
        for metric, (column, per_run, statistic) in _METRICS.items():
            if column == APART and (key[-1] == "train" or np.isnan(cell.columns[APART]).all()):
                continue
            runs = per_run(cell.columns[column])
            possible = range_of(per_run(cell.lowest[column]), per_run(cell.highest[column]))
            yield _Sample(key, metric, None, runs, statistic, cell.counts(column), possible)


def _collapses(cells: dict[Key, Cell]) -> Iterator[_Sample]:
    """Runs that did not learn their own contexts: what they return elsewhere says little of generalisation."""
    for key, cell in cells.items():
        if key[-1] == "train":
            below = returns.run_mean(cell.columns["episode_return"]) < cell.success
            runs, counts = below.astype(float), cell.counts("episode_return")
            yield _Sample(key, "collapse_rate", None, runs, "mean", counts, _SHARE)


def _gaps(cells: dict[Key, Cell]) -> Iterator[_Sample]:
    for key, cell in cells.items():
        train = cells.get((*key[:-1], "train"), cell)
        if train is not cell:
            gap, possible = _less(train, cell, "score")
            yield _Sample(key, "generalisation_gap", None, gap, "iqm", cell.counts("score"), possible)


def _less(x: Cell, y: Cell, column: str) -> tuple[np.ndarray, tuple[float, float]]:
    """Run by run the mean over contexts of x less that of y, [R], and what that can be."""
    least, greatest = (
        returns.run_mean(one[column]) - returns.run_mean(other[column])
        for one, other in ((x.lowest, y.highest), (x.highest, y.lowest))
    )
    difference = returns.run_mean(x.columns[column]) - returns.run_mean(y.columns[column])
    return difference, range_of(least, greatest)


def _encodings(cells: dict[Key, Cell], encodings: pd.DataFrame, contexts: pd.DataFrame) -> Iterator[_Sample]:
    for key, group in encoding_r2(encodings, contexts).groupby(_GROUP):
        for metric in ("encoding_r2", "encoding_r2_shuffled"):
            runs, counts = group[metric].to_numpy(), cells[key].counts("episode_return", APART)
            yield _Sample(key, metric, None, runs, "iqm", counts, (-np.inf, 1.0))


def _families(cells: dict[Key, Cell]) -> dict[Key, dict[str, Cell]]:
    """The methods that are compared, by benchmark, agent, information and held-out split."""
    families: defaultdict[Key, dict[str, Cell]] = defaultdict(dict)
    for (benchmark, agent, method, information, split), cell in cells.items():
        if split != "train":
            families[benchmark, agent, information, split][method] = cell
    return families


def _comparisons(
    key: Key, methods: dict[str, Cell], controls: Mapping[str, str]
) -> tuple[list[_Sample], list[Row]]:
    benchmark, agent, information, split = key
    family = comparisons.family(methods, controls)
    shared = {pair: _shared(*(methods[name] for name in pair)) for pair in family}
    pairs = {pair: cells for pair, cells in shared.items() if cells[0].seeds}
    differences = [_less(*cells, "episode_return") for cells in pairs.values()]
    p_values = np.array([comparisons.sign_flip(difference) for difference, _ in differences])
    samples, rows = [], []
    adjusted = comparisons.holm(p_values)
    for (pair, (x, y)), of, p, p_holm in zip(pairs.items(), differences, p_values, adjusted, strict=True):
        runs, possible = of
        method, baseline = pair
        own, counts = (benchmark, agent, method, information, split), x.counts("episode_return")
        samples.append(_Sample(own, "return_difference", baseline, runs, "mean", counts, possible))
        smallest = min(len(pairs) * comparisons.smallest_p(len(runs)), 1.0)
        for metric, *numbers in (
            ("probability_of_improvement", *_improvement(x, y)),
            ("p_value", p, *_NONE),
            ("p_holm", p_holm, *_NONE),
            ("smallest_p_holm", smallest, *_NONE),
        ):
            rows.append((*own, metric, baseline, *numbers, *counts))
    return samples, rows


def _shared(x: Cell, y: Cell) -> tuple[Cell, Cell]:
    """The runs of the seeds that both have."""
    seeds = [seed for seed in x.seeds if seed in y.seeds]
    return x.select(seeds), y.select(seeds)


def _improvement(x: Cell, y: Cell) -> tuple[float, float, float]:
    """Probability of improvement; from 10 runs on with an interval, where both methods share the drawn seeds."""
    count = ~np.isnan(x.columns["episode_return"]).all(axis=0)
    if not count.any():
        return np.nan, *_NONE
    won = returns.wins(x.columns["episode_return"][:, count], y.columns["episode_return"][:, count])
    if len(won) < intervals.FEWEST:
        return float(won.mean()), *_NONE
    seeds = np.arange(len(won))
    low, high = intervals.bootstrap(lambda drawn: won[np.ix_(drawn, drawn)].mean(), seeds)
    return float(won.mean()), float(low), float(high)


def _of_portfolio(references: pd.DataFrame, scores: pd.DataFrame) -> Iterator[Row]:
    contexts = scores.drop_duplicates(["benchmark", "split", "context_id"])
    counted = contexts[contexts["solvable"] != "false"]
    solved = counted.assign(solvable=counted["solvable"] == "true")
    sizes = solved.groupby(["benchmark", "split"])["solvable"]
    for benchmark, every in references.groupby("benchmark"):
        group = possible(every, contexts[contexts["benchmark"] == benchmark])
        for split, value in context_value(group).items():
            own = sizes.get_group((benchmark, split))
            key = (benchmark, "reference", "reference", "cold", split)
            yield *key, "context_value", None, value, *_NONE, 0, len(own), int(own.sum())
        for agent, values in specialist_returns(group).items():
            for split, value in values.items():
                own = sizes.get_group((benchmark, split))
                key = (benchmark, agent, "specialist", "cold", split)
                yield *key, "specialist_return", None, value, *_NONE, 0, len(own), int(own.sum())
