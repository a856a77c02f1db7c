"""The regions that `make worth` measures, and the files of those that are finished."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from benchmarks.worth.candidates import EPISODES, POINTS, SEEDS, SNAPSHOTS, Candidate
from benchmarks.worth.measure import METHODS, Measured, specification
from meta_rl import files, registry
from meta_rl.study.provenance import code_hash

TABLES = ("returns", "learning")  # of `measure.Measured`
_RECORD = "record.json"  # written last: by what was measured, and its CPU seconds


class Job(NamedTuple):
    """A region of a candidate, and the folder of what is measured there."""

    candidate: Candidate
    region: str
    folder: Path

    @property
    def asked(self) -> dict[str, Any]:
        """By which a finished job is known again."""
        spec = specification(self.candidate)
        spec["controllers"] = ("random", *registry.load("environment", spec["environment"]).controllers)
        steps = ("train", "evaluate_references")
        code = [code_hash(step, spec | {"method": method}) for step in steps for method in METHODS]
        size = {"points": POINTS, "seeds": SEEDS, "episodes": EPISODES, "snapshots": SNAPSHOTS}
        return asdict(self.candidate) | size | {"code": code}

    @property
    def record(self) -> dict[str, Any]:
        """Of what was measured by the present settings and code; empty if nothing was."""
        path = self.folder / _RECORD
        record: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
        return record if record.get("asked") == json.loads(json.dumps(self.asked)) else {}


def read(job: Job) -> tuple[pd.DataFrame, ...]:
    """What was measured of a region, a frame for each of `TABLES`."""
    return tuple(pd.read_csv(job.folder / f"{name}.csv") for name in TABLES)


def keep(job: Job, measured: Measured, cpu_s: float) -> None:
    """Write what was measured."""
    for name, frame in zip(TABLES, measured, strict=True):
        files.write_text(job.folder / f"{name}.csv", frame.to_csv(index=False, float_format="%.6g"))
    record = {"asked": job.asked, "cpu_s": round(cpu_s, 1)}
    files.write_text(job.folder / _RECORD, json.dumps(record, indent=2))
