"""Fit an estimator of doubt on what was watched of a block's frozen policies, once for each budget."""

from pathlib import Path
from typing import Any

import pandas as pd

from meta_rl import job
from meta_rl.study import provenance
from meta_rl.tables import io
from meta_rl.tables.deployment import TABLE as DEPLOYMENT
from meta_rl.tables.references import TABLE as REFERENCES
from meta_rl.tables.uncertainty import EPISODE
from meta_rl.tables.uncertainty import TABLE as UNCERTAINTY
from meta_rl.training.evidence import Sources
from meta_rl.training.isolation import isolate
from meta_rl.training.monitors import estimator, join, steps_of
from meta_rl.training.watched_files import load_episodes, save_monitors
from meta_rl.uncertainty.base import Monitor


def main(
    watched: Path,
    deployment: Path,
    train_references: Path | None,
    held_out_references: Path | None,
    doubts: list[Path],
    spec: dict[str, Any],
    monitor: Path,
) -> str:
    """References and doubts are there where the estimator's line in the registry asks for them."""
    episodes = load_episodes(watched)
    references = [io.read(path, REFERENCES) for path in (train_references, held_out_references) if path]
    sources = Sources(
        spec,
        episodes,
        pd.concat([io.read(path, UNCERTAINTY) for path in doubts]) if doubts else None,
        io.read(deployment, DEPLOYMENT),
        pd.concat(references) if references else None,
    )

    def fit(some: list[int]) -> dict[str, Monitor]:
        monitors: dict[str, Monitor] = {}
        one = estimator(spec, episodes, some)
        for budget in spec["budgets"]:
            if one.per_budget:
                one = estimator(spec, episodes, some)
                one.fit(sources.evidence(some, budget), steps_of(budget))
            elif not monitors:
                one.fit(sources.evidence(some, EPISODE), None)
            monitors[str(budget)] = one.monitor
        return monitors

    label = f"{spec['variant']} {spec['estimator']}"
    parts, failed = isolate(fit, len(episodes.keys), label)
    failures = {str(episodes.seeds[index]): reason for index, reason in failed.items()}
    save_monitors(monitor, join(parts), provenance.record("fit_monitor", spec), failures)
    return f"{label}: {len(episodes.keys) - len(failures)} of {len(episodes.keys)} runs"


if __name__ == "__main__":
    job.run(main)
