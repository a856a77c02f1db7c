"""What is wrong with the estimators of a study, found before anything is trained. Torch-free."""

import math
from collections.abc import Iterator
from itertools import product
from typing import Any

from meta_rl import registry
from meta_rl.contexts import DEVELOPMENT
from meta_rl.entries import SIGNALS
from meta_rl.study.paths import doubts, others


def problems(study: dict[str, Any]) -> Iterator[str]:
    """A line for everything, of a completed study that has `uncertainty`."""
    said = study["uncertainty"]
    if said["episodes"] % 2:
        yield (
            f"uncertainty.episodes: is {said['episodes']}; use an even number, as one half ranks contexts and the "
            "other half scores the ranking"
        )
    pairs = {
        (agent, member)
        for benchmark in study["benchmarks"].values()
        for agent, member in product(benchmark["agents"], study["methods"].values())
    }
    for name in said["estimators"]:
        where, entry = f"uncertainty.estimators: {name}", registry.ESTIMATORS[name]
        if not any(doubts(agent, member, name) for agent, member in pairs):
            yield f"{where} {_undefined(entry, pairs)}"
        if "transitions" in entry.needs and set(said["budgets"]) == {0}:
            yield f"{where} takes transitions, but uncertainty.budgets shows none; add 50 or 'episode'"
        if "doubts" in entry.needs and not others(said["estimators"]):
            yield (
                f"{where} is fitted on the doubts of others, but there are none that see windows alone; add one, such "
                "as probe_return"
            )
        for benchmark, own in study["benchmarks"].items():
            yield from _context_problems(benchmark, own["contexts"], name, said["settings"][name])


def _undefined(entry: registry.Entry, pairs: set[tuple[str, str]]) -> str:
    """Why no run of the study has the estimator, and what to do."""
    missing = entry.needs & SIGNALS
    able = [agent for agent, line in registry.AGENTS.items() if missing <= line.signals]
    if not any(missing <= registry.AGENTS[agent].signals for agent, _ in pairs):
        remedy = f"use {' or '.join(able)}, or leave it out" if able else "leave it out"
        return f"reads {', '.join(sorted(missing))}, which no agent of the study has; {remedy}"
    return "reads the encoding of a method that infers its context, of which the study has none; add one, such as jrpl"


def _context_problems(
    benchmark: str, contexts: dict[str, int], name: str, settings: dict[str, Any]
) -> Iterator[str]:
    needs, where = registry.ESTIMATORS[name].needs, f"benchmarks.{benchmark}.contexts"
    for split in DEVELOPMENT:
        if split in needs and split not in contexts:
            yield f"{where}: lacks '{split}', on which {name} is fitted; add it"
    if "calibration" in needs & contexts.keys():
        level = settings["level"]
        least = math.ceil(level / (1 - level) - 1e-9)  # below, no residual is large enough for the level
        if contexts["calibration"] < least:
            yield (
                f"{where}.calibration: is {contexts['calibration']}; an interval of {name} at level {level} needs "
                f"{least} or more"
            )
