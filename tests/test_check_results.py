from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from meta_rl.errors import UserError
from meta_rl.steps import check_results
from meta_rl.steps.check_results import Run
from meta_rl.tables import evaluation, io

SPEC: dict[str, Any] = {
    "methods": ["none", "jrpl"],
    "seeds": [3, 2],
    "episodes": 2,
    "benchmarks": {"pole": {"agents": ["dqn"], "contexts": {"train": 2, "extrapolation": 1}}},
}


@pytest.fixture
def frame() -> pd.DataFrame:
    """A complete evaluation table."""
    rows = [
        ("pole", "dqn", method, seed, "cold", split, context, episode, 9.0, 9, 8.0, 7.0, "ok")
        for method, seed, episode in product(["none", "jrpl"], [3, 4], [0, 1])
        for split, context in (("train", 2 * seed), ("train", 2 * seed + 1), ("extrapolation", 0))
    ]
    return pd.DataFrame(rows, columns=[column.name for column in evaluation.TABLE.columns])


def check(frame: pd.DataFrame, folder: Path) -> str:
    io.write(frame, evaluation.TABLE, folder / "tables/evaluation.parquet", {})
    check_results.main(
        folder / "tables/evaluation.parquet",
        [folder / "figures/iqm.pdf"],
        folder / "report.html",
        SPEC,
        folder / "check.txt",
    )
    return (folder / "check.txt").read_text()


def test_a_whole_study_says_where_its_results_are(frame: pd.DataFrame, tmp_path: Path) -> None:
    assert check(frame, tmp_path).splitlines() == [
        "complete: 4 runs, 24 episodes",
        "diverged: none",
        f"tables:   {tmp_path}/tables",
        f"figures:  {tmp_path}/figures",
        f"report:   {tmp_path}/report.html",
    ]


def test_diverged_runs_are_named_once(frame: pd.DataFrame, tmp_path: Path) -> None:
    frame.loc[(frame["method"] == "jrpl") & (frame["seed"] == 4), "status"] = "diverged"
    assert "diverged: pole dqn jrpl seed 4\n" in check(frame, tmp_path)


def test_missing_episodes_are_an_error(frame: pd.DataFrame, tmp_path: Path) -> None:
    lacking = frame.drop(frame.index[(frame["seed"] == 3) & (frame["split"] == "extrapolation")])
    with pytest.raises(UserError) as caught:
        check(lacking, tmp_path)
    assert str(caught.value).splitlines()[1:] == [
        "  pole dqn none seed 3: 2 episodes missing",
        "  pole dqn jrpl seed 3: 2 episodes missing",
    ]
    assert not (tmp_path / "check.txt").exists()


def test_the_train_contexts_must_be_the_runs_own(frame: pd.DataFrame) -> None:
    frame.loc[frame["split"] == "train", "context_id"] -= 2
    runs = check_results.expected_runs(SPEC)
    assert check_results.missing(frame, runs, SPEC) == dict.fromkeys(runs, 4)
    assert runs[0] == Run("pole", "dqn", "none", 3)
