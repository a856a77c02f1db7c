"""What papers found, as bounds on numbers that a study of ours measures.

A claim is about one number per run. It is reproduced if the whole 95 % interval over runs lies within its bounds, not
reproduced if the whole interval lies outside, and else this many runs do not show it.
"""

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.reproduction.striker import final_distances
from meta_rl.contexts import ALL, COMBINATORIAL, INTERPOLATION, SINGLE
from meta_rl.metrics.intervals import interval
from meta_rl.tables import predictions, scores
from meta_rl.tables.io import read


class Claim(NamedTuple):
    """A sentence of a paper, and the numbers [R] of a study, one a run, that must lie within `low` and `high`."""

    study: str
    says: str
    measures: str
    low: float
    high: float
    runs: Callable[[Path], np.ndarray]


class Outcome(NamedTuple):
    """Mean and interval over runs of what a claim is about, and what may be said."""

    estimate: float
    low: float
    high: float
    runs: int
    verdict: str


def outcome(claim: Claim, folder: Path) -> Outcome:
    """Of the study in `folder`. UserError if its tables are not there."""
    runs = claim.runs(folder)
    low, high = (float(end) for end in interval(runs, "mean"))
    if claim.low <= low and high <= claim.high:
        verdict = "reproduced"
    elif high < claim.low or low > claim.high:
        verdict = "not reproduced"
    else:
        verdict = "not shown"
    return Outcome(float(runs.mean()), low, high, len(runs), verdict)


def _return_differences(
    benchmark: str, method: str, other: str, splits: tuple[str, ...], folder: Path
) -> np.ndarray:
    """Mean return over the contexts of the splits, of a method minus another one, paired by seed; `cold`."""
    frame = read(folder / "tables/scores.parquet", scores.TABLE)
    kept = frame["split"].isin(splits) & (frame["information"] == "cold") & (frame["benchmark"] == benchmark)
    means = frame[kept].groupby(["method", "seed"])["episode_return"].mean()
    return (means[method] - means[other]).to_numpy()


def _error_ratios(benchmark: str, above: str, below: str, folder: Path) -> np.ndarray:
    """log10 of the ratio of two predictors' one-step errors inside the train range, by seed; the longest window."""
    frame = read(folder / "tables/predictions.parquet", predictions.TABLE)
    own = frame[(frame["benchmark"] == benchmark) & (frame["split"] == INTERPOLATION)]
    longest = own["window"].max()
    own = own[(own["predictor"] != "encoder") | (own["window"] == longest)]
    errors = own.groupby(["predictor", "seed"])["error"].mean()
    return np.log10((errors[above] / errors[below]).to_numpy())


def _distance_differences(method: str, other: str, folder: Path) -> np.ndarray:
    """Final distance of ball and goal [m], of a method minus another one, paired by seed."""
    found = final_distances(folder, (method, other))
    return (found[method] - found[other]).to_numpy()


def _returns(*which: object) -> Callable[[Path], np.ndarray]:
    return partial(_return_differences, *which)  # type: ignore[arg-type]


_JCPL = "jcpl_pendulum"
_INSIDE = (INTERPOLATION,)
_KIRK = {
    "A": ("cartpole_gravity_length", (INTERPOLATION, SINGLE, ALL)),
    "B": ("cartpole_gravity_length_b", (INTERPOLATION, COMBINATORIAL, SINGLE, ALL)),
    "C": ("cartpole_gravity_length_c", (INTERPOLATION, COMBINATORIAL, SINGLE, ALL)),
}

CLAIMS = (
    Claim(
        "reproduce_jcpl", "jrpl and explicit end close to each other between the train lengths (-114, -124)",
        "return, jrpl - explicit", -40, 40, _returns(_JCPL, "jrpl", "explicit", _INSIDE),
    ),
    Claim(
        "reproduce_jcpl", "none ends far below jrpl there (-440)",
        "return, jrpl - none", 150, math.inf, _returns(_JCPL, "jrpl", "none", _INSIDE),
    ),
    Claim(
        "reproduce_jcpl", "none ends far below explicit there",
        "return, explicit - none", 150, math.inf, _returns(_JCPL, "explicit", "none", _INSIDE),
    ),
    Claim(
        "reproduce_epi", "with the probe's embedding the ball ends nearer to the goal",
        "final distance [m], epi - none", -math.inf, 0, partial(_distance_differences, "epi", "none"),
    ),
    Claim(
        "reproduce_iida", "the encoding predicts about as well as the true parameters",
        "log10 of the errors' ratio, encoding / true context", -0.2, 0.2,
        partial(_error_ratios, "hopper_epi", "encoder", "true_context"),
    ),
    Claim(
        "reproduce_iida", "its errors are ten times below those of a predictor that is told nothing",
        "log10 of the errors' ratio, nothing / encoding", 1, math.inf,
        partial(_error_ratios, "hopper_epi", "none", "encoder"),
    ),
    *(
        Claim(
            "reproduce_cgate", f"cGate returns more than concatenation (train set {name})",
            "return, cgate - explicit", 0, math.inf, _returns(benchmark, "cgate", "explicit", splits),
        )
        for name, (benchmark, splits) in _KIRK.items()
    ),
    *(
        Claim(
            "reproduce_cgate", f"cGate does not return clearly more than no context (train set {name})",
            "return, cgate - none", -math.inf, 40, _returns(benchmark, "cgate", "none", splits),
        )
        for name, (benchmark, splits) in _KIRK.items()
    ),
)  # fmt: skip
