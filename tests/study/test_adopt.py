"""Tuned settings land in the study's file, and nothing else in it changes."""

import json
from pathlib import Path
from typing import Any

import pytest
from raw_study import ROOT

from meta_rl.errors import UserError
from meta_rl.study import adopt, config
from meta_rl.study.loader import read

TEXT = (ROOT / "config/test.yaml").read_text()
FOUND = {"gamma": 0.97, "learning_rate": 1.5e-05, "hidden": [64, 64], "loss": "huber"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.yaml").write_text(TEXT)
    return tmp_path


def tuned(folder: Path, method: str = "none", **settings: Any) -> None:
    path = folder / f"results/test/tuned/small_gravity/dqn/{method}/settings.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    described = {"benchmark": "small_gravity", "agent": "dqn", "method": method, "trials_hash": "abc"}
    path.write_text(json.dumps(described | {"settings": settings}))


def block(path: Path) -> Any:
    return read(path.read_text(), "")["tuned"]


def test_the_settings_are_added_and_train_uses_them(folder: Path) -> None:
    tuned(folder, **FOUND)
    path = folder / "my.yaml"
    assert adopt.adopt(Path("my.yaml")) == "my.yaml: 1 tuned settings"
    assert path.read_text().startswith(TEXT)
    assert block(path) == {"small_gravity": {"none": {"dqn": FOUND}}}
    own = config.load(path)["benchmarks"]["small_gravity"]["settings"]
    assert own["tuned"]["none"]["dqn"] == FOUND
    assert own["agents"]["dqn"]["gamma"] == 0.99


def test_adopting_again_changes_what_was_found_since(folder: Path) -> None:
    path = folder / "my.yaml"
    tuned(folder, **FOUND)
    adopt.adopt(Path("my.yaml"))
    first = path.read_text()
    adopt.adopt(Path("my.yaml"))
    assert path.read_text() == first
    tuned(folder, "jrpl", gamma=0.95)
    tuned(folder, gamma=0.9)
    adopt.adopt(Path("my.yaml"))
    assert block(path)["small_gravity"] == {"none": {"dqn": {"gamma": 0.9}}, "jrpl": {"dqn": {"gamma": 0.95}}}
    assert path.read_text().startswith(TEXT)
    assert path.read_text().count("\ntuned:") == 1


@pytest.mark.parametrize(
    "given", ["tuned: {}\n", "tuned:\n  small_gravity:\n    jrpl: {dqn: {gamma: 0.9}}\n"]
)
def test_a_block_in_the_middle_leaves_all_around_it(folder: Path, given: str) -> None:
    path, head = folder / "my.yaml", "# yaml-language-server"
    path.write_text(TEXT.replace("\nmethods:", f"\n{given}\n# About methods.\nmethods:"))
    tuned(folder, gamma=0.9)
    adopt.adopt(Path("my.yaml"))
    text = path.read_text()
    assert text.startswith(head)
    assert "\n# About methods.\nmethods: [none, explicit, iida, epi, jrpl, shuffled]\n" in text
    assert text.count("tuned:") == 1
    assert block(path)["small_gravity"]["none"] == {"dqn": {"gamma": 0.9}}
    assert ("jrpl" in block(path)["small_gravity"]) == ("jrpl" in given), "what was not tuned again stays"


def test_names_that_yaml_takes_for_something_else_are_quoted(folder: Path) -> None:
    path = folder / "my.yaml"
    path.write_text(
        TEXT.replace("methods: [none, ", 'methods: [{"on": {method: jrpl}}, {"1e5": {method: none}}, none, ')
    )
    tuned(folder, "on", gamma=0.9)
    tuned(folder, "1e5", gamma=0.8)
    adopt.adopt(Path("my.yaml"))
    assert block(path)["small_gravity"] == {"1e5": {"dqn": {"gamma": 0.8}}, "on": {"dqn": {"gamma": 0.9}}}


def test_settings_that_others_share_change_for_nobody_else(folder: Path) -> None:
    path = folder / "my.yaml"
    path.write_text(
        f"{TEXT}\ntuned: {{small_gravity: {{none: &same {{dqn: {{gamma: 0.9}}}}, jrpl: *same}}}}\n"
    )
    tuned(folder, gamma=0.8)
    adopt.adopt(Path("my.yaml"))
    assert block(path)["small_gravity"] == {"none": {"dqn": {"gamma": 0.8}}, "jrpl": {"dqn": {"gamma": 0.9}}}


@pytest.mark.parametrize(
    "form",
    [
        json.dumps(read(TEXT, "")),
        "\n".join(f"  {line}" for line in TEXT.splitlines()),
        f"{TEXT}...\n",
        TEXT.replace("train: {env", "tuned: {small_gravity: &of {}}\ntrain: {env").replace(
            "method_settings:\n", "method_settings:\n  none: *of\n"
        ),
    ],
    ids=["in braces", "indented", "ended", "shared"],
)
def test_a_study_without_room_for_the_block_stays_as_it_is(folder: Path, form: str) -> None:
    path = folder / "my.yaml"
    path.write_text(form)
    config.load(path)
    tuned(folder, gamma=0.9)
    with pytest.raises(
        UserError, match=r"^my.yaml: has no room for the block 'tuned'; write the study's keys in lines"
    ):
        adopt.adopt(Path("my.yaml"))
    assert path.read_text() == form


def test_without_a_tuning_there_is_nothing_to_adopt(folder: Path) -> None:
    with pytest.raises(UserError, match=r"no tuned settings in results/test/tuned; tune it first"):
        adopt.adopt(Path("my.yaml"))


def test_what_would_not_be_valid_is_not_written(folder: Path) -> None:
    tuned(folder, replay=1001)
    with pytest.raises(UserError, match="does not hold whole steps"):
        adopt.adopt(Path("my.yaml"))
    assert (folder / "my.yaml").read_text() == TEXT


def test_a_variant_is_adopted_under_its_name(folder: Path) -> None:
    path = folder / "my.yaml"
    path.write_text(TEXT.replace("methods: [none, ", "methods: [{short: {method: jrpl, window: 2}}, none, "))
    tuned(folder, "short", gamma=0.9)
    adopt.adopt(Path("my.yaml"))
    assert block(path) == {"small_gravity": {"short": {"dqn": {"gamma": 0.9}}}}
    assert (
        config.load(path)["benchmarks"]["small_gravity"]["settings"]["tuned"] == block(path)["small_gravity"]
    )
