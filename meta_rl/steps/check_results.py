"""Is the study whole? Every run, context and episode must be there; runs that diverged or failed are an error.

All tables and figures are there all the same: they say how many runs count.
"""

from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from meta_rl import files, job
from meta_rl.errors import UserError
from meta_rl.tables import evaluation as evaluation_table
from meta_rl.tables import io
from meta_rl.tables import runs as runs_table


class Run(NamedTuple):
    """One independent training."""

    benchmark: str
    agent: str
    method: str
    seed: int

    def __str__(self) -> str:
        return f"{self.benchmark} {self.agent} {self.method} seed {self.seed}"


def main(
    evaluation: Path, runs: Path, figures: list[Path], report: Path, spec: dict[str, Any], check: Path
) -> str:
    """Write what was checked, and where the results are; a UserError names the runs that are not as they should be.

    Spec: `methods`, `seeds` [first, count], `benchmarks` with `agents`, `contexts` and `episodes`, and `external`: the
    benchmark, agent and name of each method from outside.
    """
    frame = io.read(evaluation, evaluation_table.TABLE)
    found = io.read(runs, runs_table.TABLE)
    lost = found[found["outcome"] != "ok"]
    failed = {
        Run(*row) for row in lost.loc[lost["outcome"] == "failed", list(Run._fields)].itertuples(index=False)
    }
    expected = expected_runs(spec)
    if gaps := missing(frame, [run for run in expected if run not in failed], spec):
        lines = [
            f"{evaluation}: the study is not complete; delete the evaluation of these runs and run it again"
        ]
        raise UserError(
            "\n".join(lines + [f"  {run}: {count} episodes missing" for run, count in gaps.items()])
        )
    folders = sorted({str(path.parent) for path in figures})
    text = "\n".join(
        [
            f"complete: {len(expected) - len(failed)} of {len(expected)} runs, {len(frame)} episodes",
            f"tables:   {evaluation.parent}",
            f"figures:  {', '.join(folders)}",
            f"report:   {report}",
        ]
    )
    print(text)
    if len(lost):
        rows = lost[[*Run._fields, "outcome", "reason"]].itertuples(index=False)
        lines = [f"  {Run(*run)}: {outcome}: {reason}" for *run, outcome, reason in rows]
        raise UserError(f"{runs}: {len(lost)} of {len(expected)} runs are not ok\n" + "\n".join(lines))
    files.write_text(check, text + "\n")
    return f"{len(expected)} runs, all ok"


def expected_runs(spec: dict[str, Any]) -> list[Run]:
    """Every run of the study."""
    first, count = spec["seeds"]
    played = [
        (benchmark, agent, method)
        for benchmark, one in spec["benchmarks"].items()
        for agent, method in product(one["agents"], spec["methods"])
    ]
    played += [(benchmark, agent, name) for benchmark, agent, name in spec["external"]]
    seeds = range(first, first + count)
    return [Run(benchmark, agent, name, seed) for (benchmark, agent, name), seed in product(played, seeds)]


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
