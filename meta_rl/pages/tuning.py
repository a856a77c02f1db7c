"""The page about a tuning: what was searched, at what cost, and what was found."""

import base64
import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from meta_rl import registry, settings
from meta_rl.figures import style, tuning_traces
from meta_rl.metrics import tuning
from meta_rl.metrics.intervals import FEWEST_OF_T, interval, within
from meta_rl.pages.comparisons import number
from meta_rl.pages.render import render
from meta_rl.pages.tuning_checklist import checklist

Record = dict[str, Any]


def page(spec: Record, trials: pd.DataFrame, chosen: list[Record]) -> str:
    """HTML from the trials of all tunings and what was chosen for each benchmark, agent and method.

    `spec` has `study`, `smoke`, and the study's `methods`, `seeds`, `tune` and, by benchmark, `tuned` and `returns`,
    what an episode can return.
    """
    scored = tuning.scores(trials)
    sections = [
        _section(rows, [one for one in chosen if [one["benchmark"], one["agent"]] == list(key)], spec)
        for key, rows in scored.groupby(["benchmark", "agent"])
    ]
    return render(
        "tuning.html",
        study=spec["study"],
        sections=sections,
        traces=_picture(
            tuning.traces(scored), {name: _possible(ends) for name, ends in spec["returns"].items()}
        ),
        cost=_cost(scored),
        checklist=list(checklist(spec, scored, chosen)),
    )


def _possible(ends: list[float | None]) -> tuple[float, float]:
    low, high = ends
    return -np.inf if low is None else low, np.inf if high is None else high


def _picture(traces: pd.DataFrame, possible: dict[str, tuple[float, float]]) -> str:
    """The traces as the data of a PNG."""
    target = io.BytesIO()
    with style.context():
        tuning_traces.build(traces, possible).savefig(target, format="png")
    return base64.b64encode(target.getvalue()).decode()


def _section(rows: pd.DataFrame, chosen: list[Record], spec: Record) -> Record:
    """One benchmark and agent, from its rows of the scores."""
    benchmark, agent = rows[["benchmark", "agent"]].iloc[0]
    search = spec["tune"]["benchmarks"][benchmark]["search"][agent]
    return {
        "title": f"{benchmark}, {agent}",
        "smoke": benchmark in spec["smoke"],
        "space": list(_space(agent, search)),
        "methods": [
            _method(one, rows[rows["method"] == one["method"]], _possible(spec["returns"][benchmark]))
            for one in chosen
        ],
        "names": sorted(search),
        "values": [[_shown(one["settings"][name]) for one in chosen] for name in sorted(search)],
        "importances": [
            {"method": method, "fit": number(found["fit"].iloc[0], 2), "lines": _importances(found)}
            for method, of in rows.groupby("method")
            if len(found := tuning.importance(of, search))
        ],
    }


def _space(agent: str, search: Record) -> Iterator[Record]:
    module = registry.AGENTS[agent].module
    known, declared = settings.read(module), settings.search(module)
    for name, one in search.items():
        values = ", ".join(map(_shown, one["values"]))
        fixed = len(one["values"]) == 1
        kind = (
            "fixed" if fixed else {"choice": "one of", "log": "logarithmic", "linear": "linear"}[one["scale"]]
        )
        yield {
            "name": name,
            "meaning": known[name].meaning,
            "kind": kind,
            "values": values if fixed or one["scale"] == "choice" else values.replace(", ", " to "),
            "default": _shown(known[name].default),
            "reason": declared[name].reason,
        }


def _method(one: Record, rows: pd.DataFrame, possible: tuple[float, float]) -> Record:
    """What the tunings of one method came to, over repetitions, and what was chosen."""
    default = rows.loc[rows["source"] == "default", "score"].to_numpy()
    found = tuning.incumbents(rows)["score"].to_numpy()
    return {
        "method": one["method"],
        "default": _interval(default, possible),
        "incumbent": _interval(found, possible),
        "gain": _interval(found - default, (possible[0] - possible[1], possible[1] - possible[0])),
        "repetitions": len(found),
        "candidates": len(rows),
        "failures": int(rows["failures"].sum()),
        "env_steps": f"{rows['env_steps'].sum():,}",
        "core_hours": number(rows["seconds"].sum() / 3600, 2),
        "source": f"trial {one['trial']} of repetition {one['repetition']} ({one['source']})",
    }


def _interval(values: np.ndarray, possible: tuple[float, float]) -> str:
    """Mean over repetitions, with its 95 % interval where there are enough for one."""
    mean = number(values.mean(), 1)
    if len(values) < FEWEST_OF_T:
        return mean
    low, high = within(interval(values, "mean"), np.array(possible))
    return f"{mean} [{number(low, 1)}, {number(high, 1)}]"


def _importances(found: pd.DataFrame) -> list[Record]:
    return [
        {"setting": row["setting"], "importance": number(row["importance"], 2), "std": number(row["std"], 2)}
        for row in found.to_dict("records")
    ]


def _cost(scored: pd.DataFrame) -> Record:
    return {
        "env_steps": f"{scored['env_steps'].sum():,}",
        "core_hours": number(scored["seconds"].sum() / 3600, 2),
        "tunings": scored.groupby(tuning.TUNING).ngroups,
        "candidates": f"{len(scored):,}",
    }


def _shown(value: Any) -> str:
    return (
        f"{value:.4g}"
        if isinstance(value, float)
        else json.dumps(value)
        if isinstance(value, list)
        else str(value)
    )
