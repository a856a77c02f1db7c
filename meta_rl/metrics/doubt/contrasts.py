"""The declared contrasts: every estimator with the privileged distance to the train range, and with chance.

Paired by seed, on the differences of nAURC and of nAUGRC. One question is one family for Holm's correction: one
baseline, one metric, one budget, in one region, of the runs of one agent and method. A wider one could not find
anything with ten runs: fifteen estimators, three budgets and two baselines make 90 tests of 1 / 512 at least.
"""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from meta_rl.metrics import comparisons
from meta_rl.metrics.doubt.samples import Key, Samples, Value

BASELINES = ("range_distance", "random")
CONTRASTED = ("naurc", "naugrc")
_UNPAIRED = "one of the two has no value"


def differences(samples: Samples) -> dict[Key, dict[int, Value]]:
    """Estimator less baseline for every seed of the estimator; below 0 the estimator is better."""
    found = {}
    for key, own in samples.items():
        for baseline in BASELINES if key.metric in CONTRASTED else ():
            other = samples.get(key._replace(estimator=baseline))
            if key.estimator == baseline or other is None or _stands_already(key, baseline, samples):
                continue
            named = key._replace(metric=f"{key.metric}_difference", compared_with=baseline)
            found[named] = {seed: _less(value, other.get(seed)) for seed, value in own.items()}
    return found


def _stands_already(key: Key, baseline: str, samples: Samples) -> bool:
    """The two baselines are compared once."""
    return (key.estimator, baseline) == BASELINES[::-1] and key._replace(estimator=BASELINES[0]) in samples


def _less(value: Value, other: Value | None) -> Value:
    difference = value.number - other.number if other else np.nan
    return value._replace(number=difference, reason=_UNPAIRED if np.isnan(difference) else "")


def tests(found: Samples) -> Iterator[tuple[Key, dict[str, float], int]]:
    """Key of a difference, its p_value, p_holm and smallest_p_holm, and the number of pairs."""
    families: defaultdict[Key, list[Key]] = defaultdict(list)
    for key in found:
        families[key._replace(estimator=None)].append(key)
    for keys in families.values():
        runs = {key: _numbers(found[key]) for key in keys}
        runs = {key: numbers for key, numbers in runs.items() if len(numbers)}
        p_values = np.array([comparisons.sign_flip(numbers) for numbers in runs.values()])
        for (key, numbers), p, p_holm in zip(runs.items(), p_values, comparisons.holm(p_values), strict=True):
            smallest = min(len(runs) * comparisons.smallest_p(len(numbers)), 1.0)
            yield key, {"p_value": p, "p_holm": p_holm, "smallest_p_holm": smallest}, len(numbers)


def _numbers(values: dict[int, Value]) -> np.ndarray:
    """Those that exist, [R], in the order of the seeds."""
    ordered = np.array([values[seed].number for seed in sorted(values)])
    return ordered[~np.isnan(ordered)]
