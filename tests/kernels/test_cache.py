"""Compiled kernels are kept for the next process: in a folder of their own text, which several may fill at once."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from read_only import read_only

import meta_rl

LOAD = """
import torch
from meta_rl.stack.networks import MLP, compiled
from meta_rl.streams import Streams
print(MLP(Streams(["run"]), "test", (3, 4))(torch.ones(1, 1, 3)).tolist())
print(compiled().forward.stats.cache_hits.total(), compiled().__file__)
"""


def start(root: Path, home: Path) -> subprocess.Popen[str]:
    """Who runs a network of the package in `root`, with a home of its own."""
    environment = {**os.environ, "PYTHONPATH": str(root), "HOME": str(home)}
    environment.pop("XDG_CACHE_HOME", None)
    return subprocess.Popen(
        [sys.executable, "-c", LOAD], stdout=subprocess.PIPE, env=environment, text=True, cwd=root
    )


def test_two_fill_a_folder_at_once_and_another_one_has_it_then(tmp_path: Path) -> None:
    """And when nobody may write there, what the user keeps serves."""
    package = tmp_path / "code/meta_rl"
    shutil.copytree(
        Path(meta_rl.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__", "conformance")
    )
    both = [start(package.parent, tmp_path) for _ in range(2)]
    said = [process.communicate()[0].splitlines() for process in both]
    again = start(package.parent, tmp_path).communicate()[0].splitlines()
    assert [lines[1].split()[0] for lines in (*said, again)] == ["0", "0", "1"]
    assert said[0][0] == said[1][0] == again[0]
    assert again[1].endswith(str(package / "kernels/compiled.py"))
    (folder,) = (package / "kernels/__pycache__").glob("kernels-*")
    assert not (tmp_path / ".cache").exists()
    shutil.rmtree(folder)
    with read_only(package):
        for hits in ("0", "1"):
            lines = start(package.parent, tmp_path).communicate()[0].splitlines()
            assert (lines[0], lines[1].split()[0]) == (again[0], hits)
    assert len(list((tmp_path / ".cache/meta_rl").iterdir())) == 1


def test_another_text_has_another_folder(tmp_path: Path) -> None:
    from meta_rl.kernels import compiled

    shutil.copytree(compiled.HERE, tmp_path / "kernels", ignore=shutil.ignore_patterns("__pycache__"))
    assert compiled.folders(tmp_path / "kernels")[0].name == compiled.folders()[0].name
    with (tmp_path / "kernels/vectors.py").open("a") as file:
        file.write("# other\n")
    assert compiled.folders(tmp_path / "kernels")[0].name != compiled.folders()[0].name


def test_who_does_not_train_loads_none() -> None:
    """Agents and methods may be named and described."""
    code = """
import sys
from meta_rl import registry
for kind, names in (("agent", registry.AGENTS), ("method", registry.METHODS)):
    for name in names:
        registry.load(kind, name)
print("llvmlite" in sys.modules, "meta_rl.agents.dqn" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
