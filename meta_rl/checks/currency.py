"""Was a result made by the present code and the present study? Its own record says so, whoever ran the job."""

import json
from pathlib import Path

from meta_rl.errors import UserError
from meta_rl.study import provenance
from meta_rl.study.study import Study
from meta_rl.tables import io
from meta_rl.training import policy


def stale(study: Study, path: Path) -> str | None:
    """Why a result of a job must be made again; None if the code and the spec in its record are those of today."""
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
    if (code := provenance.code_hash(step, wanted)) != record["code"]:
        return f"it was made by code {record['code']}, and the present one is {code}"
    return None
