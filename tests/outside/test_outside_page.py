"""What docs/outside.md shows runs."""

import re
from pathlib import Path

import pytest

TEXT = (Path(__file__).parents[2] / "docs/outside.md").read_text("utf-8")


def test_the_snippets_of_the_page_run(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert len(blocks) == 2
    names: dict[str, object] = {}
    exec(compile("\n".join(blocks), "docs/outside.md", "exec"), names)
    assert "cartpole_length outside policy extrapolation" in capsys.readouterr().out
    assert names["play"](made / "none.pt") >= 1  # type: ignore[operator]
