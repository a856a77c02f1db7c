"""The estimator that docs/uncertainty/README.md adds is one."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from meta_rl.conformance.planted import TASK, Planted
from meta_rl.registry import Entry
from meta_rl.streams import Streams

README = Path(__file__).parents[2] / "docs/uncertainty/README.md"


def test_it_finds_what_is_planted_for_it_and_nothing_else() -> None:
    file, line = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    module: dict[str, Any] = {"__name__": "newcomer"}
    exec(compile(file, "README.md", "exec", dont_inherit=True), module)
    (entry,) = eval(f"{{{line}}}", {"Entry": Entry}).values()
    member, keys = SimpleNamespace(**module), [f"run {run}" for run in range(5)]
    one = member.build(member.Config(), TASK, Streams(keys))
    found = []
    for kind in (one.reads, ""):
        toy = Planted(keys, kind)
        doubt = toy.doubt(one, entry, None).numpy()
        assert doubt.dtype == np.float64
        found.append(np.mean([roc_auc_score(*run) for run in zip(toy.failures(), doubt, strict=True)]))
    assert found[0] >= 0.9
    assert abs(found[1] - 0.5) <= 0.05
