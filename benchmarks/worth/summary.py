"""From returns to worth: what the best policy that knows the context returns more than the best blind one."""

from typing import Any

import numpy as np
import pandas as pd

from benchmarks.worth.measure import BLIND, SPECIALISTS, TOLD
from meta_rl.metrics.intervals import interval

SINGLE = "single"
SHARE = 0.1  # of (reference - random) that makes a region one of tier A


def worth(returns: pd.DataFrame, learning: pd.DataFrame) -> dict[str, Any]:
    """The worth of a region, from the tables of `measure`.

    Which policy is best is decided on the episodes that choose; all numbers are of the others. Runs are the unit: the
    interval is that of the mean difference between the two sides' runs, paired by seed; below five runs there is none.
    `rising` is how much of (reference - random) the better of both sides' trainings gained from the sixth tenth to the
    last.
    """
    chooses, measures = (returns[returns["half"] == half] for half in ("chooses", "measures"))
    single = int(_over(chooses, SPECIALISTS).groupby("member").mean().idxmax())

    def runs(frame: pd.DataFrame, policy: str) -> np.ndarray:
        """Mean return over the region's contexts, of each run."""
        if policy == SPECIALISTS:  # each in its own context
            own = frame[(frame["policy"] == policy) & (frame["member"] == frame["context_id"])]
            return own.groupby("seed")["episode_return"].mean().to_numpy()
        if policy == SINGLE:
            return _over(frame, SPECIALISTS).xs(single, level="member").to_numpy()
        return _over(frame, policy).groupby("seed").mean().to_numpy()

    def best(*policies: str) -> str:
        return max(policies, key=lambda policy: runs(chooses, policy).mean())

    told, blind = best(SPECIALISTS, TOLD), best(BLIND, SINGLE)
    difference = runs(measures, told) - runs(measures, blind)
    low, high = (float(end) for end in interval(difference, "mean"))
    random, reference = float(runs(measures, "random").mean()), _reference(chooses, measures)
    value, scale = float(difference.mean()), reference - random
    return {
        "contexts": returns["context_id"].nunique(),
        "runs": len(difference),
        "random": random,
        "reference": reference,
        "told_by": told,
        "told": float(runs(measures, told).mean()),
        "blind_by": blind,
        "blind": float(runs(measures, blind).mean()),
        "worth": value,
        "low": low,
        "high": high,
        "share": value / scale if scale > 0 else np.nan,
        "rising": max(_gained(learning, policy) for policy in (told, blind)) / scale if scale > 0 else np.nan,
        "tier": "A" if low > 0 and value >= SHARE * scale > 0 else "sanity check",
    }


def _over(frame: pd.DataFrame, policy: str) -> pd.Series:
    """Mean over contexts by member and seed."""
    return frame[frame["policy"] == policy].groupby(["member", "seed"])["episode_return"].mean()


def _gained(learning: pd.DataFrame, policy: str) -> float:
    """Mean return of a training's own episodes in its last tenth, less that in its sixth."""
    own = learning[learning["policy"] == (SPECIALISTS if policy == SINGLE else policy)]
    means = own.groupby("tenth")["episode_return"].mean().reindex([6, 10])
    return float(means[10] - means[6])


def _reference(chooses: pd.DataFrame, measures: pd.DataFrame) -> float:
    """Per context the best of all members, their runs taken together, chosen on other episodes."""
    key = ["policy", "member", "context_id"]
    known = (frame.groupby(key)["episode_return"].mean() for frame in (chooses, measures))
    chosen, measured = (means.drop(index="random", level="policy") for means in known)
    return float(measured[chosen.groupby("context_id").idxmax()].mean())
