"""The tiny study, run once from end to end in a copy of the project; each test gets a copy of that."""

import shutil
from pathlib import Path

import pytest
from harness import ROOT, Project

_COPIED = ("config", "environment.yml", "meta_rl", "workflow")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The study `test`, run to its end. Not to be changed."""
    root = tmp_path_factory.mktemp("finished")
    for name in _COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        copy(ROOT / name, root / name)
    project = Project(root)
    done = project.snakemake("all")
    assert done.returncode == 0, done.stdout
    return project


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    """The finished study, for one test to change."""
    return Project(shutil.copytree(finished.root, tmp_path / "project"))
