#!/usr/bin/env bash
# snakemake 9.27.1: under `--quiet rules` and `--quiet all` the log file of the run has no word of a job that failed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet snakemake==9.27.1
cd "$folder" && env -u PYTHONPATH "$folder/venv/bin/python" - <<'PYTHON'
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

print("snakemake", version("snakemake"))
Path("Snakefile").write_text("rule one:\n    output: 'one.txt'\n    log: 'one.log'\n    shell: 'exit 1'\n")
errors = {}
for quiet in ((), ("--quiet", "rules", "host"), ("--quiet", "all")):
    for log in Path(".snakemake/log").glob("*.log"):
        log.unlink()
    done = subprocess.run([sys.executable, "-m", "snakemake", "--cores", "1", *quiet], capture_output=True, text=True)
    assert done.returncode == 1
    (log,) = Path(".snakemake/log").glob("*.log")
    errors[quiet] = "Error in rule one" in log.read_text()
    print(" ".join(quiet) or "no option", "- the log file names the failed rule:", errors[quiet])
assert list(errors.values()) == [True, False, False], "the log file does not depend on --quiet any more"
print("Why it matters: whoever reads that file to tell how a study stands finds no failure in it. What happened to a job")
print("has to be written down by the job.")
PYTHON
