"""Was a result made by the present code and the present study? Its own record says so, whoever ran the job."""

import json
from pathlib import Path
from typing import Any

from meta_rl import policy, provenance
from meta_rl.errors import UserError
from meta_rl.study import Study
from meta_rl.tables import io


def stale(study: Study, path: Path) -> str | None:
    """Why a result of a job must be made again; None if the code and the spec in its record are those of today."""
    if path.suffix not in (".pt", ".parquet"):
        return "it holds no record of its making"
    try:
        record = policy.load(path).record if path.suffix == ".pt" else io.record(path)
    except UserError as error:
        return str(error)
    step = record["step"]
    wanted = study.spec(step, **wildcards(path, study))
    if record["spec"] != json.loads(json.dumps(wanted)):
        return "it was made for other settings"
    if (code := provenance.code_hash(step, wanted)) != record["code"]:
        return f"it was made by code {record['code']}, and the present one is {code}"
    return None


def wildcards(path: Path, study: Study) -> dict[str, Any]:
    """Of the job that made a result, {benchmark}/{agent}/{method}/{block}/FILE, the same with KIND/{part}, or
    {benchmark}/KIND/{part or agent}."""
    parts = path.parts[path.parts.index(study.name) + 1 : -1]
    if len(parts) >= 4:
        own = dict(zip(("benchmark", "agent", "method", "block"), parts[:4], strict=True))
        return own | ({"part": path.stem} if len(parts) == 5 else {})
    if len(parts) < 2:
        return {"benchmark": parts[0]} if parts and parts[0] in study.benchmarks else {}
    wildcard = "agent" if path.suffix == ".pt" else "part"
    return {"benchmark": parts[0], wildcard: path.stem} if parts[0] in study.benchmarks else {}
