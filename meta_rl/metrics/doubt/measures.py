"""The metrics of one run in one region: a number for each who doubts, or one for the run itself.

Shortfalls count in contexts in which somebody may succeed; where nobody can, an agent that rightly doubts has no
shortfall. Failure (a mean return below the success threshold), location and intervals count in all.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from meta_rl.contexts import INTERPOLATION
from meta_rl.metrics.doubt import deployment, detection, noise, ranks, return_intervals, value_calibration
from meta_rl.metrics.doubt.runs import Run
from meta_rl.metrics.doubt.selective import naugrc, naurc

_ONE_KIND = {
    "failure": "the policy fails in all contexts, or in none",
    "ood": "all contexts are inside the train region, or none is",
}
_NO_SCALE = "the reference is no better than random in half of the contexts"
_NO_VALUE = "a value is not finite"
_INCOMPLETE = "an interval or forecast is missing or has no end"
Rows = Callable[[np.ndarray], np.ndarray]  # doubt [K, C] -> [K]


class Measure(NamedTuple):
    """A metric of one run."""

    metric: str
    values: np.ndarray  # [K]; of the run itself [1]
    reasons: np.ndarray  # str [K] or [1], why a value is NaN
    of_run: bool
    contexts: int
    solvable: int  # contexts known to be so


class _Measuring:
    """Turns functions of doubt into measures on the contexts of `run`."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.counts = len(run.split), int((run.solvable == "true").sum())
        gap = np.isnan(run.doubt)
        self.complete = ~gap.any(axis=1)
        first = run.reason[np.arange(len(gap)), gap.argmax(axis=1)] if gap.size else np.full(len(gap), "")
        self.why = np.where(self.complete, "", first)

    def of_doubt(self, metric: str, function: Rows, blocked: str = "") -> Measure:
        """`function` of those who doubt in every context; `blocked` says why nobody has a value."""
        values, reasons = np.full(len(self.why), np.nan), self.why.astype(object)
        if blocked:
            reasons = np.where(self.complete, blocked, reasons)
        elif self.complete.any():
            values[self.complete] = function(self.run.doubt[self.complete])
        return Measure(metric, values, reasons, False, *self.counts)

    def of_some(self, metric: str, some: np.ndarray, values: np.ndarray, blocked: str = "") -> Measure:
        """Numbers [K] of which only `some`, bool [K], are asked for."""
        reasons = np.where(some & np.isnan(values), blocked or _INCOMPLETE, "")
        return Measure(metric, values, reasons, False, *self.counts)

    def of_run(self, metric: str, value: float, blocked: str = "") -> Measure:
        known = np.array([np.nan if blocked else value])
        return Measure(metric, known, np.array([blocked]), True, *self.counts)


def _each(function: Callable[[np.ndarray], float]) -> Rows:
    return lambda doubt: np.array([function(row) for row in doubt])


def measures(run: Run, everywhere: bool) -> Iterator[Measure]:
    """All metrics of a run in the contexts handed in; `everywhere`: they are those of all regions."""
    possible = run.within(run.solvable != "false")
    if len(possible.split):
        yield from _shortfall(_Measuring(possible))
        yield from _deployment(_Measuring(possible))
    of_all = _Measuring(run)
    yield from _failure(of_all)
    if everywhere:
        yield from _location(of_all)
    yield from _intervals(of_all)
    yield from _values(of_all)


def _shortfall(of: _Measuring) -> Iterator[Measure]:
    run = of.run
    shortfall, ranking = run.reference - run.scored, run.reference - run.ranking
    of_episodes = run.reference[:, None] - run.returns
    blocked = "" if noise.beyond_noise(of_episodes) else noise.NO_MORE_THAN_NOISE
    for metric, function in (("naurc", naurc), ("naugrc", naugrc)):
        yield of.of_doubt(metric, _each(partial(function, shortfall=shortfall)), blocked)
        yield of.of_run(f"{metric}_floor", function(ranking, shortfall), blocked)
    yield of.of_doubt("spearman", partial(ranks.spearman, shortfall=shortfall), blocked)
    reachable = noise.ceiling(of_episodes, float((~np.isnan(run.episodes)).sum(axis=1).mean()))
    lost = noise.NO_MORE_THAN_NOISE if np.isnan(reachable) else ""
    yield of.of_run("spearman_ceiling", reachable, blocked or lost)


