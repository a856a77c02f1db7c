"""What an evaluation from outside gives: tables, which print as one."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from meta_rl.metrics.references import CONTEXT, judged, rule_out
from meta_rl.metrics.scores import RUN, against
from meta_rl.metrics.summary import metrics
from meta_rl.outside import published
from meta_rl.tables import references as references_table

_SHOWN = {"iqm_return": "return", "cvar_return": "of the worst tenth", "iqm_score": "score"}
_PLACE = ["benchmark", "agent", "method", "split"]


@dataclass(frozen=True)
class Evaluation:
    """The tables `evaluation`, `scores` and `metrics`, as a study has them, and `notes` on how they came about.

    Where a context has no published reference, `reference`, `random` and `score` are NaN.
    """

    evaluation: pd.DataFrame
    scores: pd.DataFrame
    metrics: pd.DataFrame
    contexts: pd.DataFrame
    notes: tuple[str, ...]

    @property
    def table(self) -> pd.DataFrame:
        """What is printed: per split the number of runs and contexts, and IQMs with their intervals."""
        rows = []
        for place, group in self.metrics.groupby([*_PLACE, "information"], sort=False):
            by_metric = group.set_index("metric")
            first = by_metric.loc["iqm_return"]
            shown = {title: _interval(by_metric.loc[metric]) for metric, title in _SHOWN.items()}
            told = dict(zip([*_PLACE, "information"], place, strict=True))
            rows.append(told | {"runs": first["n_seeds"], "contexts": first["n_contexts"]} | shown)
        frame = pd.DataFrame(rows)
        kept = frame.drop_duplicates([column for column in frame if column != "information"])
        return kept.sort_values([*_PLACE[:-1], "information"], kind="stable", ignore_index=True)

    def __str__(self) -> str:
        return "\n".join([self.table.to_string(index=False), *(f"- {note}" for note in self.notes)])

    __repr__ = __str__


def scored(
    evaluation: pd.DataFrame,
    encodings: pd.DataFrame,
    contexts: pd.DataFrame,
    environment: Any,
    notes: list[str],
) -> Evaluation:
    """Measure episodes in all `contexts` of one benchmark against its published references."""
    benchmark = str(contexts["benchmark"].iloc[0])
    values, said = _references(benchmark, contexts, environment.success)
    values = rule_out(values, contexts, environment.limits)
    scores = against(evaluation, values, contexts, environment.success, environment.returns)
    none = pd.DataFrame(columns=[column.name for column in references_table.TABLE.columns])
    measured = metrics(scores, none, encodings, contexts)
    ordered = scores.sort_values([*RUN, *CONTEXT], ignore_index=True)
    return Evaluation(evaluation, ordered, measured, contexts.reset_index(drop=True), (*notes, *said))


def _references(benchmark: str, contexts: pd.DataFrame, success: float) -> tuple[pd.DataFrame, list[str]]:
    """What `judged` says of every context, NaN where nothing is published, and what is to be told of that."""
    places = contexts[[*CONTEXT, "seed"]].drop_duplicates(CONTEXT)
    known = published.references(benchmark)
    if known is None:
        values = judged(places[CONTEXT].assign(reference=float("nan"), random=float("nan")), success)
        having = ", ".join(published.index())
        return values, [
            f"no scores: the package has no references for {benchmark} (it has for {having}); a study makes its own"
        ]
    values, said = known
    drawn = contexts[contexts["seed"].notna()].groupby("seed")["context_id"].nunique()
    if (drawn != said["contexts"]).any():  # these are other contexts under the same ids
        values = values[values["split"] != "train"]
    values = judged(
        values, success
    )  # of all that are published, so that it does not depend on how many are played
    joined = places[CONTEXT].merge(values, on=CONTEXT, how="left", validate="one_to_one")
    joined = joined.assign(
        solvable=joined["solvable"].fillna("unknown"), informative=joined["informative"].eq(True)
    )
    lines = [
        f"scores: against references v{published.VERSION}, the best of {', '.join(said['members'])} in each context"
    ]
    missing = joined[joined["reference"].isna()]["split"].unique()
    if len(missing):
        lines.append(
            f"no scores in {', '.join(missing)}: references are published for {said['contexts']} contexts a split, of "
            f"the runs 0 to {said['seeds'] - 1} in train"
        )
    return joined, lines


def _interval(row: Any) -> str:
    if pd.isna(row["estimate"]):
        return "NA"
    ends = "" if pd.isna(row["low"]) else f" [{row['low']:.4g}, {row['high']:.4g}]"
    return f"{row['estimate']:.4g}{ends}"
