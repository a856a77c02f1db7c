"""The summary page: the tables of a study in words and numbers, as one self-contained HTML file."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from meta_rl.contexts import COMBINATORIAL, RESULTS, SINGLE, TRAIN
from meta_rl.metrics import counts, intervals
from meta_rl.pages import doubts
from meta_rl.pages.comparisons import (
    Record,
    by_metric,
    compared,
    digits_of,
    gained,
    interval,
    number,
    order,
    words,
)
from meta_rl.pages.render import render
from meta_rl.tables import contexts, doubt_metrics, evaluation, metrics, predictions, runs, scores
from meta_rl.tables.columns import REGIMES

TABLES = tuple(
    module.TABLE for module in (contexts, doubt_metrics, evaluation, metrics, predictions, runs, scores)
)
_GROUP = ["benchmark", "agent", "information"]

Tables = dict[str, pd.DataFrame]


def page(
    study: str,
    tables: Tables,
    smoke: Sequence[str] = (),
    wrong: Sequence[str] = (),
    controls: Mapping[str, str] | None = None,
) -> str:
    """The page of a study, from the tables in `TABLES`. What it says depends on nothing else.

    `smoke` names the benchmarks whose size is that of a trial run, `wrong` the methods that are told a wrong context,
    which must not help. `controls` has the control of each method that should have one, in the study or not.
    """
    metrics = tables["metrics"]
    of_methods = metrics[
        metrics["information"].isin(REGIMES) & ~metrics["metric"].isin(["context_value", "specialist_return"])
    ]  # without the portfolio's
    sections = [
        _section(rows, tables, wrong, controls or {}) | {"smoke": key[0] in smoke}
        for key, rows in of_methods.groupby(_GROUP)
    ]
    verdicts = [comparison["verdict"] for section in sections for comparison in section["comparisons"]]
    return render(
        "summary.html",
        study=study,
        sections=sections,
        compared=len(verdicts),
        conclusive=sum(verdict != "inconclusive" for verdict in verdicts),
        coverage=_coverage(metrics),
        feasibility=list(_feasibility(tables)),
        few=_few(tables),
        fewest=counts.FEWEST,
        diverged=_lost(tables["runs"], "diverged"),
        failed=_lost(tables["runs"], "failed"),
        doubts=doubts.board(tables["doubt_metrics"]),
        predictions=list(_predictions(tables["predictions"])),
        protocol=_protocol(tables),
    )


def _section(
    rows: pd.DataFrame, tables: Tables, wrong: Sequence[str], controls: Mapping[str, str]
) -> dict[str, Any]:
    """All about one benchmark, agent and information, from its `rows` of the metrics table."""
    benchmark, agent, information = rows[_GROUP].iloc[0]
    digits = _digits(rows)
    warned = {f"{method} against none": method for method in wrong}
    return {
        "title": f"{benchmark}, {agent}, {information}",
        "absent": sorted(_tested(tables["metrics"], benchmark, agent) - set(rows["method"]), key=order),
        "regions": [
            _region(split, rows, digits, controls)
            | {"specialist": _specialist(benchmark, agent, split, tables, digits)}
            for split in _regions(benchmark, tables)
        ],
        "comparisons": (lines := list(compared(rows, digits, controls))),
        "red_flags": [
            f"{warned[line['pair']]}, {line['region']}"
            for line in lines
            if line["pair"] in warned and line["verdict"] == "better"
        ],
    }


def _tested(metrics: pd.DataFrame, benchmark: str, agent: str) -> set[str]:
    """The methods that have returns there, in any regime."""
    of = metrics[(metrics["benchmark"] == benchmark) & (metrics["agent"] == agent)]
    return set(of.loc[of["metric"] == "iqm_return", "method"])


def _specialist(benchmark: str, agent: str, split: str, tables: Tables, digits: int) -> str:
    """What the best specialist of each context returns in the mean."""
    metrics = tables["metrics"]
    of = metrics[
        (metrics["metric"] == "specialist_return")
        & (metrics["benchmark"] == benchmark)
        & (metrics["agent"] == agent)
        & (metrics["split"] == split)
    ]
    return number(of["estimate"].iloc[0], digits) if len(of) else ""


def _regions(benchmark: str, tables: Tables) -> list[str]:
    """The held-out regions of a benchmark; of Kirk's also the one between that a box does not have."""
    contexts = tables["contexts"]
    own = set(contexts.loc[contexts["benchmark"] == benchmark, "split"])
    return [split for split in RESULTS if split in (own | {COMBINATORIAL} if SINGLE in own else own)]


def _digits(rows: pd.DataFrame) -> int:
    return digits_of(rows.loc[rows["metric"] == "iqm_return", "estimate"])


