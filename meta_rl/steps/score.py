"""Measure every run of a benchmark, in every context, against random and the reference."""

from pathlib import Path
from typing import Any

import pandas as pd

from meta_rl import job, registry
from meta_rl.metrics import scores as metric
from meta_rl.study import provenance
from meta_rl.tables import context_frames, io
from meta_rl.tables.contexts import TABLE as CONTEXTS
from meta_rl.tables.evaluation import TABLE as EVALUATION
from meta_rl.tables.references import TABLE as REFERENCES
from meta_rl.tables.schema import Table
from meta_rl.tables.scores import TABLE as SCORES


def main(
    evaluation: list[Path], references: list[Path], contexts: list[Path], spec: dict[str, Any], scores: Path
) -> str:
    """Write the scores table of one benchmark. Spec: `environment`, whose success threshold and limits count."""
    environment = registry.load("environment", spec["environment"])
    frame = metric.scores(
        _read(evaluation, EVALUATION),
        context_frames.for_results(_read(references, REFERENCES)),
        context_frames.for_results(_read(contexts, CONTEXTS)),
        environment.success,
        environment.limits,
        environment.returns,
    )
    io.write(frame, SCORES, scores, provenance.record("score", spec))
    informative = frame["informative"].mean()
    return f"{len(frame)} scores, {informative:.0%} of them in informative contexts"


def _read(paths: list[Path], table: Table) -> pd.DataFrame:
    return pd.concat([io.read(path, table) for path in paths], ignore_index=True)


if __name__ == "__main__":
    job.run(main)
