"""Join the tables of all jobs into those of the study, sum them up, and write down how they were made.

Results of one stage must come from one version of the code and one spec. If an interrupted or partly deleted
study mixes them, this step says which files disagree and writes nothing.
"""

import json
import subprocess
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from meta_rl import files, job
from meta_rl.errors import UserError
from meta_rl.metrics import summary
from meta_rl.metrics.doubt.table import doubt_metrics
from meta_rl.metrics.runs import RUN, Failure, Spent, runs
from meta_rl.study import attempt, provenance
from meta_rl.tables import context_frames, io
from meta_rl.tables.columns import run_of
from meta_rl.tables.contexts import TABLE as CONTEXTS
from meta_rl.tables.deployment import TABLE as DEPLOYMENT
from meta_rl.tables.doubt_metrics import TABLE as DOUBT_METRICS
from meta_rl.tables.encodings import TABLE as ENCODINGS
from meta_rl.tables.evaluation import TABLE as EVALUATION
from meta_rl.tables.learning import TABLE as LEARNING
from meta_rl.tables.metrics import TABLE as METRICS
from meta_rl.tables.predictions import TABLE as PREDICTIONS
from meta_rl.tables.references import TABLE as REFERENCES
from meta_rl.tables.runs import TABLE as RUNS
from meta_rl.tables.schema import Table
from meta_rl.tables.scores import TABLE as SCORES
from meta_rl.tables.uncertainty import TABLE as UNCERTAINTY

_TABLES = {
    table.name: table
    for table in (
        CONTEXTS, REFERENCES, PREDICTIONS, LEARNING, RUNS, EVALUATION, ENCODINGS, SCORES, METRICS, DEPLOYMENT,
        UNCERTAINTY, DOUBT_METRICS,
    )
}  # fmt: skip
_MACHINE = ("versions", "threads", "cpu", "platform")

Record = dict[str, Any]


def main(
    contexts: list[Path],
    references: list[Path],
    predictions: list[Path],
    learning: list[Path],
    evaluation: list[Path],
    encodings: list[Path],
    scores: list[Path],
    deployment: list[Path],
    uncertainty: list[Path],
    logs: Path | None,
    spec: dict[str, Any],
    tables: list[Path],
    manifest: Path,
) -> str:
    """Write `tables`, each named like its table, and `manifest`.

    Spec: the study's checked config, with the `controls` of its methods. `logs`: the folder of the jobs' logs, with
    what attempts at them cost.
    """
    paths = {
        "contexts": contexts,
        "references": references,
        "predictions": predictions,
        "learning": learning,
        "evaluation": evaluation,
        "encodings": encodings,
        "scores": scores,
        "deployment": deployment,
        "uncertainty": uncertainty,
    }
    records = {path: io.record(path) for parts in paths.values() for path in parts}
    check_consistent(records)
    frames = {}
    for name, parts in paths.items():
        loaded = [io.read(path, _TABLES[name]) for path in parts]
        frames[name] = _joined(loaded, _TABLES[name])
    played = [records[path] for path in evaluation]
    of_runs = runs(frames["learning"], frames["evaluation"], failures(played), spent(played))
    frames["runs"] = _joined([of_runs], RUNS)
    measured = summary.metrics(
        frames["scores"],
        context_frames.for_results(frames["references"]),
        frames["encodings"],
        frames["contexts"],
        spec["controls"],
    )
    frames["metrics"] = _joined([measured], METRICS)
    doubted = doubt_metrics(frames["uncertainty"], frames["deployment"], frames["scores"])
    frames["doubt_metrics"] = _joined([doubted], DOUBT_METRICS)

    own = provenance.record("aggregate", spec)
    for path in tables:
        io.write(frames[path.stem], _TABLES[path.stem], path, own)
    described = _manifest(own, list(records.values()), frames["runs"], logs)
    files.write_text(manifest, json.dumps(described, indent=2, sort_keys=True) + "\n")
    return f"{len(records)} files joined, {len(measured)} metrics"


def check_consistent(records: dict[Path, Record]) -> None:
    """Raise UserError if files of one stage differ in code, or of one benchmark and method in more than the seeds.

    A stage is a step with the same members and the same keys in its spec.
    """
    seen: dict[tuple[str, ...], tuple[str, Path]] = {}
    for path, record in records.items():
        shared = {key: value for key, value in record["spec"].items() if key not in ("seeds", "runs")}
        stage = record["step"], json.dumps([record["members"], sorted(record["spec"])])
        for kind, where, found in (
            ("code", "", record["code"]),
            ("spec", f"{shared['benchmark']}/{shared.get('variant')}", provenance.digest(shared)),
        ):
            known, other = seen.setdefault((kind, where, *stage), (found, path))
            if found != known:
                raise UserError(
                    f"{path}: step '{record['step']}' made it from {kind} {found}, but {other} from {kind} "
                    f"{known}; delete the older file and run the workflow again"
                )


def failures(evaluations: Iterable[Record]) -> list[Failure]:
    """The runs that the records of evaluations name as failed."""
    return [
        (*run_of(record["spec"]).values(), int(seed), reason)
        for record in evaluations
        for seed, reason in record["failures"].items()
    ]


def spent(evaluations: Iterable[Record]) -> list[Spent]:
    """The env_steps of each run that was trained, as the records of evaluations took them from policy files."""
    return [
        (*run_of(record["spec"]).values(), int(seed), steps)
        for record in evaluations
        for seed, steps in record["env_steps"].items()
    ]


def _joined(frames: list[pd.DataFrame], table: Table) -> pd.DataFrame:
    if not frames:
        return pd.DataFrame(columns=[column.name for column in table.columns])
    return pd.concat(frames).sort_values(list(table.key), ignore_index=True)


def _manifest(own: Record, records: list[Record], runs: pd.DataFrame, logs: Path | None) -> Record:
    stages: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    for record in [own, *records]:
        stages[record["step"], json.dumps(record["members"]), record["code"]] += 1
    return {
        "config": own["spec"],
        "config_hash": own["spec_hash"],
        "git_revision": _git_revision(),
        "machines": _distinct([{key: record[key] for key in _MACHINE} for record in [own, *records]]),
        "stages": [
            {"step": step, "members": json.loads(members), "code": code, "files": count}
            for (step, members, code), count in sorted(stages.items())
        ],
        "plugins": {
            name: said for record in [own, *records] for name, said in record.get("plugins", {}).items()
        },
        "env_steps": runs.loc[runs["env_steps"].notna(), [*RUN, "env_steps"]].to_dict("records"),
        "costs": attempt.costs(logs) if logs else {},
    }


def _distinct(values: list[Record]) -> list[Record]:
    texts = sorted({json.dumps(value, sort_keys=True) for value in values})
    return [json.loads(text) for text in texts]


def _git_revision() -> str | None:
    """The commit of the package, marked if files differ from it; None outside a git checkout."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


if __name__ == "__main__":
    job.run(main)