def _region(split: str, rows: pd.DataFrame, digits: int, controls: Mapping[str, str]) -> dict[str, Any]:
    """The headline table of one region: a line per method, or none if the benchmark has no such region."""
    own = rows[(rows["split"] == split) & rows["compared_with"].isna()]
    collapsed = rows[rows["metric"] == "collapse_rate"].set_index("method")["estimate"]
    gains = rows[(rows["split"] == split) & (rows["metric"] == "return_difference")]
    differences = {(row["method"], row["compared_with"]): row for row in gains.to_dict("records")}
    lines = []
    for method in sorted(own["method"].unique(), key=order):
        of = by_metric(own[own["method"] == method])
        headline = of["iqm_return"]
        lines.append(
            {
                "method": method,
                "iqm": interval(headline, digits),
                "score": interval(of["mean_score"], 2),
                "gap": interval(of["generalisation_gap"], 2),
                "cvar": interval(of["cvar_return"], digits),
                "collapsed": number(collapsed.get(method, math.nan), 2),
                "gained": gained(
                    differences.get((method, controls.get(method))), controls.get(method), digits
                ),
                "runs": headline["n_seeds"],
                "contexts": headline["n_contexts"],
                "solvable": headline["n_solvable"],
            }
        )
    return {"name": words(split), "lines": lines}


def _feasibility(tables: Tables) -> Iterator[dict[str, Any]]:
    """Per benchmark, on how many contexts it can be judged, and what knowing the context is worth.

    A region that it does not have has no numbers.
    """
    scores, metrics = tables["scores"], tables["metrics"]
    for benchmark, rows in counts.regions(scores).groupby("benchmark"):
        own = metrics[metrics["benchmark"] == benchmark]
        values = own[own["metric"] == "context_value"].set_index("split")["estimate"].to_dict()
        by_split = rows.set_index("split").to_dict("index")
        splits = [TRAIN, *_regions(str(benchmark), tables)]
        yield {
            "benchmark": benchmark,
            "splits": [
                {
                    "name": words(split),
                    "value": number(values.get(split, math.nan), _digits(own)),
                    "counts": by_split.get(split),
                }
                for split in splits
            ],
        }


def _predictions(predictions: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """One-step errors: a line per benchmark, agent, method and region, a number per predictor."""
    for key, rows in predictions.groupby(["benchmark", "agent", "method"]):
        for split in [split for split in RESULTS if split in set(rows["split"])]:
            own = rows[rows["split"] == split]
            errors = own.groupby(["predictor", "window"])["error"].median()
            yield {
                "title": ", ".join(key),
                "region": words(split),
                "none": f"{errors['none', 0]:.3g}",
                "encoder": ", ".join(f"{error:.3g} (K = {k})" for k, error in errors["encoder"].items()),
                "true_context": f"{errors['true_context', 0]:.3g}",
            }


def _few(tables: Tables) -> list[Record]:
    """The sides outside a train range that too few contexts can judge: few are solvable, or few were drawn."""
    sides = counts.sides(tables["scores"], tables["contexts"])
    few = sides[sides["solvable"] < counts.FEWEST].to_dict("records")
    verdicts = {True: "infeasible", False: "too few drawn"}
    return [
        row | {"split": words(row["split"]), "verdict": verdicts[row["contexts"] >= counts.FEWEST]}
        for row in few
    ]


def _coverage(metrics: pd.DataFrame) -> list[str]:
    """What the intervals are worth at the numbers of runs of this study."""
    sizes = sorted(set(metrics.loc[metrics["metric"] == "iqm_return", "n_seeds"]))
    return [_covered(n) for n in sizes]


def _covered(n: int) -> str:
    if n < intervals.FEWEST_OF_T:
        return f"With {n} run{'' if n == 1 else 's'} there are no intervals: numbers are points."
    populations = {
        "normal": "runs are normal",
        "failing": "three runs in ten fail",
        "halved": "half of them fail",
    }
    shares = [
        f"{intervals.coverage(n, 'iqm', population):.2f} (IQM) and {intervals.coverage(n, 'mean', population):.2f} "
        f"(mean) if {words}"
        for population, words in populations.items()
    ]
    return f"Coverage of the 95 % intervals with {n} runs, by simulation: {_listed(shares)}."


def _lost(table: pd.DataFrame, outcome: str) -> list[str]:
    rows = table.loc[table["outcome"] == outcome, ["benchmark", "agent", "method", "seed", "reason"]]
    return [
        f"{benchmark}, {agent}, {method}, seed {seed} ({reason})"
        for benchmark, agent, method, seed, reason in rows.to_numpy()
    ]


def _protocol(tables: Tables) -> dict[str, str]:
    """The numbers in the protocol, each a range where benchmarks or methods differ."""
    contexts, evaluation = tables["contexts"], tables["evaluation"]
    places = contexts.drop_duplicates(["benchmark", "split", "context_id"])
    method = ["benchmark", "agent", "method"]
    held_out = {split: rows.groupby("benchmark").size() for split, rows in places.groupby("split")}
    return {
        "runs": _range(evaluation.groupby(method)["seed"].nunique()),
        "train": _range(places[places["split"] == "train"].groupby(["benchmark", "seed"]).size()),
        "env_steps": _range(tables["runs"]["env_steps"].dropna()),
        "held_out": _listed(
            [f"{_range(held_out[split])} {words(split)}" for split in RESULTS if split in held_out]
        ),
        "episodes": _range(evaluation.groupby("benchmark")["episode"].nunique()),
        "snapshots": _range(evaluation.groupby("benchmark")["snapshot"].nunique()),
    }


def _range(counts: pd.Series) -> str:
    low, high = counts.min(), counts.max()
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _listed(parts: list[str]) -> str:
    """`a, b and c`."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
