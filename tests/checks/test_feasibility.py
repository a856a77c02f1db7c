"""The feasibility table: whom it asks, what it makes of the answers, and which rows it keeps."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from context_spaces import published

from meta_rl import registry
from meta_rl.benchmarks.base import Benchmark, Varied
from meta_rl.benchmarks.published import BENCHMARKS
from meta_rl.checks import feasibility
from meta_rl.controllers import value_iteration
from meta_rl.envs import lunarlander, mountaincar
from meta_rl.errors import UserError
from meta_rl.training import portfolio
from meta_rl.training.episodes import Cases

COLUMNS = [
    "benchmark", "region", "contexts", "episodes", "solvable_true", "solvable_false", "solvable_unknown",
    "informative", "random", "reference", "context_value",
]  # fmt: skip
Call = tuple[str, Cases, dict[str, float] | None]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four contexts a region, one episode to choose and one to report, three points to believe in."""
    monkeypatch.setattr(feasibility, "SIZE", (4, 1))
    monkeypatch.setattr(feasibility, "SLOW", (4, 1))
    monkeypatch.setattr(feasibility, "GRID", {1: 3, 2: 2, 3: 1})


@pytest.fixture
def played(small: None, monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """Nothing is played: who is told a context loses what it is off by, in doublings; chance loses 100."""
    calls: list[Call] = []

    def play(name: str, benchmark: str, build: Any, chunk: Cases, believed: dict[str, float] | None) -> Any:
        calls.append((name, chunk, believed))
        if name == "random":
            returns = np.full(chunk.episode.shape, -100.0)
        elif believed is None:
            returns = np.zeros(chunk.episode.shape)
        else:
            returns = -np.abs(np.log2(chunk.contexts / list(believed.values()))).sum(axis=-1)
        return SimpleNamespace(episode_return=returns)

    monkeypatch.setattr(portfolio, "play_controller", play)
    monkeypatch.setattr(
        mountaincar, "success", 1.0
    )  # above all returns, as some contexts are beyond its limit
    return calls


def measured(name: str) -> pd.DataFrame:
    """By region."""
    frame = feasibility.measure(name, BENCHMARKS[name])
    assert list(frame.columns) == COLUMNS
    assert (frame["benchmark"] == name).all()
    counts = frame[["solvable_true", "solvable_false", "solvable_unknown"]].sum(axis=1)
    assert (counts == frame["contexts"]).all()
    assert set(frame["region"]) == published(name).regions.keys()
    return frame.set_index("region")


# whom it asks


def test_each_controller_is_asked_when_told_and_when_it_believes_in_each_point(played: list[Call]) -> None:
    measured("mountaincar_gravity")
    points = [{"gravity": value} for value in published("mountaincar_gravity").grid(3)[:, 0].tolist()]
    expected = [("random", None)]
    for controller in ("bang_bang", "time_optimal"):
        expected += [(controller, None), *((controller, point) for point in points)]
    for split in ("interpolation", "extrapolation"):
        assert [(name, told) for name, chunk, told in played if chunk.split == split] == expected
    low, middle, high = (point["gravity"] / 0.0025 for point in points)
    assert (low, high) == pytest.approx((0.05, 4.4))
    assert middle == pytest.approx(np.sqrt(0.05 * 4.4))


def test_all_are_asked_of_the_same_episodes_chunk_by_chunk(
    played: list[Call], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mountaincar, "chunk", 3)
    measured("mountaincar_gravity")
    asked: dict[Any, list[Cases]] = {}
    for name, chunk, told in played:
        asked.setdefault((name, str(told)), []).append(chunk)
    for chunks in asked.values():
        assert max(chunk.episode.size for chunk in chunks) == 3
        cases = [
            (chunk.split, context, episode, value, noise)
            for chunk in chunks
            for context, episode, value, noise in zip(
                chunk.context_id[0],
                chunk.episode[0],
                chunk.contexts[0, :, 0],
                chunk.noise[0, :, 0],
                strict=True,
            )
        ]
        if chunks is asked["random", "None"]:
            first = cases
        assert cases == first
    space = published("mountaincar_gravity")
    expected = {
        (split, context, episode, value)
        for split in space.regions
        for context, value in enumerate(space.draw_held_out(split, 4)[:, 0].tolist())
        for episode in (0, 1)
    }
    assert len(first) == len(expected) == 16
    assert {case[:4] for case in first} == expected
    assert len({case[4] for case in first}) == 16  # each starts in a place of its own


def test_a_region_of_several_parts_has_as_many_contexts_of_each(played: list[Call]) -> None:
    frame = measured("metaworld_reach_goal")
    assert frame["contexts"].to_dict() == {
        "interpolation": 4,
        "single_extrapolation": 6,
        "all_extrapolation": 8,
    }


# what it makes of the answers


def test_the_context_is_worth_what_the_best_belief_loses(played: list[Call]) -> None:
    frame, space = measured("pendulum_length"), published("pendulum_length")
    for split, row in frame.iterrows():
        apart = np.abs(np.log2(space.draw_held_out(str(split), 4) / space.grid(3).T))
        assert row["context_value"] == pytest.approx(apart.mean(axis=0).min())
        assert (row["random"], row["reference"], row["episodes"]) == (-100.0, 0.0, 1)
        assert (row["solvable_true"], row["informative"]) == (4, 4)


def test_contexts_beyond_a_limit_are_impossible_unless_solved(
    played: list[Call], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here nothing is solved."""
    monkeypatch.setattr(lunarlander, "success", 1.0)
    for name, limit in (("mountaincar_gravity", 2.08), ("lunarlander_gravity", 1.75)):
        frame, space = measured(name), published(name)
        for split in space.regions:
            beyond = (np.abs(space.draw_held_out(split, 4)) > limit * np.abs(space.defaults)).sum()
            assert frame.loc[split, ["solvable_true", "solvable_false"]].tolist() == [0, beyond]
        assert frame.loc["extrapolation", "solvable_false"] == 2  # the far side


def test_a_limit_that_a_controller_breaks_is_an_error(
    played: list[Call], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mountaincar, "success", -1.0)
    with pytest.raises(UserError, match=r"nothing succeeds beyond 2\.08 times the default gravity"):
        measured("mountaincar_gravity")


# what is really played


def test_mountaincar_is_solved_up_to_its_limit_and_faster_by_who_knows_gravity(
    small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Value iteration solves each context once, in however many chunks it is met or believed in."""
    monkeypatch.setattr(mountaincar, "chunk", 5)
    value_iteration._values.cache_clear()
    frame, space = measured("mountaincar_gravity"), published("mountaincar_gravity")
    gravity = space.draw_held_out("extrapolation", 4)[:, 0] / space.defaults[0]
    assert sorted(gravity > 2.08) == [False, False, True, True]
    assert frame.loc["extrapolation", ["solvable_true", "solvable_false"]].tolist() == [2, 2]
    assert frame.loc["interpolation", "solvable_true"] == 4
    assert (frame["random"] < -190).all()
    assert -130 < frame.loc["interpolation", "reference"] < -80
    assert frame.loc["interpolation", "context_value"] > 5
    assert value_iteration._values.cache_info().misses == 2 * 4 + 3


def test_cartpole_is_solved_everywhere_and_has_no_limit(small: None) -> None:
    frame = measured("cartpole_tau")
    assert (frame["solvable_true"] == 4).all()
    assert (frame["reference"] == 500).all()
    assert (frame["random"] < 400).all()


# There is no controller for MuJoCo's bodies.
MEASURED = [
    name for name, one in BENCHMARKS.items() if registry.load("environment", one.environment).controllers
]


@pytest.mark.parametrize("name", MEASURED)
def test_every_published_benchmark_with_a_controller_can_be_measured(name: str) -> None:
    space = published(name)
    assert not space.gridded or len(space.factors) in feasibility.GRID


# the file


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Measurements that are a row with one figure."""

    def say(value: float) -> None:
        def measure(name: str, benchmark: Benchmark) -> pd.DataFrame:
            return pd.DataFrame(
                {"benchmark": [name] * 2, "region": ["a", "b"], "contexts": 7, "random": value}
            )

        monkeypatch.setattr(feasibility, "measure", measure)

    return say


def test_the_file_keeps_the_rows_of_benchmarks_that_are_not_named(
    quick: Callable[[float], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the order in which benchmarks are published, whenever they were measured."""
    path = tmp_path / "folder.csv"
    for value, names in (
        (1.0, ["pendulum_length", "cartpole_tau"]),
        (1 / 3, ["mountaincar_gravity"]),
        (2.0, ["cartpole_tau"]),
    ):
        quick(value)
        feasibility.main(path, names)
    assert path.read_text().splitlines() == [
        "benchmark,region,contexts,random",
        "cartpole_tau,a,7,2",
        "cartpole_tau,b,7,2",
        "mountaincar_gravity,a,7,0.3333",
        "mountaincar_gravity,b,7,0.3333",
        "pendulum_length,a,7,1",
        "pendulum_length,b,7,1",
    ]
    assert capsys.readouterr().out.count("cartpole_tau") == 4


def test_all_are_measured_unless_some_are_named_but_those_without_a_controller(
    quick: Callable[[float], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what is no longer published leaves the file."""
    path = tmp_path / "table.csv"
    path.write_text("benchmark,region,contexts,random\nretired,a,7,1\n")
    without = Benchmark("bipedalwalker", {"LEG_W": Varied((0.5, 2.0))}, ("ppo",))
    monkeypatch.setattr(feasibility, "BENCHMARKS", {"walker_legs": without, **BENCHMARKS})
    quick(1.0)
    feasibility.main(path, [])
    assert pd.read_csv(path)["benchmark"].unique().tolist() == MEASURED
    feasibility.main(tmp_path / "new.csv", ["walker_legs"])
    assert not (tmp_path / "new.csv").exists()


def test_an_unknown_benchmark_is_an_error_before_anything_is_played(
    played: list[Call], tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="unknown benchmark 'cartpole_tao'; did you mean 'cartpole_tau'"):
        feasibility.main(tmp_path / "table.csv", ["mountaincar_gravity", "cartpole_tao"])
    assert not played
    assert not list(tmp_path.iterdir())
