"""Ask an estimator how much it doubts each run of a block in each context, after each budget."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from torch import Tensor

from meta_rl import job
from meta_rl.study import provenance
from meta_rl.tables import io
from meta_rl.tables.columns import run_of
from meta_rl.tables.uncertainty import TABLE
from meta_rl.training.evidence import Sources
from meta_rl.training.isolation import isolate
from meta_rl.training.monitors import estimator
from meta_rl.training.watched_files import load_episodes, load_monitors
from meta_rl.uncertainty.base import Monitor


def main(
    watched: Path, monitor: Path | None, doubts: list[Path], spec: dict[str, Any], uncertainty: Path
) -> str:
    """An estimator that fails for a run, or has nothing to say at a budget, leaves rows with the reason."""
    episodes = load_episodes(watched)
    others = pd.concat([io.read(path, TABLE) for path in doubts]) if doubts else None
    sources = Sources(spec, episodes, others)
    monitors, failures = load_monitors(monitor) if monitor else ({}, {})
    fitted = [index for index, seed in enumerate(episodes.seeds) if str(seed) not in failures]

    def score(some: list[int]) -> pd.DataFrame:
        return pd.concat(list(_scored(sources, monitors, fitted, some)), ignore_index=True)

    label = f"{spec['variant']} {spec['estimator']}"
    parts, failed = isolate(score, len(fitted), label)
    reasons = {index: failures[str(seed)] for index, seed in enumerate(episodes.seeds) if index not in fitted}
    reasons |= {fitted[place]: reason for place, reason in failed.items()}
    frames = [frame for _, frame in parts]
    for index, reason in reasons.items():
        for budget, split in product(spec["budgets"], episodes.sets):
            frames.append(_rows(sources, [index], split, budget, reason=reason))
    frame = pd.concat(frames, ignore_index=True).sort_values(list(TABLE.key), ignore_index=True)
    io.write(frame, TABLE, uncertainty, provenance.record("score_uncertainty", spec))
    return f"{label}: {len(frame)} doubts, {int(frame['doubt'].isna().sum())} of them without a number"


def _scored(
    sources: Sources, monitors: dict[str, Monitor], fitted: list[int], places: list[int]
) -> Iterator[pd.DataFrame]:
    """Of the runs at these `places` among those that are fitted."""
    some = [fitted[place] for place in places]
    one = estimator(sources.spec, sources.episodes, some)
    for budget, split in product(sources.spec["budgets"], sources.episodes.sets):
        if budget == 0 and "transitions" in sources.entry.needs:
            reason = "it takes transitions, of which a budget of 0 shows none"
            yield _rows(sources, some, split, budget, reason=reason)
            continue
        one.monitor = {name: value[places] for name, value in monitors.get(str(budget), {}).items()}
        window, context = sources.window(some, split, budget), sources.context(some, split)
        yield _rows(sources, some, split, budget, one(window, context), one.interval(window, context))


def _rows(
    sources: Sources,
    some: list[int],
    split: str,
    budget: int | str,
    doubt: Tensor | None = None,
    ends: tuple[Tensor, Tensor] | None = None,
    reason: str | None = None,
) -> pd.DataFrame:
    """One row per run and context; what is no number has the reason."""
    spec, episodes = sources.spec, sources.episodes
    ids = episodes.sets[split].ids[some].numpy()
    values = np.full(ids.size, np.nan) if doubt is None else doubt.numpy().ravel()
    finite = np.isfinite(values)
    nothing = np.full(ids.size, np.nan)
    lower, upper = (end.numpy().ravel() for end in ends) if ends else (nothing, nothing)
    why = pd.Series(reason or "the doubt is not finite", index=range(ids.size), dtype=object)
    return pd.DataFrame(
        {
            **run_of(spec),
            "seed": np.repeat([episodes.seeds[index] for index in some], ids.shape[1]),
            "information": episodes.information,
            "split": split,
            "context_id": ids.ravel(),
            "estimator": spec["estimator"],
            "budget": str(budget),
            "doubt": np.where(finite, values, np.nan),
            "lower": lower,
            "upper": upper,
            "reason": why.mask(finite, None),
        }
    )


if __name__ == "__main__":
    job.run(main)
