"""How a tuning was done: the questions of Eimer, Lindauer & Raileanu 2023, in our words, with their answers.

Their checklist for reinforcement learning with hyperparameter optimisation stands beside "Hyperparameters in
Reinforcement Learning and How To Tune Them" (ICML 2023).
"""

import json
from collections.abc import Iterator
from typing import Any

import pandas as pd

from meta_rl.metrics import tuning

_METRIC = (
    "minus the IQM over tuning seeds of the mean return over the validation contexts; a run that diverges counts "
    "with the return of the random policy"
)


def checklist(
    spec: dict[str, Any], scored: pd.DataFrame, chosen: list[dict[str, Any]]
) -> Iterator[tuple[str, str]]:
    """The questions of the checklist of Eimer, Lindauer & Raileanu 2023, in our words, and their answers."""
    tune, test, tuned = (
        spec["tune"],
        spec["seeds"]["test"],
        sorted({s for one in chosen for s in one["tuning_seeds"]}),
    )
    each = scored.groupby(tuning.TUNED)["env_steps"].sum()
    budgets = sorted({json.dumps(one["env_steps"]) for one in tune["benchmarks"].values()})
    shares = each.groupby(["benchmark", "agent"]).agg(["min", "max"])
    spread = ((shares["max"] - shares["min"]) / shares["max"]).max()
    optimisers = sorted({text for one in chosen for text in one["optimisers"].values()})
    kind = {"dehb": "differential evolution and Hyperband", "random": "random search"}[tune["optimiser"]]
    missing = sorted(set(spec["methods"]) - set(scored["method"]))
    yield (
        "Training and test settings exist",
        (
            "yes: train, validation and test contexts; tuning and test seeds. Train contexts of tuning seeds are for "
            "training, validation contexts for tuning, neither is a result"
        ),
    )
    yield "Tuned with", f"{', '.join(optimisers)} ({kind})"
    yield "Configuration space", "below, for each benchmark and agent"
    yield "The same space for all methods", "yes: it is the agent's; what belongs to a method is not tuned"
    yield "Metric", _METRIC
    yield (
        "Budget",
        (
            f"per tuning, in env_steps of each seed: {'; '.join(budgets)}; {tune['repetitions']} repetition(s) of each"
        ),
    )
    yield (
        "The same budget for all methods",
        (f"yes; what they spent differs by at most {spread:.1%}, as candidates take whole steps"),
    )
    yield "Hardware matters to the budget", "no: it is in env_steps"
    yield "All reported methods were tuned so", "yes" if not missing else f"no: {', '.join(missing)} were not"
    yield "Tuning seeds", f"{len(tuned)}: {_listed(tuned)}; each repetition has its own"
    yield (
        "Test seeds",
        f"{test['count']}: {_listed(list(range(test['first'], test['first'] + test['count'])))}",
    )
    yield (
        "Results are of test seeds alone",
        (
            "yes: tables, figures and summary hold no tuning seed and no validation context. The numbers on this "
            "page are of tuning seeds, and no results"
        ),
    )
    unused = [one for one in chosen if _trained_with(one, spec) != one["settings"]]
    yield (
        "Incumbents",
        "below; the study trains with "
        + ("them" if not unused else f"others for {_named(unused)}: `meta_rl adopt` copies them into it"),
    )
    yield (
        "Code, and that of the tuning",
        f"`snakemake tune`; code {', '.join(sorted({one['code'] for one in chosen}))}",
    )
    yield (
        "Software environment",
        "pyproject.toml and Makefile; versions in the record of every trials.parquet",
    )
    yield (
        "Hardware",
        "; ".join(sorted({machine for one in chosen for machine in one["machines"]})) + "; no GPU",
    )


def _trained_with(one: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
    """What the study takes instead of its own settings where `one` was chosen."""
    return spec["tuned"][one["benchmark"]].get(one["method"], {}).get(one["agent"], {})


def _named(chosen: list[dict[str, Any]]) -> str:
    return ", ".join(f"{one['benchmark']} {one['agent']} {one['method']}" for one in chosen)


def _listed(seeds: list[int]) -> str:
    return (
        f"{seeds[0]} to {seeds[-1]}"
        if seeds == list(range(seeds[0], seeds[-1] + 1))
        else ", ".join(map(str, seeds))
    )
