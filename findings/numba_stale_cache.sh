#!/usr/bin/env bash
# numba 0.68.1: a cached function goes on calling the old version of a function that was edited in another file.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet numba==0.68.1 numpy==2.4.6
cd "$folder" && env -u PYTHONPATH "$folder/venv/bin/python" - <<'PYTHON'
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

print("numba", version("numba"))
Path("physics.py").write_text("from numba import njit\n\n@njit\ndef gravity():\n    return 9.8\n")
Path("step.py").write_text(
    "from numba import njit\nfrom physics import gravity\n\n@njit(cache=True)\ndef fall():\n    return -gravity()\n"
    "\nprint(fall(), fall.py_func())\n"
)


def run():
    return subprocess.run([sys.executable, "step.py"], capture_output=True, text=True, check=True).stdout.split()


first = run()
path = Path("physics.py")
path.write_text(path.read_text().replace("9.8", "1.625"))
second = run()
print("compiled and plain, before the edit of gravity():", *first)
print("compiled and plain, after it:                    ", *second)
assert first == ["-9.8", "-9.8"]
assert second == ["-9.8", "-1.625"], "the cache sees the edit now"
print("Why it matters: an edit of the dynamics changes no result until the cache is deleted, and nothing says so.")
PYTHON
