"""The trials of one tuning, one after the other, kept as they come: a killed tuning repeats none of them.

Candidates of a tuning do not run side by side. Their seeds already ride one stack, and the tunings of a study
(benchmarks, agents, methods, repetitions) are jobs that do. And what DEHB proposes depends on the order in which
it is told results: with one at a time a tuning can be repeated, and goes on after a kill as if nothing had been.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from meta_rl import registry, settings
from meta_rl.errors import UserError
from meta_rl.job import Progress
from meta_rl.metrics.returns import iqm
from meta_rl.study.candidates import Spec, rungs
from meta_rl.tables import io
from meta_rl.tables.columns import run_of
from meta_rl.tables.trials import TABLE
from meta_rl.tuning.judge import Verdict
from meta_rl.tuning.optimisers import OPTIMISERS, Proposal

_RESULT_OF = ("step", "members", "code", "spec")


def tune(
    spec: Spec, judge: Callable[[dict[str, Any], int], Verdict], journal: Path, record: dict[str, Any]
) -> pd.DataFrame:
    """All trials of a tuning, rows of the table; those that `journal` holds of the same tuning are not repeated.

    The first trial is the study's own settings, trained to the end: nothing may be chosen that is worse. The
    next ones are the optimiser's, until one would pass the total of env_steps.
    """
    budget = spec["tune"]
    lengths = rungs(budget["min"], budget["max"])
    known = settings.read(registry.entry("agent", spec["agent"]).module)
    types = {name: known[name].type for name in spec["search"]}
    optimiser = OPTIMISERS[budget["optimiser"]](spec["search"], types, len(lengths), spec["seeds"][0])
    frame = _kept(journal, record)
    kept = 0 if frame is None else frame["trial"].nunique()
    progress = Progress(f"{' '.join(run_of(spec).values())} tuning", budget["total"], "env_steps")
    spent, number = 0, 0
    while True:
        proposal = optimiser.ask() if number else _default(spec)
        if spent + lengths[proposal.rung] > budget["total"]:
            break
        if number >= kept:
            verdict = judge(proposal.settings, lengths[proposal.rung])
            rows = _rows(spec, number, proposal, verdict)
            frame = rows if frame is None else pd.concat([frame, rows], ignore_index=True)
            io.write(frame, TABLE, journal, record)
        assert frame is not None  # the first trial is always made
        own = frame[frame["trial"] == number]
        if own["settings"].iloc[0] != json.dumps(proposal.settings):
            raise UserError(f"{journal}: another version of the optimiser made it; delete it and tune again")
        if number:
            optimiser.tell(-float(iqm(own["validation_return"].to_numpy())))
        spent += lengths[proposal.rung]
        number += 1
        progress.update(spent)
    assert frame is not None
    return frame


def _default(spec: Spec) -> Proposal:
    return Proposal({name: spec["agent_settings"][name] for name in sorted(spec["search"])}, 0)


def _kept(journal: Path, record: dict[str, Any]) -> pd.DataFrame | None:
    """What a killed tuning left, if it was this one: the same settings, and the same code."""
    if not journal.is_file():
        return None
    made = io.record(journal)
    if any(made[key] != record[key] for key in _RESULT_OF):
        return None
    return io.read(journal, TABLE)


def _rows(spec: Spec, number: int, proposal: Proposal, verdict: Verdict) -> pd.DataFrame:
    first, count = spec["seeds"]
    return pd.DataFrame(
        {
            **run_of(spec),
            "repetition": first,
            "trial": number,
            "seed": range(first, first + count),
            "source": spec["tune"]["optimiser"] if number else "default",
            "settings": json.dumps(proposal.settings),
            "rung": proposal.rung,
            "env_steps": verdict.env_steps,
            "validation_return": verdict.returns,
            "seconds": verdict.seconds / count,
            "status": ["ok" if sound else "diverged" for sound in verdict.sound],
        }
    )
