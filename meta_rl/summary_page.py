"""The summary page: the tables of a study in words and numbers, as one self-contained HTML file."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from meta_rl.metrics import comparisons, intervals
from meta_rl.tables import contexts, evaluation, learning, metrics, scores

TABLES = (contexts.TABLE, evaluation.TABLE, learning.TABLE, metrics.TABLE, scores.TABLE)
_TEMPLATE = Path(__file__).with_suffix(".html")
_REGIONS = ("interpolation", "extrapolation")
_GROUP = ["benchmark", "agent", "information"]
_DASH = "\N{EN DASH}"

Tables = dict[str, pd.DataFrame]
Record = dict[Any, Any]  # a row of the metrics table


def page(study: str, tables: Tables) -> str:
    """The page of a study, from the tables in `TABLES`. What it says depends on nothing else."""
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    metrics = tables["metrics"]
    of_methods = metrics[metrics["metric"] != "context_value"]  # which is the portfolio's
    sections = [_section(rows, tables) for _, rows in of_methods.groupby(_GROUP)]
    verdicts = [comparison["verdict"] for section in sections for comparison in section["comparisons"]]
    return template.render(
        study=study,
        sections=sections,
        compared=len(verdicts),
        conclusive=sum(verdict != "inconclusive" for verdict in verdicts),
        coverage=_coverage(metrics),
        diverged=_diverged(tables),
        protocol=_protocol(tables),
    )


def number(value: float, digits: int) -> str:
    """With a true minus sign; a dash if there is no number."""
    return _DASH if math.isnan(value) else f"{value:.{digits}f}".replace("-", "\N{MINUS SIGN}")


def interval(row: Record, digits: int) -> str:
    """`391 [352, 430]`; the estimate alone if it has no interval."""
    estimate = number(row["estimate"], digits)
    if math.isnan(row["low"]):
        return estimate
    return f"{estimate} [{number(row['low'], digits)}, {number(row['high'], digits)}]"


def _order(method: str) -> tuple[int, str]:
    """Sorts the baselines first, then the other methods by name."""
    baselines = comparisons.BASELINES
    return (baselines.index(method) if method in baselines else len(baselines), method)


def _section(rows: pd.DataFrame, tables: Tables) -> dict[str, Any]:
    """All about one benchmark, agent and information, from its `rows` of the metrics table."""
    benchmark, agent, information = rows[_GROUP].iloc[0]
    digits = _digits(rows)
    return {
        "title": f"{benchmark}, {agent}, {information}",
        "regions": [_region(split, rows, digits) for split in _REGIONS if (rows["split"] == split).any()],
        "comparisons": list(_comparisons(rows, digits)),
        "contexts": list(_contexts(benchmark, tables, digits)),
    }


def _digits(rows: pd.DataFrame) -> int:
    """Decimals that give returns of this size three significant figures."""
    largest = rows.loc[rows["metric"] == "iqm_return", "estimate"].abs().max()
    return int(min(3, max(0, 2 - math.floor(math.log10(largest))))) if largest > 0 else 2


def _region(split: str, rows: pd.DataFrame, digits: int) -> dict[str, Any]:
    """The headline table of one region: a line per method."""
    own = rows[(rows["split"] == split) & rows["compared_with"].isna()]
    lines = []
    for method in sorted(own["method"].unique(), key=_order):
        of = _by_metric(own[own["method"] == method])
        headline = of["iqm_return"]
        lines.append(
            {
                "method": method,
                "iqm": interval(headline, digits),
                "score": interval(of["mean_score"], 2),
                "gap": interval(of["generalisation_gap"], 2),
                "cvar": interval(of["cvar_return"], digits),
                "runs": headline["n_seeds"],
                "contexts": headline["n_contexts"],
                "solvable": headline["n_solvable"],
            }
        )
    return {"name": split, "lines": lines}


def _comparisons(rows: pd.DataFrame, digits: int) -> Iterator[dict[str, Any]]:
    """Each method against a baseline, in a region, and what may be said about it."""
    pairs = rows[rows["compared_with"].notna()]
    found = pairs[["split", "compared_with", "method"]].drop_duplicates().to_numpy()
    for split, baseline, method in sorted(
        found, key=lambda pair: (_REGIONS.index(pair[0]), *map(_order, pair[1:]))
    ):
        is_pair = (
            (pairs["split"] == split) & (pairs["compared_with"] == baseline) & (pairs["method"] == method)
        )
        of = _by_metric(pairs[is_pair])
        difference, p = of["return_difference"], of["p_holm"]["estimate"]
        verdict = comparisons.verdict(p, difference["low"], difference["high"])
        yield {
            "region": split,
            "pair": f"{method} against {baseline}",
            "difference": interval(difference, digits),
            "improvement": number(of["probability_of_improvement"]["estimate"], 2),
            "p": number(p, 3),
            "verdict": verdict,
            "reason": _reason(p, of["smallest_p_holm"]) if verdict == "inconclusive" else "",
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


def _by_metric(rows: pd.DataFrame) -> dict[str, Record]:
    return {row["metric"]: row for row in rows.to_dict("records")}


def _contexts(benchmark: str, tables: Tables, digits: int) -> Iterator[dict[str, Any]]:
    """Per region, on how many contexts it can be judged, and what knowing the context is worth there."""
    scores, metrics = tables["scores"], tables["metrics"]
    known = scores[scores["benchmark"] == benchmark].drop_duplicates(["split", "context_id"])
    is_value = (metrics["benchmark"] == benchmark) & (metrics["metric"] == "context_value")
    values = metrics[is_value].set_index("split")["estimate"].to_dict()
    for split in _REGIONS:
        mine = known[known["split"] == split]
        if len(mine):
            yield {
                "region": split,
                "count": len(mine),
                "solvable": (mine["solvable"] == "true").sum(),
                "unknown": (mine["solvable"] == "unknown").sum(),
                "informative": mine["informative"].sum(),
                "value": number(values.get(split, math.nan), digits),
            }


def _coverage(metrics: pd.DataFrame) -> list[str]:
    """What the intervals are worth at the numbers of runs of this study."""
    sizes = sorted(set(metrics.loc[metrics["metric"] == "iqm_return", "n_seeds"]))
    return [_covered(n) for n in sizes]


def _covered(n: int) -> str:
    if n < 2:
        return "With 1 run there is no interval."
    shares = {
        (statistic, population): f"{intervals.coverage(n, statistic, population):.2f}"
        for statistic in ("iqm", "mean")
        for population in ("normal", "failing")
    }
    return (
        f"Coverage of the 95 % intervals with {n} runs, by simulation: {shares['iqm', 'normal']} (IQM) and "
        f"{shares['mean', 'normal']} (mean) if runs are normal, {shares['iqm', 'failing']} and "
        f"{shares['mean', 'failing']} if three runs in ten fail."
    )


def _diverged(tables: Tables) -> list[str]:
    run = ["benchmark", "agent", "method", "seed"]
    rows = pd.concat([tables[name][[*run, "status"]] for name in ("learning", "evaluation")])
    runs = rows.loc[rows["status"] == "diverged", run].drop_duplicates().sort_values(run)
    return [
        f"{benchmark}, {agent}, {method}, seed {seed}" for benchmark, agent, method, seed in runs.to_numpy()
    ]


def _protocol(tables: Tables) -> dict[str, str]:
    """The numbers in the protocol, each a range where benchmarks or methods differ."""
    contexts, evaluation, learning = tables["contexts"], tables["evaluation"], tables["learning"]
    places = contexts.drop_duplicates(["benchmark", "split", "context_id"])
    method = ["benchmark", "agent", "method"]
    held_out = {split: rows.groupby("benchmark").size() for split, rows in places.groupby("split")}
    return {
        "runs": _range(evaluation.groupby(method)["seed"].nunique()),
        "train": _range(places[places["split"] == "train"].groupby(["benchmark", "seed"]).size()),
        "env_steps": _range(learning.groupby([*method, "seed"])["env_steps"].max()),
        "held_out": " and ".join(
            f"{_range(held_out[split])} {split}" for split in _REGIONS if split in held_out
        ),
        "episodes": _range(evaluation.groupby("benchmark")["episode"].nunique()),
    }


def _range(counts: pd.Series) -> str:
    low, high = counts.min(), counts.max()
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
