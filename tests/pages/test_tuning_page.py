"""The page about a tuning says what was searched, found and spent."""

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tuned_study import BENCHMARK, study

from meta_rl.pages import tuning
from meta_rl.steps import choose_settings, summarise_tuning
from meta_rl.tables import io
from meta_rl.tables.trials import TABLE

STUDY = study(repetitions=3)
METHODS = list(STUDY.methods)
RECORD = {"code": "c0de", "cpu": "a CPU", "platform": "a system", "spec": {}, "step": "tune_settings"}


def trials(method: str, first: int) -> pd.DataFrame:
    """Five candidates, each better than the one before; the second run of the fourth diverged."""
    rows = []
    for number in range(5):
        for seed in (first, first + 1):
            lost = (number, seed) == (3, first + 1)
            rows.append(
                {
                    "benchmark": BENCHMARK, "agent": "dqn", "method": method, "repetition": first, "trial": number,
                    "seed": seed, "source": "dehb" if number else "default",
                    "settings": json.dumps({"gamma": 0.9 + number / 100, "loss": "huber", "batch": 32}),
                    "rung": int(number == 2), "env_steps": 200 if number == 2 else 600,
                    "validation_return": 10.0 * number + first / 1000, "seconds": 1.8,
                    "status": "diverged" if lost else "ok",
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture
def page(tmp_path: Path) -> str:
    """The page of three repetitions of each method's tuning, by the steps of the workflow."""
    spec = STUDY.spec("summarise_tuning")
    for one in spec["tune"]["benchmarks"].values():
        one["search"]["dqn"] = {
            k: v for k, v in one["search"]["dqn"].items() if k in ("gamma", "loss", "batch")
        }
    made: list[Path] = []
    chosen: list[Path] = []
    for method in METHODS:
        own = []
        for block, (first, _) in STUDY.tuning_blocks.items():
            own.append(tmp_path / method / block / "trials.parquet")
            io.write(trials(method, first), TABLE, own[-1], RECORD)
        chosen.append(tmp_path / method / "settings.json")
        choose_settings.main(own, choosing(method), chosen[-1])
        made += own
    summarise_tuning.main(made, chosen, spec, tmp_path / "tuning.html")
    return (tmp_path / "tuning.html").read_text()


def choosing(method: str, **changed: Any) -> dict[str, Any]:
    return STUDY.spec("choose_settings", benchmark=BENCHMARK, agent="dqn", method=method) | changed


def words(html: str) -> str:
    body = re.sub(r"base64,[^\"]+", "", html[html.index("<body>") :])
    return unescape(re.sub(r"<[^>]+>", "", re.sub(r"</t[dh]>", " | ", body)))


def test_the_page_tells_what_was_found_and_spent(page: str) -> None:
    said = words(page)
    assert "12 tunings, 60 candidates, 62,400 env_steps, 0.06 core hours" in said
    line = "jrpl | 1.0 | 41.0 | 40.0 | 3 | 15 | 3 | 15,600 | 0.02 |"
    assert line in said
    assert "trial 4 of repetition 1000 (dehb)" in said
    assert re.search(r"gamma \| 0.94 \| 0.94 \| 0.94 \| 0.94", said)
    assert "batch | logarithmic | 32 to 64 | 128 | transitions per update: noise of a gradient" in said


def test_the_checklist_is_filled_in(page: str) -> None:
    said = words(page)
    assert "Tuned with | DEHB 0.1.2 (differential evolution and Hyperband)" in said
    assert "Tuning seeds | 6: 1000 to 1005; each repetition has its own" in said
    assert "Test seeds | 4: 0 to 3" in said
    assert "The same budget for all methods | yes; what they spent differs by at most 0.0%" in said
    assert "All reported methods were tuned so | yes" in said
    assert "Hardware | a CPU, a system; no GPU" in said
    assert f"the study trains with others for {BENCHMARK} dqn none, {BENCHMARK} dqn explicit" in said


def test_the_page_opens_offline(page: str) -> None:
    assert "<title>test: tuning</title>" in page
    assert page.count("data:image/png;base64,") == 1
    assert not re.search(r"https?:|href=|url\(|@import", page)


def test_a_tuning_on_test_seeds_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "none/seeds_1000-1001/trials.parquet"
    io.write(trials("none", 1000), TABLE, path, RECORD)
    with pytest.raises(Exception, match=r"tuned on test seeds \[1001\]; delete it and tune again"):
        choose_settings.main([path], choosing("none", test_seeds=[1001, 4]), tmp_path / "settings.json")


def test_repetitions_by_different_code_are_refused(tmp_path: Path) -> None:
    paths = [tmp_path / f"none/{first}/trials.parquet" for first in (1000, 1002)]
    for path, code in zip(paths, ("old", "new"), strict=True):
        io.write(trials("none", int(path.parent.name)), TABLE, path, RECORD | {"code": code})
    with pytest.raises(Exception, match="repetitions were made by different code"):
        choose_settings.main(paths, choosing("none"), tmp_path / "settings.json")


def test_with_few_repetitions_there_is_no_interval() -> None:
    anything = (-np.inf, np.inf)
    assert tuning._interval(np.array([1.0, 2.0, 3.0, 3.0]), anything) == "2.2"
    five = np.array([1.0, 2.0, 3.0, 3.0, 3.0])
    assert tuning._interval(five, anything) == "2.4 [1.3, 3.5]"
    assert tuning._interval(five, (-np.inf, 3.0)) == "2.4 [1.3, 3.0]"
