"""Files that are no study or cannot be read are refused, and numbers in them may be scientific."""

from collections.abc import Callable
from pathlib import Path

import pytest
from raw_study import ROOT

from meta_rl.errors import UserError
from meta_rl.study import config


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty; start from a copy of config/quick.yaml"),
        ("# nothing\n", "is empty"),
        ("- a\n- b\n", "is no mapping of keys to values"),
        ("a: 1\nb: [\n", "correct the YAML there"),
        ("study: a\nstudy: b\n", "the key 'study' is given twice"),
        ("seeds:\n  test: {first: 0, first: 1}\n", "the key 'first' is given twice"),
    ],
)
def test_files_that_are_no_study(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "my.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        config.load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert says in str(caught.value)


@pytest.mark.parametrize("write", [lambda path: None, lambda path: path.write_bytes(b"\xff")])
def test_files_that_cannot_be_read(tmp_path: Path, write: Callable[[Path], object]) -> None:
    write(tmp_path / "my.yaml")
    with pytest.raises(UserError, match="cannot be read"):
        config.load(tmp_path / "my.yaml")


def test_numbers_in_scientific_notation_are_numbers(tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_text((ROOT / "config/test.yaml").read_text().replace("batch: 16", "learning_rate: 1e-3", 1))
    assert config.load(path)["agents"]["dqn"]["learning_rate"] == 0.001
