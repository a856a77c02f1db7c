"""Doubt beside what the doubted policies return, in each context."""

import pandas as pd

from meta_rl.figures import bands, style
from meta_rl.metrics.doubt.boards import most_shown
from meta_rl.metrics.references import CONTEXT
from meta_rl.metrics.scores import RUN

_ASKED = [*RUN, "estimator"]


def joined(tables: dict[str, pd.DataFrame], splits: tuple[str, ...]) -> pd.DataFrame:
    """One row per run, context and estimator in these splits, after the largest budget.

    Has `doubt`, the mean `episode_return` of all scored episodes, and of the context `reference`, `solvable`, `lowest`
    and `highest` (possible return) and `shortfall`. Empty if there is no doubt.
    """
    uncertainty, scores = tables["uncertainty"], tables["scores"]
    if uncertainty.empty:
        return uncertainty
    asked = uncertainty[
        (uncertainty["budget"] == most_shown(uncertainty))
        & uncertainty["split"].isin(splits)
        & uncertainty["doubt"].notna()
    ]
    returns = tables["deployment"].groupby([*RUN, *CONTEXT], as_index=False)["episode_return"].mean()
    known = scores.drop_duplicates(["benchmark", *CONTEXT])
    rows = asked.merge(returns, on=[*RUN, *CONTEXT])
    rows = rows.merge(
        known[["benchmark", *CONTEXT, "reference", "solvable", "lowest", "highest"]],
        on=["benchmark", *CONTEXT],
        validate="many_to_one",
    )
    return rows.assign(shortfall=rows["reference"] - rows["episode_return"])


def ranks(rows: pd.DataFrame, column: str) -> pd.Series:
    """Of each context the share of the run's others whose `column` is smaller, equal ones by half; 0 to 1."""
    groups = rows.groupby(_ASKED)[column]
    others = groups.transform("size") - 1
    return (groups.rank() - 1) / others.where(others > 0)


def by_method(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The rows of each method by a title, benchmark by benchmark, methods in the order in which they are drawn."""
    order = list(style.looks(rows["method"]))
    data = style.split(rows, "agent", "method")

    def place(title: str) -> tuple[str, str, int]:
        benchmark, agent, method = data[title][["benchmark", "agent", "method"]].iloc[0]
        return benchmark, agent, order.index(method)

    return {title: data[title] for title in sorted(data, key=place)}


def possible(rows: pd.DataFrame) -> tuple[float, float]:
    """The least and the greatest shortfall that a policy can have in the contexts of one benchmark's rows."""
    low, high = bands.possible(rows)
    return rows["reference"].min() - high, rows["reference"].max() - low
