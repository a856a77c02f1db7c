"""No command grows with the study: Linux takes 131,071 bytes in one argument, and a whole command is one."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from harness import ROOT

from meta_rl import registry

BENCHMARKS = 200


def large() -> dict[str, Any]:
    """A study of 200 benchmarks and all methods, each with settings of its own."""
    small = yaml.safe_load((ROOT / "config/test.yaml").read_text())
    names = [f"gravity_{number}" for number in range(BENCHMARKS)]
    settings = {"dqn": {"gamma": 0.98, "batch": 32, "train_every": 4, "learning_rate": 0.0005}}
    return small | {
        "benchmarks": dict.fromkeys(names, small["benchmarks"]["small_gravity"]),
        "methods": list(registry.METHODS),
        "seeds": small["seeds"] | {"test": {"first": 0, "count": 2}},
        "tuned": {name: dict.fromkeys(registry.METHODS, settings) for name in names},
    }


def test_no_command_grows_with_the_study(tmp_path: Path) -> None:
    for name in ("meta_rl", "workflow", "environment.yml"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "large.yaml").write_text(json.dumps(large()))
    command = [sys.executable, "-m", "snakemake", "all", "--configfile", "large.yaml", "--dry-run", "-p"]
    done = subprocess.run(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
    commands = re.findall(
        r"^Shell command: (python -m meta_rl\.study\.attempt .*)$", done.stdout, flags=re.MULTILINE
    )
    told = list((tmp_path / "results/test/jobs").rglob("*.json"))
    assert len(commands) == len(told) > BENCHMARKS * len(registry.METHODS)
    assert max(len(path.read_bytes()) for path in told) > 131_071, "there is something that grows"
    longest = max(commands, key=len)
    assert len(longest) < 1000, longest
