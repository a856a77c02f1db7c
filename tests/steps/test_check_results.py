from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from meta_rl.errors import UserError
from meta_rl.steps import check_results
from meta_rl.steps.check_results import Run
from meta_rl.tables import evaluation, io, runs
from meta_rl.tables.schema import Table

SPEC: dict[str, Any] = {
    "methods": ["none", "jrpl"],
    "seeds": [3, 2],
    "external": [],
    "benchmarks": {
        "pole": {"agents": ["dqn"], "contexts": {"train": 2, "extrapolation": 1}, "episodes": 2},
        "cart": {"agents": ["dqn"], "contexts": {"train": 1}, "episodes": 1},
    },
}


def names(table: Table) -> list[str]:
    return [column.name for column in table.columns]


@pytest.fixture
def frame() -> pd.DataFrame:
    """A complete evaluation table."""
    places = [
        ("pole", method, seed, split, context, episode)
        for method, seed, episode in product(["none", "jrpl"], [3, 4], [0, 1])
        for split, context in (("train", 2 * seed), ("train", 2 * seed + 1), ("extrapolation", 0))
    ]
    places += [("cart", method, seed, "train", seed, 0) for method, seed in product(["none", "jrpl"], [3, 4])]
    rows = [
        (benchmark, "dqn", method, seed, "cold", *place, 100, 9.0, 9, 8.0, 7.0, "ok")
        for benchmark, method, seed, *place in places
    ]
    return pd.DataFrame(rows, columns=names(evaluation.TABLE))


def check(frame: pd.DataFrame, folder: Path, lost: dict[tuple[str, str], str] | None = None) -> str:
    """`lost`: what became of run 3 of a benchmark and method, {(benchmark, method): status}."""
    io.write(frame, evaluation.TABLE, folder / "tables/evaluation.parquet", {})
    rows = [
        (benchmark, "dqn", method, seed, 600, status, None if status == "ok" else "it was hot")
        for benchmark, method, seed in product(SPEC["benchmarks"], SPEC["methods"], [3, 4])
        for status in [(lost or {}).get((benchmark, method), "ok") if seed == 3 else "ok"]
    ]
    io.write(pd.DataFrame(rows, columns=names(runs.TABLE)), runs.TABLE, folder / "tables/runs.parquet", {})
    check_results.main(
        folder / "tables/evaluation.parquet",
        folder / "tables/runs.parquet",
        [folder / "figures/iqm.pdf"],
        folder / "report.html",
        SPEC,
        folder / "check.txt",
    )
    return (folder / "check.txt").read_text()


def test_a_whole_study_says_where_its_results_are(frame: pd.DataFrame, tmp_path: Path) -> None:
    assert check(frame, tmp_path).splitlines() == [
        "complete: 8 of 8 runs, 28 episodes",
        f"tables:   {tmp_path}/tables",
        f"figures:  {tmp_path}/figures",
        f"report:   {tmp_path}/report.html",
    ]


def test_lost_runs_are_an_error_that_names_them(
    frame: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    played = frame.drop(
        frame.index[(frame["seed"] == 3) & frame["benchmark"].eq("pole") & frame["method"].eq("none")]
    )
    with pytest.raises(UserError) as caught:
        check(played, tmp_path, {("pole", "none"): "failed", ("cart", "jrpl"): "diverged"})
    assert str(caught.value).splitlines()[1:] == [
        "  pole dqn none seed 3: failed: it was hot",
        "  cart dqn jrpl seed 3: diverged: it was hot",
    ]
    assert "2 of 8 runs" in str(caught.value)
    assert "complete: 7 of 8 runs, 22 episodes" in capsys.readouterr().out
    assert not (tmp_path / "check.txt").exists()


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
    assert check_results.missing(frame, runs, SPEC) == {
        run: {"pole": 4, "cart": 1}[run.benchmark] for run in runs
    }
    assert runs[0] == Run("pole", "dqn", "none", 3)


def test_runs_from_outside_must_be_there_too(frame: pd.DataFrame) -> None:
    foreign = SPEC | {"external": [["pole", "dqn", "my_ppo"]]}
    runs = check_results.expected_runs(foreign)
    assert runs[-2:] == [Run("pole", "dqn", "my_ppo", 3), Run("pole", "dqn", "my_ppo", 4)]
    assert check_results.missing(frame, runs, foreign) == dict.fromkeys(runs[-2:], 6)
