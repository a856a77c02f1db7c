#!/usr/bin/env bash
# DEHB 0.1.2 with ConfigSpace 1.2.2: a forbidden clause ends the search with an error at some ask.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet ConfigSpace==1.2.2 numpy==2.4.6 pandas==3.1.1 distributed==2026.8.0 loguru==0.7.3
"$folder/venv/bin/pip" install --quiet --no-deps dehb==0.1.2 # its cap of NumPy is below 2, and it works with 2
cd "$folder" && env -u PYTHONPATH "$folder/venv/bin/python" - <<'PYTHON'
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import ConfigSpace
from dehb import DEHB

print("dehb", version("dehb"), "ConfigSpace", version("ConfigSpace"))


def asked(seed):
    """How often a search hands settings out before it ends, and how it ends."""
    space = ConfigSpace.ConfigurationSpace(seed=seed)
    batch, steps = ConfigSpace.Integer("batch", (1, 64)), ConfigSpace.Integer("steps", (1, 64))
    space.add(batch, steps)
    space.add(ConfigSpace.ForbiddenGreaterThanRelation(space["batch"], space["steps"]))
    search = DEHB(
        cs=space, min_fidelity=1, max_fidelity=9, eta=3, n_workers=1, seed=seed, save_freq="end",
        output_path=f"run{seed}", log_level="ERROR",
    )
    for count in range(100):
        try:
            job = search.ask()
        except Exception as error:
            return count, type(error).__name__
        assert job["config"]["batch"] <= job["config"]["steps"]
        loss = float(job["config"]["batch"])
        search.tell(job, {"fitness": loss, "cost": 1.0})
    return 100, "no error"


ends = [asked(seed) for seed in range(5)]
print("settings handed out, and the end:", ends)
assert all(count < 100 and name == "ForbiddenValueError" for count, name in ends), "searches go on now"
print("Why it matters: sampled settings obey the clause, mutants do not, so a search with a rule such as batch <= steps")
print("ends after some trainings. Leave such settings in the space and give them a bad score.")
PYTHON