def _deployment(of: _Measuring) -> Iterator[Measure]:
    returns, planned, reference, delta = of.run.scored, of.run.ranking, of.run.reference, of.run.delta

    def net(doubt: np.ndarray) -> float:
        before, after = (deployment.to_reference(doubt, played, reference) for played in (planned, returns))
        return deployment.priced(before, after, delta)

    yield from _saved(of, "abstain", partial(deployment.abstaining, returns=returns))
    yield from _saved(of, "reference", partial(deployment.to_reference, returns=returns, reference=reference))
    never, always = float(np.sort(returns).mean()), float(np.sort(reference).mean())
    blocked = "" if delta > 0 else _NO_SCALE
    yield of.of_doubt("return_priced", _each(net), blocked)
    yield of.of_run("return_never", never)
    yield of.of_run("return_always", always)
    yield of.of_run("return_priced_always", always - float(deployment.PRICES.mean()) * delta, blocked)
    yield of.of_run("return_priced_oracle", net(reference - planned), blocked)


def _saved(of: _Measuring, name: str, curve: Callable[[np.ndarray], np.ndarray]) -> Iterator[Measure]:
    """A fifth handed over, the area over how many are (not all: nothing would be left), and what it lacks."""
    size = len(of.run.split)

    def a_fifth(doubt: np.ndarray) -> float:
        return float(curve(doubt)[size // 5])

    def area(doubt: np.ndarray) -> float:
        return float(curve(doubt)[:size].mean())

    best = area(of.run.reference - of.run.ranking)
    yield of.of_doubt(f"return_{name}", _each(a_fifth))
    yield of.of_doubt(f"area_{name}", _each(area))
    yield of.of_doubt(f"gap_{name}", _each(lambda doubt: best - area(doubt)))


def _failure(of: _Measuring) -> Iterator[Measure]:
    failed = of.run.scored < of.run.success
    blocked = _ONE_KIND["failure"] if failed.all() or not failed.any() else ""
    yield of.of_run("failure_rate", float(failed.mean()))
    for name, function in (("auroc", detection.auroc), ("aupr", detection.aupr), ("fpr95", detection.fpr95)):
        yield of.of_doubt(f"failure_{name}", partial(function, positive=failed), blocked)


def _location(of: _Measuring) -> Iterator[Measure]:
    outside = of.run.split != INTERPOLATION
    blocked = _ONE_KIND["ood"] if outside.all() or not outside.any() else ""
    yield of.of_doubt("ood_auroc", partial(detection.auroc, positive=outside), blocked)


def _intervals(of: _Measuring) -> Iterator[Measure]:
    """Of estimators with an interval or a forecast anywhere; the others have no value and no reason either."""
    run = of.run
    bounded = ~np.isnan(run.lower).all(axis=1) & ~np.isnan(run.upper).all(axis=1)
    if bounded.any():
        yield of.of_some("coverage", bounded, _bounded(run, return_intervals.coverage, run.episodes))
        widths = _bounded(run, return_intervals.width)
        scaled = widths / run.delta if run.delta > 0 else np.full(len(widths), np.nan)
        yield of.of_some("width", bounded, scaled, "" if run.delta > 0 else _NO_SCALE)
        yield of.of_some(
            "interval_score", bounded, _bounded(run, return_intervals.interval_score, run.episodes)
        )
    if run.forecast is not None:
        drawn = np.array([[draw is not None and len(draw) > 0 for draw in row] for row in run.forecast])
        scores = np.full(len(drawn), np.nan)
        for k in np.flatnonzero(drawn.all(axis=1)):
            pairs = zip(run.forecast[k], run.episodes, strict=True)
            scores[k] = np.mean([return_intervals.mean_crps(draws, returns) for draws, returns in pairs])
        yield of.of_some("crps", np.asarray(drawn.any(axis=1)), scores)


def _bounded(run: Run, function: Callable[..., float], *returns: np.ndarray) -> np.ndarray:
    """`function` of each one's interval, [K]; NaN where it is missing in a context, or has no end there."""
    ends = zip(run.lower, run.upper, strict=True)
    return np.array([function(*end, *returns) if np.isfinite(end).all() else np.nan for end in ends])


def _values(of: _Measuring) -> Iterator[Measure]:
    """Of runs whose table says what came after the time limit."""
    if of.run.excess is None:
        return
    scored = of.run.excess[:, 1::2]
    known = np.isfinite(scored[~np.isnan(of.run.episodes)]).all()
    for metric, function in (
        ("value_bias", value_calibration.bias),
        ("value_error", value_calibration.error),
    ):
        yield of.of_run(metric, function(scored) if known else np.nan, "" if known else _NO_VALUE)
