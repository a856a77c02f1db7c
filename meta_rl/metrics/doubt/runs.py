"""The runs whose doubt is measured: what each returned in every held-out context, and how much it doubted there.

The scored episodes of a context, in the order of their numbers, are split into two halves: those at even places (the
first, the third, ...) only ever rank contexts for the oracle, and those at odd places are what every metric is
measured on. An oracle that ranked by the episodes on which it is scored would know their noise.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from meta_rl.contexts import RESULTS, TRAIN
from meta_rl.errors import UserError
from meta_rl.metrics.doubt.value_calibration import excess
from meta_rl.metrics.references import CONTEXT
from meta_rl.metrics.scores import RUN

Asked = tuple[str, str]  # estimator, budget
Key = tuple[Any, ...]  # the values of RUN
SILENT = "no doubt was computed"
FORECAST, TAIL = "forecast", "tail_value"  # columns that tables may have
_KNOWN = ["reference", "random", "solvable", "success"]


class Run(NamedTuple):
    """C contexts that one run was scored in, E episodes each (NaN where there are fewer), and K who doubt."""

    split: np.ndarray  # str [C]
    returns: np.ndarray  # [C, E]
    excess: np.ndarray | None  # V(s_0) less the Monte-Carlo return, [C, E]
    reference: np.ndarray  # [C]
    solvable: np.ndarray  # str [C]
    success: float  # return from which a context counts as solved
    delta: float  # the benchmark's scale: median over held-out contexts of reference - random
    asked: tuple[Asked, ...]  # [K]
    doubt: np.ndarray  # [K, C], NaN where there is none
    reason: np.ndarray  # str [K, C], why not
    lower: np.ndarray  # [K, C], of a return interval; NaN where there is none
    upper: np.ndarray
    forecast: np.ndarray | None  # object [K, C], draws of the return, or None

    def within(self, contexts: np.ndarray) -> "Run":
        """The same in some of the contexts, bool [C]."""
        return self._replace(
            split=self.split[contexts],
            returns=self.returns[contexts],
            excess=None if self.excess is None else self.excess[contexts],
            reference=self.reference[contexts],
            solvable=self.solvable[contexts],
            doubt=self.doubt[:, contexts],
            reason=self.reason[:, contexts],
            lower=self.lower[:, contexts],
            upper=self.upper[:, contexts],
            forecast=None if self.forecast is None else self.forecast[:, contexts],
        )

    @property
    def ranking(self) -> np.ndarray:
        """Mean return of the episodes that rank, [C]."""
        return np.asarray(np.nanmean(self.returns[:, 0::2], axis=1))

    @property
    def episodes(self) -> np.ndarray:
        """Returns of the episodes that are scored, [C, E // 2]."""
        return self.returns[:, 1::2]

    @property
    def scored(self) -> np.ndarray:
        """Mean return of the episodes that are scored, [C]."""
        return np.asarray(np.nanmean(self.episodes, axis=1))


def gathered(
    uncertainty: pd.DataFrame, episodes: pd.DataFrame, scores: pd.DataFrame
) -> dict[Key, Run | None]:
    """The runs that the `uncertainty` table names, by the values of RUN, sorted; None where no episode was scored.

    Raises UserError if rows stand twice, if a context has less than two episodes or is unknown to `scores`, or if a
    column `snapshot` says that a run's episodes are of several policies: doubt is of one, frozen.
    """
    uncertainty = uncertainty[uncertainty["split"].isin(RESULTS)].fillna({"reason": SILENT})
    if uncertainty.duplicated([*RUN, *CONTEXT, "estimator", "budget"]).any():
        raise UserError(
            "uncertainty: a context stands twice for one run, estimator and budget; keep one row of each"
        )
    if (uncertainty["lower"] > uncertainty["upper"]).any():
        raise UserError("uncertainty: 'lower' is above 'upper' in an interval; it must be at most as large")
    known = scores.drop_duplicates(["benchmark", *CONTEXT]).set_index(["benchmark", *CONTEXT])
    held_out = known[known.index.get_level_values("split") != TRAIN]
    delta = (held_out["reference"] - held_out["random"]).groupby("benchmark").median()
    if unknown := sorted(set(uncertainty["benchmark"]) - set(delta.index)):
        raise UserError(
            f"scores: benchmark '{unknown[0]}' is missing, of which the uncertainty table has rows"
        )
    played = episodes[episodes["split"].isin(RESULTS)].sort_values([*RUN, *CONTEXT, "episode"])
    played = played.assign(place=played.groupby([*RUN, *CONTEXT]).cumcount())
    of_run = dict(iter(played.groupby(RUN)))
    return {
        key: _run(key, asked, of_run[key], known.loc[key[0]], float(delta[key[0]])) if key in of_run else None
        for key, asked in uncertainty.groupby(RUN)
    }


def _run(key: Key, asked: pd.DataFrame, played: pd.DataFrame, known: pd.DataFrame, delta: float) -> Run:
    who = _told(key)
    if "snapshot" in played and played["snapshot"].nunique() > 1:
        raise UserError(
            f"episodes: {who} played with several snapshots; hand in the episodes of the one that doubts"
        )
    wide = played.pivot(index=CONTEXT, columns="place", values="episode_return")
    if wide.shape[1] < 2 or wide[1].isna().any():
        raise UserError(
            f"episodes: {who} has one episode in a context; two at least are needed, to rank and to score"
        )
    if len(unknown := wide.index.difference(known.index)):
        raise UserError(
            f"scores: {who} played context {unknown[0][1]} of split '{unknown[0][0]}', which is not there"
        )
    who_asked = pd.MultiIndex.from_frame(asked[["estimator", "budget"]])
    rows, asked_of = pd.factorize(who_asked, sort=True)
    columns = wide.index.get_indexer(pd.MultiIndex.from_frame(asked[CONTEXT]))
    if (columns < 0).any():
        split, context = asked.loc[asked.index[columns < 0][0], CONTEXT]
        raise UserError(
            f"episodes: {who} doubts in context {context} of split '{split}', but has no episode there"
        )

    def cells(name: str, kind: type, missing: Any) -> np.ndarray:
        values: np.ndarray = np.full((len(asked_of), len(wide)), missing, dtype=kind)
        values[rows, columns] = asked[name]
        return values

    off = None
    if TAIL in played:
        values = played.assign(
            excess=excess(*(played[name] for name in ("initial_value", "discounted_return", TAIL)))
        )
        off = values.pivot(index=CONTEXT, columns="place", values="excess").to_numpy(dtype=float)
    facts = known.loc[wide.index, _KNOWN]
    return Run(
        split=wide.index.get_level_values("split").to_numpy(dtype=object),
        returns=wide.to_numpy(dtype=float),
        excess=off,
        reference=facts["reference"].to_numpy(dtype=float),
        solvable=facts["solvable"].to_numpy(dtype=object),
        success=float(facts["success"].iloc[0]),
        delta=delta,
        asked=tuple(asked_of),
        doubt=cells("doubt", float, np.nan),
        reason=cells("reason", object, SILENT),
        lower=cells("lower", float, np.nan),
        upper=cells("upper", float, np.nan),
        forecast=cells(FORECAST, object, None) if FORECAST in asked else None,
    )


def _told(key: Key) -> str:
    named: Mapping[str, Any] = dict(zip(RUN, key, strict=True))
    return f"{named['agent']} with {named['method']} on {named['benchmark']}, seed {named['seed']},"
