"""References: per context the best member of a portfolio, and what they say about the context.

The best of many noisy means is too good: a member is chosen on the first half of the episodes and reported
on the second. Every function takes the `references` table of one benchmark.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from meta_rl.errors import UserError

RANDOM = "random"
CONTEXT = ["split", "context_id"]
# Per feature the largest multiplier at which success is possible, all else being at its default, and the reason.
Limits = Mapping[str, tuple[float, str]]
_ROUNDING = 1e-9  # of value / default, relative


def reference_values(references: pd.DataFrame, success: float) -> pd.DataFrame:
    """One row per context: split, context_id, reference, random, solvable, informative.

    `reference` and `random` are mean returns over the second half. A context is solvable ("true") if its
    reference reaches the return `success`, else "unknown": that learners fail proves nothing (`rule_out`
    does). It is informative if reference - random is positive and at least a tenth of its median over held-out
    contexts.
    """
    first, second = _halves(references)
    frame = pd.DataFrame({"reference": _chosen(first, second), "random": second[RANDOM]})
    return judged(frame.reset_index(), success)


def judged(frame: pd.DataFrame, success: float) -> pd.DataFrame:
    """What `reference_values` says of contexts, from split, context_id, reference and random, where they are known."""
    gain = frame["reference"] - frame["random"]
    scale = gain[frame["split"] != "train"].median()  # train contexts would move it with every seed added
    solvable = (frame["reference"] >= success).map({True: "true", False: "unknown"})
    return frame.assign(solvable=solvable, informative=(gain > 0) & (gain >= 0.1 * scale))


def rule_out(values: pd.DataFrame, contexts: pd.DataFrame, limits: Limits) -> pd.DataFrame:
    """The `values` of `reference_values`, solvable "false" instead of "unknown" beyond a limit.

    `contexts` is the table of the one benchmark; `limits` is what its environment declares. They say nothing of
    contexts in which a second feature is changed: a stronger motor bears more gravity. A limit that a member of the
    portfolio breaks is wrong: a UserError.
    """
    multiplier = contexts["value"] / contexts["default"]
    changed = (multiplier - 1).abs() > _ROUNDING
    alone = changed.groupby([contexts[name] for name in CONTEXT]).transform("sum") == changed
    largest = [limits[feature][0] if feature in limits else np.inf for feature in contexts["feature"]]
    beyond = contexts[(multiplier > np.multiply(largest, 1 + _ROUNDING)) & alone]
    impossible = pd.MultiIndex.from_frame(values[CONTEXT]).isin(pd.MultiIndex.from_frame(beyond[CONTEXT]))
    wrong = values[impossible & (values["solvable"] == "true")]
    if len(wrong):
        one = wrong.iloc[0]
        row = beyond[(beyond["split"] == one["split"]) & (beyond["context_id"] == one["context_id"])].iloc[0]
        limit, reason = limits[row["feature"]]
        raise UserError(
            f"limits: the environment declares that nothing succeeds beyond {limit:g} times the default "
            f"{row['feature']} ({reason}), but a reference member returns {one['reference']:g} in context "
            f"{one['context_id']} of split '{one['split']}', at {row['value'] / row['default']:g} times the "
            "default; correct the limit, or delete it"
        )
    return values.assign(solvable=values["solvable"].mask(impossible, "false"))


def possible(frame: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    """The rows of a frame by context without those that `values`, with solvable, rule out: nobody can succeed there."""
    out = pd.MultiIndex.from_frame(values.loc[values["solvable"] == "false", CONTEXT])
    return frame[~pd.MultiIndex.from_frame(frame[CONTEXT]).isin(out)]


def context_value(references: pd.DataFrame) -> pd.Series:
    """Per split, what knowing the context is worth: mean reference - mean return of the best single specialist.

    Specialists act on observations alone, controllers are told the context and do not count. The specialist,
    too, is chosen on the first half and reported on the second, so that chance may make the value slightly
    negative. About 0 means that one policy, blind to the context, serves all contexts of the split.
    """
    if references.empty:  # nobody can succeed anywhere
        return pd.Series(dtype=float)
    first, second = _halves(references)
    best = first.filter(like="specialist_").groupby("split").mean().idxmax(axis="columns")
    single = second.groupby("split").mean()
    reference = _chosen(first, second).groupby("split").mean()
    return reference - pd.Series({split: single.loc[split, member] for split, member in best.items()})


def specialist_returns(references: pd.DataFrame) -> dict[str, pd.Series]:
    """Per agent and split, the mean return of what each context's best specialist of that agent reaches.

    This is what the agent can do where it need not generalise. As above, chosen on one half of the episodes and
    reported on the other.
    """
    if references.empty:
        return {}
    first, second = _halves(references)
    agents = sorted({member.split("_")[1] for member in first if member.startswith("specialist_")})
    found = {}
    for agent in agents:
        members = [member for member in first if member.startswith(f"specialist_{agent}_")]
        found[agent] = _chosen(first[members], second[members]).groupby("split").mean()
    return found


def _halves(references: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Mean returns [context, member], over a member's seeds, of the first and the second half of episodes."""
    half = (references["episode"].max() + 1) // 2
    if half == 0:
        raise UserError("references: one episode per context, but one is for choosing and one for reporting")
    late = references["episode"] >= half
    first, second = (
        part.pivot_table(index=CONTEXT, columns="member", values="episode_return", aggfunc="mean")
        for part in (references[~late], references[late])
    )
    first, second = first.align(second)
    missing = (first.isna() | second.isna()).stack()
    if missing.any():
        split, context, member = missing.idxmax()
        raise UserError(
            f"references: member '{member}' lacks episodes in context {context} of split '{split}'"
        )
    if RANDOM not in first:
        raise UserError(f"references: there is no member '{RANDOM}', from which scores are measured")
    return first, second


def _chosen(first: pd.DataFrame, second: pd.DataFrame) -> pd.Series:
    """What each context's best member on the first half returns on the second; ties go to the first name."""
    best = first.to_numpy().argmax(axis=1)
    return pd.Series(second.to_numpy()[np.arange(len(best)), best], index=second.index)
