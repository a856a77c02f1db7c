"""Is the study whole? Every run, context and episode must be there; diverged runs are named, not dropped."""

from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from meta_rl import files, job
from meta_rl.errors import UserError
from meta_rl.metrics.runs import diverged
from meta_rl.tables import evaluation as evaluation_table
from meta_rl.tables import io
from meta_rl.tables import learning as learning_table


class Run(NamedTuple):
    """One independent training."""

    benchmark: str
    agent: str
    method: str
    seed: int

    def __str__(self) -> str:
        return f"{self.benchmark} {self.agent} {self.method} seed {self.seed}"


def main(
    evaluation: Path, learning: Path, figures: list[Path], report: Path, spec: dict[str, Any], check: Path
) -> str:
    """Write what was checked, and where the results are; a UserError names the runs that are not complete.

    Spec: `methods`, `seeds` [first, count], and `benchmarks` with `agents`, `contexts` and `episodes`.
    """
    frame = io.read(evaluation, evaluation_table.TABLE)
    runs = expected_runs(spec)
    if gaps := missing(frame, runs, spec):
        lines = [
            f"{evaluation}: the study is not complete; delete the evaluation of these runs and run it again"
        ]
        raise UserError(
            "\n".join(lines + [f"  {run}: {count} episodes missing" for run, count in gaps.items()])
        )
    rows = diverged(io.read(learning, learning_table.TABLE), frame)
    lost = [Run(*row) for row in rows.itertuples(index=False)]
    folders = sorted({str(path.parent) for path in figures})
    text = "\n".join(
        [
            f"complete: {len(runs)} runs, {len(frame)} episodes",
            f"diverged: {', '.join(map(str, lost)) or 'none'}",
            f"tables:   {evaluation.parent}",
            f"figures:  {', '.join(folders)}",
            f"report:   {report}",
        ]
    )
    files.write_text(check, text + "\n")
    print(text)
    return f"{len(runs)} runs complete, {len(lost)} of them diverged"


def expected_runs(spec: dict[str, Any]) -> list[Run]:
    """Every run of the study."""
    first, count = spec["seeds"]
    return [
        Run(*run)
        for benchmark, one in spec["benchmarks"].items()
        for run in product([benchmark], one["agents"], spec["methods"], range(first, first + count))
    ]


def missing(frame: pd.DataFrame, runs: list[Run], spec: dict[str, Any]) -> dict[Run, int]:
    """How many episodes each run lacks, for those that lack any."""
    columns = [*Run._fields, "split", "context_id", "episode"]
    found = set(frame[columns].itertuples(index=False, name=None))
    lacks = {}
    for run in runs:
        contexts, episodes = (spec["benchmarks"][run.benchmark][key] for key in ("contexts", "episodes"))
        # Train contexts are the run's own, numbered through all seeds.
        start = {"train": run.seed * contexts["train"]}
        wanted = {
            (*run, split, start.get(split, 0) + number, episode)
            for split, count in contexts.items()
            for number, episode in product(range(count), range(episodes))
        }
        lacks[run] = len(wanted - found)
    return {run: count for run, count in lacks.items() if count}


if __name__ == "__main__":
    job.run(main)
