"""The study of config/test.yaml as it is written, and benchmarks to put into it."""

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
RAW: dict[str, Any] = yaml.safe_load((ROOT / "config/test.yaml").read_text())
SMALL: dict[str, Any] = RAW["benchmarks"]["small_gravity"]
# What a published benchmark of one or of two features needs.
ONE = {"contexts": SMALL["contexts"], "agents": ["dqn"]}
TWO = {
    "contexts": {
        "train": 3,
        "interpolation": 2,
        "combinatorial": 1,
        "single_extrapolation": 4,
        "all_extrapolation": 4,
    },
    "agents": ["dqn"],
}
