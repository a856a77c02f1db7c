"""On how many contexts a benchmark can be judged: per region, and per side of the train range.

That no member of the portfolio solves a context proves nothing, so only those that one solves are counted on.
"""

import pandas as pd

from meta_rl.contexts import ALL, EXTRAPOLATION, SINGLE

FEWEST = 30  # solvable contexts that a side must have for its scores to mean something
_OUTSIDE = (EXTRAPOLATION, SINGLE, ALL)
_TIMES = "\N{MULTIPLICATION SIGN}"
_PLACE = ["benchmark", "split", "context_id"]


def regions(scores: pd.DataFrame) -> pd.DataFrame:
    """One row per benchmark and split: contexts, solvable, unsolvable, unknown, informative (counts)."""
    places = scores.drop_duplicates(_PLACE)
    kinds = {"solvable": "true", "unsolvable": "false", "unknown": "unknown"}
    flags = {name: places["solvable"] == value for name, value in kinds.items()}
    counted = places[_PLACE].assign(contexts=1, **flags, informative=places["informative"])
    return counted.drop(columns="context_id").groupby(["benchmark", "split"], as_index=False).sum()


def sides(scores: pd.DataFrame, contexts: pd.DataFrame) -> pd.DataFrame:
    """One row per benchmark, split outside the train range and side of it: contexts, solvable (counts).

    A side says where the features are that left their range, in multipliers of the default, so that the far
    end of a negative feature is above, too: `gravity above ×2.2`. With several features, corners are sides.
    """
    outside = contexts[contexts["split"].isin(_OUTSIDE)]
    side = outside[_PLACE].assign(side=_side(outside)).sort_values([*_PLACE, "side"])
    joined = side[side["side"] != ""].groupby(_PLACE)["side"].agg(", ".join).reset_index()
    solved = scores.drop_duplicates(_PLACE).assign(contexts=1, solvable=lambda one: one["solvable"] == "true")
    both = joined.merge(solved[[*_PLACE, "contexts", "solvable"]], on=_PLACE)
    return both.drop(columns="context_id").groupby(["benchmark", "split", "side"], as_index=False).sum()


def _side(contexts: pd.DataFrame) -> list[str]:
    """Where each row's feature is: `gravity above ×2.2`, or nothing inside its train range."""
    ends = [contexts[end] / contexts["default"] for end in ("train_low", "train_high")]
    rows = zip(contexts["feature"], contexts["value"] / contexts["default"], *ends, strict=True)
    return [_named(feature, multiplier, min(range_), max(range_)) for feature, multiplier, *range_ in rows]


def _named(feature: str, multiplier: float, near: float, far: float) -> str:
    if multiplier < near:
        return f"{feature} below {_TIMES}{near:g}"
    return f"{feature} above {_TIMES}{far:g}" if multiplier > far else ""
