"""The `doubt_metrics` table: first a number per run over its contexts, then the mean over runs with its interval.

What each metric says stands in docs/uncertainty/metrics.md. A run without a value does not count: `n_seeds` says how
many have one, `reason` why the others have none.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from meta_rl.metrics import intervals, returns
from meta_rl.metrics.doubt import contrasts
from meta_rl.metrics.doubt.samples import Key, Samples, Seeds, Value, sampled

_COLUMNS = [*Key._fields, "estimate", "low", "high", "n_seeds", "n_contexts", "n_solvable", "reason"]
_AT_ONCE = 2000  # metrics whose resampled means are held in memory together
_SHARE, _CORRELATION, _POSITIVE = (0.0, 1.0), (-1.0, 1.0), (0.0, np.inf)
# What a run's number can be, where it is bounded.
_POSSIBLE = {
    **dict.fromkeys(("naurc", "naugrc", "naurc_floor", "naugrc_floor", "width", "value_error"), _POSITIVE),
    **dict.fromkeys(("spearman", "rank_agreement"), _CORRELATION),
    **dict.fromkeys(("failure_auroc", "failure_aupr", "failure_fpr95", "ood_auroc"), _SHARE),
    **dict.fromkeys(("spearman_ceiling", "failure_rate", "coverage"), _SHARE),
}
_TESTS = ("p_value", "p_holm", "smallest_p_holm")

Row = tuple[Any, ...]


def doubt_metrics(uncertainty: pd.DataFrame, episodes: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """The `doubt_metrics` table, sorted by key; it is empty if nobody doubts.

    `uncertainty`: one row per run, estimator, budget, split and context, with doubt, reason, lower and upper, and
    perhaps `forecast` (float vectors: returns drawn for the context), of which CRPS is computed.
    `episodes`: the scored ones of the policies that doubt, in columns of `evaluation`, of one snapshot per run.
    With a column `tail_value` (gamma^T V(s_T) where an episode was truncated, 0 where it terminated) values are
    calibrated, too.
    `scores`: the table, for what was possible in each context. Only splits of results count.
    """
    samples, seeds = sampled(uncertainty, episodes, scores)
    differences = contrasts.differences(samples)
    rows = [*_aggregated({**samples, **differences}, seeds)]
    for key, numbers, pairs in contrasts.tests(differences):
        counts = _contexts(differences[key])
        for test in _TESTS:
            named = key._replace(metric=f"{key.metric.removesuffix('difference')}{test}")
            rows.append((*named, numbers[test], np.nan, np.nan, pairs, *counts, None))
    frame = pd.DataFrame(rows, columns=_COLUMNS)
    kinds = dict.fromkeys((*Key._fields, "reason"), "str") | dict.fromkeys(
        ("estimate", "low", "high"), "float64"
    )
    kinds |= dict.fromkeys(("n_seeds", "n_contexts", "n_solvable"), "int64")
    return frame.astype(kinds).sort_values(list(Key._fields), ignore_index=True)


def _aggregated(samples: Samples, seeds: Seeds) -> Iterator[Row]:
    """Mean and interval of every sample; those of one number of runs share the drawn runs."""
    alike: defaultdict[int, list[tuple[Key, np.ndarray]]] = defaultdict(list)
    for key, values in samples.items():
        numbers = np.array([values[seed].number for seed in sorted(values)])
        kept = numbers[np.isfinite(numbers)]
        alike[len(kept)].append((key, kept))
    for n, every in alike.items():
        for start in range(0, len(every), _AT_ONCE):
            some = every[start : start + _AT_ONCE]
            runs = np.stack([numbers for _, numbers in some], axis=1)
            ends = np.full((3, len(some)), np.nan)
            if n:
                possible = np.array([_POSSIBLE.get(key.metric, (-np.inf, np.inf)) for key, _ in some]).T
                ends = np.stack(
                    [returns.mean(runs), *intervals.within(intervals.interval(runs, "mean"), possible)]
                )
            for (key, _), *numbers in zip(some, *ends, strict=True):
                yield *key, *numbers, n, *_contexts(samples[key]), _reason(samples[key], seeds[key.group])


def _contexts(values: dict[int, Value]) -> tuple[int, int]:
    """Contexts and solvable ones per run: their mean, rounded down, over the runs with a value, or over all."""
    own = [value for value in values.values() if np.isfinite(value.number)] or list(values.values())
    return sum(value.contexts for value in own) // len(own), sum(value.solvable for value in own) // len(own)


def _reason(values: dict[int, Value], seeds: dict[int, bool]) -> str | None:
    """Why runs have no value, each reason with the number of them; None if all have one."""
    why: Counter[str] = Counter()
    for seed, played in sorted(seeds.items()):
        if seed not in values:
            why["no doubt was computed" if played else "no episode was scored"] += 1
        elif not np.isfinite(values[seed].number):
            why[values[seed].reason or "not finite"] += 1
    return "; ".join(f"{count} of {len(seeds)} runs: {text}" for text, count in sorted(why.items())) or None
