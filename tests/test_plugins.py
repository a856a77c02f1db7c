import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import plugged
import pytest
from raw_study import RAW

from meta_rl import plugins, registry
from meta_rl.errors import UserError
from meta_rl.study import config, provenance
from meta_rl.study.study import Study

SPEC = {"environment": "cartpole", "method": "mine"}
ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Members, and the folders that modules are imported from, are those of before afterwards."""
    for kind, members in registry.KINDS.items():
        monkeypatch.setitem(registry.KINDS, kind, members)
        for name in ("mine", "mine_shuffled"):
            monkeypatch.delitem(members, name, raising=False)
    before = {kind: dict(members) for kind, members in registry.KINDS.items()}
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    for kind, members in registry.KINDS.items():
        members.clear()
        members.update(before[kind])
    for cached in (provenance._closure, provenance.code_hash_of, provenance._source, provenance._file_hash):
        cached.cache_clear()


def run(code: str, folder: Path) -> str:
    """What a new process prints that finds packages in the folder."""
    path = {"PYTHONPATH": f"{ROOT}:{folder}"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=path, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_members_of_a_file_are_registered_without_running_it(tmp_path: Path) -> None:
    path = plugged.file(tmp_path)
    plugins.add([path])
    assert "my_method" not in sys.modules
    entry = registry.entry("method", "mine")
    assert (entry.module, entry.file) == ("my_method", str(path))
    assert (entry.needs, entry.control) == ({"context"}, "mine_shuffled")
    plugins.add([path])  # again: as it was


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("METHODS = {", "is no Python .*; correct it there"),
        ("X = 1", r"names no members; add a line such as METHODS = \{'bad'"),
        ("METHODS = make()", r"METHODS: is no literal .*; write it so"),
        ("METHODS = {'mine': 3}", r"METHODS: mine: is 3; must be a mapping such as"),
        (
            "METHODS = {'mine': {'need': {'context'}}}",
            "METHODS: mine: unknown key 'need'; did you mean 'needs'",
        ),
        (
            "METHODS = {'mine': {'needs': {'contexts'}}}",
            "mine: needs: has contexts; choose from context, history",
        ),
        ("METHODS = {'mine': {'needs': 3}}", r"mine: needs: is no set of texts; write it as \{"),
        (
            "METHODS = {'mine': {'pretrain': 'yes'}}",
            "mine: pretrain: is 'yes'; choose from '', 'generator', 'vine'",
        ),
        ("METHODS = {'mine': {'joint': 1}}", "mine: joint: is 1; must be True or False"),
        ("METHODS = {'mine': {'control': 'mien'}}", "mine: control: unknown method 'mien'"),
        ("METHODS = {'my-own': {}}", "my-own: is no name; use letters"),
        ("METHODS = {'none': {}}", "none: is the name of a method of meta_rl; choose another"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_by_file_key_and_remedy(
    tmp_path: Path, text: str, says: str
) -> None:
    config_of_it = (
        "\nclass Config:\n    pass\n"
        if text.startswith("METHODS") and text.count("{") == text.count("}")
        else ""
    )
    (path := tmp_path / "bad.py").write_text(text + config_of_it)
    with pytest.raises(UserError, match=f"{path}.*{says}"):
        plugins.add([path])
    assert "mine" not in registry.METHODS


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("json.py", "", "'json' is already the module .*; rename the file"),
        ("my-own.py", "", "cannot be imported as 'my-own'; rename it"),
        ("bare.py", "METHODS = {'mine': {}}", "bare: has no class Config; CONTRIBUTING.md shows the form"),
        ("odd.py", "METHODS = {'mine': {}}\nclass Config:\n    a: int = 1\n", "is not `name: Annotated"),
    ],
)
def test_a_file_that_cannot_be_a_member_is_refused(tmp_path: Path, name: str, text: str, says: str) -> None:
    (path := tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=says):
        plugins.add([path])


def test_a_study_checks_a_plugin_beside_it(tmp_path: Path) -> None:
    plugged.file(tmp_path)
    raw = RAW | {"plugins": ["my_method.py"], "methods": ["none", "mine"]}
    raw["method_settings"] = {"mine": {"scale": 0.5}}
    checked = config.check(raw, str(tmp_path / "mine.yaml"))
    study = Study(checked)
    run = {"benchmark": "small_gravity", "agent": "dqn", "block": "seeds_0-1"}
    spec = study.spec("train", method="mine", **run)
    assert spec["method_settings"] == {"scale": 0.5}
    (path,) = spec["plugins"]
    assert Path(path).samefile(tmp_path / "my_method.py")
    assert "plugins" not in study.spec("train", method="none", **run)
    raw["method_settings"] = {"mine": {"scale": 50}}
    with pytest.raises(UserError, match=r"method_settings.mine.scale: is 50; must be at most 10"):
        config.check(raw, str(tmp_path / "mine.yaml"))
    with pytest.raises(UserError, match=r"other.py: cannot be read .*; give the path of a Python file"):
        config.check(raw | {"plugins": ["other.py"]}, str(tmp_path / "mine.yaml"))
    with pytest.raises(UserError, match="plugins: is 3; must be a list"):
        config.check(raw | {"plugins": 3}, str(tmp_path / "mine.yaml"))


def test_the_closure_follows_imports_inside_the_folder(tmp_path: Path) -> None:
    path = plugged.file(tmp_path)
    (tmp_path / "other.py").write_text("X = 1\n")
    plugins.add([path])
    found = provenance.closure("train", SPEC)
    assert {one.name for one in found if tmp_path in one.parents} == {"my_method.py", "my_helper.py"}
    before = provenance.code_hash("train", SPEC), provenance.record("train", SPEC)["plugins"]
    (tmp_path / "my_helper.py").write_text(plugged.HELPER.replace("2.0", "3.0"))
    provenance.code_hash_of.cache_clear()
    provenance._file_hash.cache_clear()
    after = provenance.code_hash("train", SPEC), provenance.record("train", SPEC)["plugins"]
    assert after[0] != before[0]
    assert after[1].keys() == {str(path)}


def test_an_installed_package_brings_members_with_its_version(tmp_path: Path) -> None:
    plugged.package(tmp_path)
    code = f"""
import sys
from meta_rl import registry
from meta_rl.study import provenance
print(sorted(name for name in sys.modules if name.startswith("my_package")), "torch" in sys.modules)
print(registry.entry("method", "mine").package)
spec = {SPEC}
print(sorted(path.name for path in provenance.closure("train", spec) if "my_package" in str(path)))
import torch
print(provenance.record("train", spec)["plugins"])
print(registry.load("method", "mine").__name__)
"""
    assert run(code, tmp_path).splitlines() == [
        "['my_package', 'my_package.members'] False",
        "my_package 1.2",
        "['__init__.py', '__init__.py', 'helper.py', 'mine.py']",
        "{'my_package': '1.2'}",
        "my_package.inner.mine",
    ]


def test_a_broken_package_keeps_nothing_of_ours_from_working(tmp_path: Path) -> None:
    plugged.package(tmp_path)
    (tmp_path / "my_package/members.py").write_text("METHODS = {'mine': 3}\n")
    said = run("from meta_rl import registry; print(len(registry.METHODS))", tmp_path)
    assert said.startswith(f"{len(registry.METHODS)}\n")
    assert "members of my_package.members are left out" in said
