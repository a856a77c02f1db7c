"""The trials of one tuning, with a judge whose verdicts are known."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tuned_study import spec

from meta_rl.errors import UserError
from meta_rl.metrics import tuning
from meta_rl.study import provenance
from meta_rl.tables import io
from meta_rl.tables.trials import TABLE
from meta_rl.tuning.judge import Verdict
from meta_rl.tuning.trials import tune


class Killed(Exception):
    """What a kill is to the test."""


class Judge:
    """Likes a learning rate of 0.001; dies when it is asked for one verdict more than `lives`."""

    def __init__(self, lives: int = 1000) -> None:
        self.lives, self.asked = lives, list[tuple[str, int]]()

    def __call__(self, settings: dict[str, Any], env_steps: int) -> Verdict:
        if len(self.asked) == self.lives:
            raise Killed
        self.asked.append((json.dumps(settings), env_steps))
        value = -abs(np.log(settings["learning_rate"] / 1e-3)) + env_steps / 1000
        return Verdict(value + np.array([0.0, 0.1]), np.array([True, env_steps > 200]), env_steps, 1.0)


def go(journal: Path, judge: Judge, described: dict[str, Any]) -> pd.DataFrame:
    return tune(described, judge, journal, provenance.record("tune_settings", described))


LONG = {"env_steps": {"min": 60, "max": 600, "total": 12_000}}


@pytest.mark.parametrize("optimiser", ["dehb", "random"])
def test_a_tuning_that_is_killed_at_any_trial_ends_alike(tmp_path: Path, optimiser: str) -> None:
    described = spec(**LONG, optimiser=optimiser)
    once = Judge()
    whole = go(tmp_path / "whole.parquet", once, described)
    assert len(once.asked) == whole["trial"].nunique() >= 20
    journal = tmp_path / "killed.parquet"
    asked = []
    for lives in (1, 1, 8, 4):
        killed = Judge(lives)
        with pytest.raises(Killed):
            go(journal, killed, described)
        asked += killed.asked
    last = Judge()
    pd.testing.assert_frame_equal(go(journal, last, described), whole, check_exact=True)
    assert asked + last.asked == once.asked, "no candidate is trained twice"


def test_the_budget_is_spent_and_not_passed(tmp_path: Path) -> None:
    described = spec(**LONG)
    frame = go(tmp_path / "journal.parquet", Judge(), described)
    spent = frame[frame["seed"] == 1000]["env_steps"]
    assert LONG["env_steps"]["total"] - 600 < spent.sum() <= LONG["env_steps"]["total"]
    assert set(spent) == {600, 200, 67}


def test_the_first_trial_is_what_the_study_sets_and_nothing_worse_is_chosen(tmp_path: Path) -> None:
    described = spec(**LONG)
    frame = go(tmp_path / "journal.parquet", Judge(), described)
    first = frame[frame["trial"] == 0].iloc[0]
    assert (first["source"], first["rung"]) == ("default", 0)
    assert json.loads(first["settings"]) == {k: described["agent_settings"][k] for k in described["search"]}
    assert set(frame.loc[frame["trial"] > 0, "source"]) == {"dehb"}
    (best,) = tuning.chosen(tuning.scores(frame)).to_dict("records")
    assert best["score"] > best["default"]


def test_all_optimisers_start_with_the_same_default_and_seeds(tmp_path: Path) -> None:
    frames = [go(tmp_path / f"{one}.parquet", Judge(), spec(optimiser=one)) for one in ("dehb", "random")]
    first = [frame[frame["trial"] == 0].drop(columns="source").reset_index(drop=True) for frame in frames]
    pd.testing.assert_frame_equal(*first)


def test_trials_of_another_tuning_are_not_taken(tmp_path: Path) -> None:
    journal = tmp_path / "journal.parquet"
    with pytest.raises(Killed):
        go(journal, Judge(3), spec())
    again = Judge()
    go(journal, again, spec(env_steps={"min": 200, "max": 600, "total": 3000}))
    assert len(again.asked) == io.read(journal, TABLE)["trial"].nunique()


def test_trials_of_another_version_of_the_optimiser_are_refused(tmp_path: Path) -> None:
    journal, described = tmp_path / "journal.parquet", spec()
    with pytest.raises(Killed):
        go(journal, Judge(3), described)
    frame = io.read(journal, TABLE)
    frame.loc[frame["trial"] == 2, "settings"] = "{}"
    io.write(frame, TABLE, journal, io.record(journal))
    with pytest.raises(UserError, match="another version of the optimiser made it; delete it"):
        go(journal, Judge(), described)


def test_seeds_that_diverged_are_named(tmp_path: Path) -> None:
    frame = go(tmp_path / "journal.parquet", Judge(), spec())
    lost = frame[frame["status"] == "diverged"]
    assert set(lost["seed"]) == {1001}
    assert set(lost["env_steps"]) == {200}
