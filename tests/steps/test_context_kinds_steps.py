"""A study of a sign, a tied list and boxes, from its YAML to specialists and what they return."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from raw_study import RAW

from meta_rl.steps import evaluate as evaluate_step
from meta_rl.steps import evaluate_references, sample_contexts, score, solve_references, train
from meta_rl.study import config, demand
from meta_rl.study.study import Study
from meta_rl.tables import context_frames, io
from meta_rl.tables import contexts as contexts_table
from meta_rl.tables import references as references_table
from meta_rl.tables import scores as scores_table
from meta_rl.training import policy

BENCHMARKS = yaml.safe_load("""
signed:
  environment: cartpole
  features: {force_mag: {values: [-1, 1]}, length: {train: [0.5, 2]}}
  contexts: {train: 4, validation: 3, interpolation: 2, extrapolation: 4}
  agents: [dqn]
listed:
  environment: cartpole
  features:
    masses: {features: [masscart, masspole], values: [0.5, 1, 2], interpolation: [0.75], extrapolation: [3]}
  contexts: {train: 3, calibration: 3, interpolation: 1, extrapolation: 1}
  agents: [dqn]
boxed:
  environment: cartpole
  features: {masspole: {train: [0.5, 2]}, length: {train: [0.5, 2]}}
  boxes: {extrapolation: [{masspole: [0.2, 0.3], length: [0.2, 0.3]}, {masspole: [3, 4], length: [3, 4]}]}
  contexts: {train: 3, interpolation: 1, extrapolation: 2}
  agents: [dqn]
""")
BLOCK = "seeds_0-1"


@pytest.fixture
def study() -> Study:
    raw = RAW | {
        "benchmarks": BENCHMARKS,
        "methods": ["none", "explicit"],
        "references": {"points": 3, "seeds": 1, "env_steps": 200},
    }
    return Study(config.check(raw, "my.yaml"))


def contexts_of(frame: Any, names: tuple[str, ...], split: str) -> np.ndarray:
    return context_frames.values(frame[frame["split"] == split], names)[1]


@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_a_study_of_each_kind_runs_from_contexts_to_scores(
    study: Study, benchmark: str, tmp_path: Path
) -> None:
    job = {"benchmark": benchmark, "agent": "dqn", "method": "explicit", "block": BLOCK}
    held_out, own, specialists = (tmp_path / name for name in ("held.parquet", "own.parquet", "experts.pt"))
    sample_contexts.main(study.spec("sample_contexts", part="held_out", **job), held_out)
    sample_contexts.main(study.spec("sample_contexts", part=BLOCK, **job), own)
    spec = study.spec("solve_references", **job)
    solve_references.main(spec, tmp_path / "checkpoint.pt", specialists)
    assert len(policy.load(specialists).keys) == spec["points"] == demand._members(spec)
    references = []
    for part in (held_out, own):
        references.append(tmp_path / f"references_{part.name}")
        evaluate_references.main(
            [specialists], part, study.spec("evaluate_references", **job), references[-1]
        )
    members = io.read(references[0], references_table.TABLE)["member"].unique()
    assert {f"specialist_dqn_{point}" for point in range(3)} < set(members)
    trained, tables = tmp_path / "policy.pt", [tmp_path / f"{name}.parquet" for name in "lexs"]
    train.main(own, None, study.spec("train", **job), tmp_path / "checkpoint.pt", trained, tables[0])
    evaluate_step.main(trained, held_out, own, study.spec("evaluate", **job), tables[1], tables[2])
    score.main([tables[1]], references, [held_out, own], study.spec("score", **job), tables[3])
    counts = study.benchmarks[benchmark]["contexts"]
    results = {split for split in counts if split not in ("validation", "calibration")}
    assert set(io.read(tables[3], scores_table.TABLE)["split"]) == results


def test_contexts_in_the_tables_are_those_of_each_kind(study: Study, tmp_path: Path) -> None:
    frames = {}
    for benchmark in BENCHMARKS:
        for part in ("held_out", BLOCK):
            path = tmp_path / f"{benchmark}_{part}.parquet"
            spec = study.spec("sample_contexts", benchmark=benchmark, part=part)
            sample_contexts.main(spec, path)
            frames[benchmark, part] = io.read(path, contexts_table.TABLE)
    signed = frames["signed", "held_out"]
    for split, count in (("interpolation", 2), ("extrapolation", 4)):
        force, length = contexts_of(signed, ("force_mag", "length"), split).T
        assert sorted(force) == sorted([-10.0, 10.0] * (count // 2))
        assert ((length < 0.25) | (length > 1)).all() == (split == "extrapolation")
    between = signed.groupby("feature")["train_between"].first().to_dict()
    assert between == {"force_mag": False, "length": True}
    for values in (
        context_frames.of_seeds(frames["listed", BLOCK], ("masscart", "masspole"))[2].reshape(-1, 2),
        contexts_of(frames["listed", "held_out"], ("masscart", "masspole"), "calibration"),
    ):
        assert {tuple(pair) for pair in values.round(9).tolist()} == {(0.5, 0.05), (1.0, 0.1), (2.0, 0.2)}
    boxed = contexts_of(frames["boxed", "held_out"], ("masspole", "length"), "extrapolation") / [0.1, 0.5]
    assert [(row > 0.2).all() and (row < 0.3).all() for row in boxed] == [True, False]
    assert [(row > 3).all() for row in boxed] == [False, True]
    assert frames["boxed", BLOCK]["train_between"].all()
