"""What may be said of one method beside another one, in words and numbers."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from meta_rl.contexts import RESULTS
from meta_rl.metrics import comparisons

_DASH = "\N{EN DASH}"

Record = dict[Any, Any]  # a row of the metrics table


def number(value: float, digits: int) -> str:
    """With a true minus sign; a dash if there is no number."""
    return _DASH if math.isnan(value) else f"{value:.{digits}f}".replace("-", "\N{MINUS SIGN}")


def digits_of(returns: pd.Series) -> int:
    """Decimals that give returns of this size three significant figures."""
    largest = returns.abs().max()
    return int(min(3, max(0, 2 - math.floor(math.log10(largest))))) if largest > 0 else 2


def interval(row: Record, digits: int) -> str:
    """`391 [352, 430]`; the estimate alone if it has no interval."""
    estimate = number(row["estimate"], digits)
    if math.isnan(row["low"]):
        return estimate
    return f"{estimate} [{number(row['low'], digits)}, {number(row['high'], digits)}]"


def words(split: str) -> str:
    """`single extrapolation`."""
    return split.replace("_", " ")


def order(method: str) -> tuple[int, str]:
    """Sorts the baselines first, then the other methods by name."""
    baselines = comparisons.BASELINES
    return (baselines.index(method) if method in baselines else len(baselines), method)


def by_metric(rows: pd.DataFrame) -> dict[str, Record]:
    return {row["metric"]: row for row in rows.to_dict("records")}


def gained(difference: Record | None, control: str | None, digits: int) -> str:
    """The return of a method minus that of its control: `12 [3, 21], shuffled`; empty if none is due."""
    if control is None:
        return ""
    if difference is None:
        return f"not here with the same settings: {control}"
    return f"{interval(difference, digits)}, {control}"


def compared(rows: pd.DataFrame, digits: int, controls: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Each method against a baseline, in a region, and what may be said about it.

    A method that is better than a baseline has shown nothing yet if it is not better than its control.
    """
    pairs = rows[rows["compared_with"].notna()]
    found = pairs[["split", "compared_with", "method"]].drop_duplicates().to_numpy()
    verdicts = {}
    for split, baseline, method in found:
        is_pair = (
            (pairs["split"] == split) & (pairs["compared_with"] == baseline) & (pairs["method"] == method)
        )
        of = by_metric(pairs[is_pair])
        difference, p = of["return_difference"], of["p_holm"]["estimate"]
        verdicts[split, baseline, method] = of, comparisons.verdict(p, difference["low"], difference["high"])
    for place in sorted(verdicts, key=lambda pair: (RESULTS.index(pair[0]), *map(order, pair[1:]))):
        split, baseline, method = place
        of, verdict = verdicts[place]
        difference, p = of["return_difference"], of["p_holm"]["estimate"]
        control = controls.get(method)
        known = verdicts.get((split, control, method))
        unproven = verdict == "better" and control is not None and (known is None or known[1] != "better")
        yield {
            "region": words(split),
            "pair": f"{method} against {baseline}",
            "difference": interval(difference, digits),
            "improvement": number(of["probability_of_improvement"]["estimate"], 2),
            "p": number(p, 3),
            "verdict": verdict,
            "reason": _reason(p, of["smallest_p_holm"]) if verdict == "inconclusive" else "",
            "unproven": f"not shown to be better than its control {control}" if unproven else "",
        }


def _reason(p: float, smallest: Record) -> str:
    """Why a comparison is inconclusive."""
    n = smallest["n_seeds"]
    if math.isnan(p):
        return "a run has no value"
    if smallest["estimate"] > comparisons.ALPHA:
        runs = "1 run" if n == 1 else f"{n} runs"
        least, after_holm = comparisons.smallest_p(n), smallest["estimate"]
        return f"with {runs} the smallest attainable p is {least:.4g} ({after_holm:.4g} after Holm)"
    if p > comparisons.ALPHA:
        return f"p is above {comparisons.ALPHA}"
    return "the interval holds 0"
