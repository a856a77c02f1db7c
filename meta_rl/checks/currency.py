"""Was a result made by the present code and the present study? Its own record says so, whoever ran the job."""

import json
from pathlib import Path

from meta_rl.errors import UserError
from meta_rl.study import lineage, provenance
from meta_rl.study.study import Study
from meta_rl.tables import io
from meta_rl.training import policy


def stale(study: Study, path: Path) -> str | None:
    """Why a result of a job must be made again; None if its record names the code, spec and inputs of today."""
    if path.suffix not in (".pt", ".parquet"):
        return "it holds no record of its making"
    try:
        record = policy.load(path).record if path.suffix == ".pt" else io.record(path)
    except UserError as error:
        return str(error)
    step = record["step"]
    wanted = study.spec(step, **study.wildcards(path))
    if record["spec"] != json.loads(json.dumps(wanted)):
        return "it was made for other settings"
    made = lineage.made(study, step, study.wildcards(path))
    if (record["job"], record["inputs"]) != (made.job, made.inputs):
        return "it was made from other files"
    if (code := provenance.code_hash(step, wanted)) != record["code"]:
        return f"it was made by code {record['code']}, and the present one is {code}"
    return None
