#!/usr/bin/env bash
# torch 2.13.0: torch.save puts the file's name into the file, and hides why it cannot write.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6
cd "$folder" && env -u PYTHONPATH "$folder/venv/bin/python" - <<'PYTHON'
import resource
import signal
from importlib.metadata import version
from pathlib import Path

import torch

print("torch", version("torch"))
content = {"weights": torch.arange(100_000.0)}
for name in ("one.pt", "two.pt"):
    torch.save(content, name)
    with open(f"object_{name}", "wb") as file:
        torch.save(content, file)
by_name = Path("one.pt").read_bytes() == Path("two.pt").read_bytes()
by_object = Path("object_one.pt").read_bytes() == Path("object_two.pt").read_bytes()
print(f"equal bytes for equal content: by name {by_name}, by open file {by_object}")
assert not by_name and by_object, "the name does not count any more"

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.RLIM_INFINITY))  # as good as a full disk, and for any user


def raised(target):
    try:
        torch.save(content, target)
    except Exception as error:
        return error


by_name = raised("three.pt")
with open("four.pt", "wb") as file:
    by_object = raised(file)
for how, error in (("by name", by_name), ("by open file", by_object)):
    print(f"no room, {how}: {type(error).__name__}: {error}; its context is {error.__context__!r}")
assert isinstance(by_name, RuntimeError) and not isinstance(by_name.__context__, OSError), "the reason is told now"
assert isinstance(by_object, RuntimeError) and isinstance(by_object.__context__, OSError), "another error"
print("Why it matters: 'unexpected pos' is all that a user learns of a full disk, and code that expects OSError does not")
print("catch it; files of equal runs differ. Give torch.save an open file, and look at the error's context.")
PYTHON
