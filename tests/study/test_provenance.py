import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from meta_rl import registry
from meta_rl.registry import Entry
from meta_rl.study import provenance

Edit = Callable[[str, str], None]
CACHED = (
    provenance._closure,
    provenance.code_hash_of,
    provenance._imports,
    provenance._source,
    provenance._file_hash,
)
SPEC = {"environment": "pole", "method": "plain"}
FILES = {
    "steps/train.py": "from meta_rl import job, registry\nimport numpy\n",
    "steps/score.py": "import meta_rl.job\n",
    "job.py": '"""A job."""\nX = 1\n',
    "envs/pole.py": "from meta_rl.envs.base import Row\n",
    "envs/base.py": "class Row:\n    '''A row.'''\n",
    "methods/plain.py": "def build():\n    from meta_rl import nets\n    return nets\n",
    "methods/other.py": "",
    "nets.py": "from meta_rl.methods.plain import build  # a cycle\n",
    "registry.py": "",
}


@pytest.fixture
def edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Edit]:
    """A small package in place of meta_rl; a function that writes one of its files."""
    root = tmp_path / "meta_rl"

    def write(name: str, text: str) -> None:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
        forget()

    for name, text in FILES.items():
        write(name, text)
    monkeypatch.setattr(provenance, "_PACKAGE", root)
    monkeypatch.setattr(registry, "__file__", str(root / "registry.py"))
    kinds = {kind: dict[str, Entry]() for kind in registry.KINDS}
    kinds["environment"]["pole"] = Entry("meta_rl.envs.pole")
    kinds["method"] |= {name: Entry(f"meta_rl.methods.{name}") for name in ("plain", "other")}
    monkeypatch.setattr(registry, "KINDS", kinds)
    yield write
    forget()  # or the tests after this one in the same process would hash the small package


def forget() -> None:
    for cached in CACHED:
        cached.cache_clear()


def names(step: str, spec: dict[str, Any]) -> set[str]:
    return {str(path.relative_to(provenance._PACKAGE)) for path in provenance.closure(step, spec)}


@pytest.mark.usefixtures("edit")
def test_a_member_inside_a_module_brings_the_module() -> None:
    environments: Any = registry.KINDS["environment"]
    environments["tall pole"] = Entry("meta_rl.envs.pole:TALL")
    assert names("train", SPEC | {"environment": "tall pole"}) == names("train", SPEC)
    assert provenance.code_hash("train", SPEC | {"environment": "tall pole"}) != provenance.code_hash(
        "train", SPEC
    )


@pytest.mark.usefixtures("edit")
def test_the_closure_holds_the_step_the_members_and_what_they_import() -> None:
    assert names("train", SPEC) == set(FILES) - {"steps/score.py", "methods/other.py", "registry.py"}
    assert names("score", {}) == {"steps/score.py", "job.py"}


def test_an_edit_changes_the_hash_of_those_who_run_it(edit: Edit) -> None:
    train, score = provenance.code_hash("train", SPEC), provenance.code_hash("score", {})
    edit("nets.py", FILES["nets.py"] + "Y = 2\n")
    assert provenance.code_hash("train", SPEC) != train
    assert provenance.code_hash("score", {}) == score


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("job.py", "# Why.\nX = (\n    1\n)\n"),
        ("envs/base.py", "class Row:\n    '''One row of many.'''\n"),
        ("methods/other.py", "Z = 3\n"),
        ("registry.py", "new = 'line'\n"),
    ],
)
def test_comments_docstrings_formatting_and_other_members_do_not_count(
    edit: Edit, name: str, text: str
) -> None:
    before = provenance.code_hash("train", SPEC)
    edit(name, text)
    assert provenance.code_hash("train", SPEC) == before


@pytest.mark.parametrize(("name", "counts"), [("plain", True), ("new", False)])
def test_only_the_entries_used_count(edit: Edit, name: str, counts: bool) -> None:
    before = provenance.code_hash("train", SPEC)
    methods: Any = registry.KINDS["method"]
    methods[name] = Entry("meta_rl.methods.plain", joint=True)
    edit("registry.py", "new = 'line'\n")
    assert (provenance.code_hash("train", SPEC) != before) == counts


def test_members_come_from_names_and_lists_of_names() -> None:
    spec = {
        "environment": "cartpole",
        "controllers": ["random", "lqr_lookahead"],
        "agents": ["dqn"],
        "method": "none",
    }
    assert provenance.members(spec) == (
        ("environment", "cartpole"),
        ("method", "none"),
        ("agent", "dqn"),
        ("controller", "random"),
        ("controller", "lqr_lookahead"),
    )


def test_the_record_is_the_same_in_every_process() -> None:
    spec = {"agent": "dqn", "method": "jrpl", "seeds": [0, 2]}
    code = f"import json; from meta_rl.study import provenance; print(json.dumps(provenance.record('train', {spec})))"
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1
    record = json.loads(texts.pop())
    assert record["step"] == "train"
    assert record["members"] == [["agent", "dqn"], ["method", "jrpl"]]
    assert record["spec"] == spec
    libraries = {"numpy", "torch", "numba", "llvmlite", "gymnasium", "Box2D"}
    libraries |= {"mujoco", "metaworld", "pandas", "pyarrow"}
    assert set(record["versions"]) == {"python", *libraries}
    assert record["threads"] == 1


def test_a_digest_knows_values_not_the_order_of_keys() -> None:
    assert provenance.digest({"a": 1, "b": 2}) == provenance.digest({"b": 2, "a": 1})
    assert provenance.digest({"a": 1}) != provenance.digest({"a": 2})


def test_a_scene_beside_a_module_counts(edit: Edit) -> None:
    before = provenance.code_hash("train", SPEC)
    edit("envs/pole.xml", "<mujoco/>")
    changed = provenance.code_hash("train", SPEC)
    assert changed != before
    edit("envs/pole.xml", "<mujoco> </mujoco>")
    assert provenance.code_hash("train", SPEC) not in (before, changed)
