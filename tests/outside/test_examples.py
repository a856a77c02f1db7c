"""The examples run, at tiny size, and print what they say."""

import re
import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
REGIONS = ("train", "interpolation", "extrapolation")


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs an example as a script, in this process, as imports take longer than all the rest."""

    def run(example: str, *arguments: str | Path) -> str:
        path = str(ROOT / f"examples/{example}.py")
        monkeypatch.setattr(sys, "argv", [path, *map(str, arguments)])
        runpy.run_path(path, run_name="__main__")
        return capsys.readouterr().out

    return run


def regions(printed: str, agent: str) -> list[str]:
    """The splits of the printed table."""
    return re.findall(rf"cartpole_length +{agent} +policy +(\w+) +cold +\d+ +100 +[\d.]+", printed)


def test_a_run_of_ours_acts(made: Path, ran: Callable[..., str]) -> None:
    for method in ("explicit", "recurrent"):
        printed = ran("act", made / f"{method}.pt", "--run", "4", "--rows", "3").splitlines()
        assert printed[0] == f"<dqn with {method} on cartpole_gravity, seeds 3, 4>"
        assert [re.match(r"row (\d): returned [\d.]+; it had expected -?[\d.]+", line)[1] for line in printed[1:]] == [
            "0", "1", "2",
        ]  # type: ignore[index] # fmt: skip


def test_plain_pytorch_trains_on_an_id(ran: Callable[..., str]) -> None:
    printed = ran("single_file_ppo", "--steps", "1024", "--episodes", "1")
    assert sorted(regions(printed, "single_file")) == sorted(REGIONS)


def test_stable_baselines3_trains_on_an_id_and_its_model_is_scored(
    tmp_path: Path, ran: Callable[..., str]
) -> None:
    pytest.importorskip("stable_baselines3")
    model = tmp_path / "model.zip"
    small = ["--observe", "flat", "--episodes", "1"]
    trained = ran("sb3_cartpole", "--steps", "256", "--save", model, *small)
    assert sorted(regions(trained, "ppo")) == sorted(REGIONS)
    scored = ran("evaluate_sb3", "cartpole_length", model, "--tables", tmp_path, *small)
    assert sorted(regions(scored, "outside")) == sorted(REGIONS)
    numbers = [re.findall(r"100 +(.*)", line) for line in (trained, scored)]
    assert numbers[0] == numbers[1]
    assert len(pd.read_csv(tmp_path / "scores.csv")) == 600
