"""The tiny study on a real Slurm, which `tests/slurm/cluster.sh` starts: `make test-slurm`."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow"))

from cluster import OnCluster, new_project


@pytest.fixture
def project(tmp_path: Path) -> OnCluster:
    """A copy of the project without results."""
    return new_project(tmp_path / "project")
