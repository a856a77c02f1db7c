"""Scores: every run in every context, measured against random and the reference."""

import math
from types import MappingProxyType

import numpy as np
import pandas as pd

from meta_rl.errors import UserError
from meta_rl.metrics.references import CONTEXT, Limits, reference_values, rule_out

RUN = ["benchmark", "agent", "method", "seed", "information"]
_NO_LIMITS: Limits = MappingProxyType({})


def scores(
    evaluation: pd.DataFrame,
    references: pd.DataFrame,
    contexts: pd.DataFrame,
    success: float,
    limits: Limits = _NO_LIMITS,
    possible: tuple[float, float] = (-math.inf, math.inf),
) -> pd.DataFrame:
    """The `scores` table of one benchmark; `success` is the return from which a context counts as solved.

    `limits` are the multipliers of features beyond which the environment declares that nothing succeeds, `possible`
    the returns that an episode can have.
    Diverged episodes count with what they returned. Raises UserError if a run lacks one of its contexts: a
    mean over fewer contexts is another quantity.
    """
    values = rule_out(reference_values(references, success), contexts, limits)
    frame = against(evaluation, values, contexts, success, possible)
    if frame["reference"].isna().any():
        split, context = frame.loc[frame["reference"].isna(), CONTEXT].iloc[0]
        raise UserError(f"references: context {context} of split '{split}' is missing")
    return frame


def against(
    evaluation: pd.DataFrame,
    values: pd.DataFrame,
    contexts: pd.DataFrame,
    success: float,
    possible: tuple[float, float],
) -> pd.DataFrame:
    """The same, with `values` that `reference_values` gives; no score where they hold no reference."""
    means = evaluation.groupby([*RUN, *CONTEXT], as_index=False)["episode_return"].mean()
    _check_complete(means, contexts)
    frame = means.merge(values, on=CONTEXT, how="left", validate="many_to_one")
    gain = frame["reference"] - frame["random"]
    frame.insert(frame.columns.get_loc("solvable"), "shortfall", frame["reference"] - frame["episode_return"])
    score = ((frame["episode_return"] - frame["random"]) / gain).where(frame["informative"])
    frame.insert(frame.columns.get_loc("solvable"), "score", score)
    ends = (None if math.isinf(end) else end for end in possible)
    for name, value in zip(("success", "lowest", "highest"), (success, *ends), strict=True):
        frame.insert(frame.columns.get_loc("informative"), name, np.full(len(frame), value, dtype=float))
    return frame


def _check_complete(means: pd.DataFrame, contexts: pd.DataFrame) -> None:
    """Every run has its own train contexts and all held-out ones, and no others."""
    runs = means[RUN].drop_duplicates()
    places = contexts[["split", "seed", "context_id"]].drop_duplicates()
    own, shared = places[places["seed"].notna()], places[places["seed"].isna()]
    wanted = pd.concat([runs.merge(own, on="seed"), runs.merge(shared.drop(columns="seed"), how="cross")])
    joined = means.merge(wanted, on=[*RUN, *CONTEXT], how="outer", indicator=True)
    wrong = joined[joined["_merge"] != "both"]
    if len(wrong):
        row = wrong.iloc[0]
        verb = "lacks" if row["_merge"] == "right_only" else "has undeclared"
        raise UserError(
            f"evaluation: {row['agent']} with {row['method']}, seed {row['seed']}, {verb} "
            f"context {row['context_id']} of split '{row['split']}'"
        )
