"""What may be said of a paper's claim, from numbers with known answers; and that its studies are there."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.reproduction import claims
from benchmarks.reproduction.claims import CLAIMS, Claim, outcome
from meta_rl.tables import io, predictions

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("runs", "bounds", "verdict"),
    [
        ([9, 10, 11, 10, 10], (0, math.inf), "reproduced"),
        ([9, 10, 11, 10, 10], (-math.inf, 0), "not reproduced"),
        ([9, 10, 11, 10, 10], (10, 20), "not shown"),
        ([-40, 60, 0, 30, -20], (-40, 40), "not shown"),
        ([-1, 1, 0, 1, -1], (-40, 40), "reproduced"),
        ([150, 151, 149, 150, 150], (-40, 40), "not reproduced"),
        ([5], (0, math.inf), "not shown"),  # one run has no interval
    ],
)
def test_the_whole_interval_decides(runs: list[float], bounds: tuple[float, float], verdict: str) -> None:
    claim = Claim("any", "", "", *bounds, lambda _: np.array(runs, dtype=float))
    found = outcome(claim, Path("nowhere"))
    assert found.verdict == verdict
    assert found.estimate == pytest.approx(np.mean(runs))
    assert found.runs == len(runs)


def test_errors_are_ratios_of_the_longest_window_by_run(tmp_path: Path) -> None:
    rows = [
        {
            "benchmark": "hopper_epi", "agent": "ppo", "method": "iida", "seed": seed, "split": split,
            "predictor": predictor, "window": window,
            "error": error * 10**seed * (1 if split == "interpolation" else 77),
        }
        for seed in (0, 1)
        for split in ("interpolation", "all_extrapolation")
        for predictor, window, error in (
            ("none", 0, 3.0), ("true_context", 0, 0.1), ("encoder", 20, 2.0), ("encoder", 128, 0.3),
        )
    ]  # fmt: skip
    table = predictions.TABLE
    frame = pd.DataFrame(rows)[[column.name for column in table.columns]].sort_values(list(table.key))
    io.write(frame, table, tmp_path / "tables/predictions.parquet", {})
    ratios = claims._error_ratios("hopper_epi", "none", "encoder", tmp_path)
    assert ratios == pytest.approx([1, 1])
    ratios = claims._error_ratios("hopper_epi", "encoder", "true_context", tmp_path)
    assert ratios == pytest.approx([np.log10(3)] * 2)


@pytest.mark.parametrize("study", sorted({claim.study for claim in CLAIMS}))
def test_every_study_of_a_claim_is_run_by_the_command(study: str) -> None:
    assert (ROOT / f"config/{study}.yaml").is_file()
    rule = (ROOT / "Makefile").read_text().partition("\nreproduce:")[2]
    assert f" {study.removeprefix('reproduce_')} " in rule.replace(";", " ")
