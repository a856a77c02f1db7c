"""The tiny study, run once from end to end in a copy of the project; each test gets a copy of that."""

import os
import shutil
from pathlib import Path

import pytest
from filelock import FileLock
from harness import ROOT, Project

_COPIED = ("config", "environment.yml", "meta_rl", "workflow")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The study `test`, run to its end, once for all pytest processes. Not to be changed."""
    own = tmp_path_factory.getbasetemp()
    root = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "finished"
    with FileLock(f"{root}.lock"):
        if not root.exists():
            shutil.rmtree(begun := root.with_suffix(".begun"), ignore_errors=True)
            begun.mkdir()
            for name in _COPIED:
                copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
                copy(ROOT / name, begun / name)
            done = Project(begun).snakemake("all")
            assert done.returncode == 0, done.stdout
            begun.rename(root)
    return Project(root)


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    """The finished study, for one test to change."""
    return Project(shutil.copytree(finished.root, tmp_path / "project"))
