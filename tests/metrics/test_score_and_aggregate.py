"""The two steps, on the files of a small study with two blocks of seeds."""

import json
from pathlib import Path
from typing import Any

import metric_frames as frames
import pandas as pd
import pytest

from meta_rl.errors import UserError
from meta_rl.steps import aggregate, score
from meta_rl.study import provenance
from meta_rl.tables import contexts, encodings, evaluation, io, learning, metrics, references, runs, scores

BLOCKS = {"seeds_0-1": range(2), "seeds_2-3": range(2, 4)}
JOINED = ("contexts", "references", "learning", "evaluation", "encodings", "scores")
NAMES = (*JOINED, "runs", "metrics")
SPEC = {"benchmark": "cart", "environment": "cartpole"}
LEVELS = {"none": 40.0, "iida": 60.0}

Study = dict[str, list[Path]]


def record(step: str, **more: Any) -> dict[str, Any]:
    return provenance.record(step, SPEC | more)


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """The files that `aggregate` joins, by table."""
    files: Study = {name: [] for name in JOINED}

    def write(module: Any, frame: pd.DataFrame, name: str, made: dict[str, Any]) -> None:
        path = tmp_path / "cart" / module.TABLE.name / f"{name}.parquet"
        io.write(frame, module.TABLE, path, made)
        files[module.TABLE.name].append(path)

    everything = frames.contexts(range(4))
    for part, seeds in {"held_out": None, **BLOCKS}.items():
        mine = everything["seed"].isna() if seeds is None else everything["seed"].isin(seeds).fillna(False)
        drawn: dict[str, Any] = {"counts": {}} if seeds is None else {"seeds": [seeds[0], 2]}
        write(contexts, everything[mine], part, record("sample_contexts", **drawn))
        write(references, frames.references(everything[mine]), part, record("evaluate_references"))
    for block, seeds in BLOCKS.items():
        for method, level in LEVELS.items():
            made = record("evaluate", agent="dqn", method=method, variant=method, episodes=2)
            made |= {"failures": {}, "env_steps": {str(seed): 260 + seed for seed in seeds}}
            write(
                evaluation, frames.evaluation(everything, seeds, {method: level}), f"{method}_{block}", made
            )
            curve = pd.DataFrame({"seed": list(seeds) * 2, "env_steps": [100, 100, 250, 250]})
            curve = curve.assign(
                benchmark="cart", agent="dqn", method=method, metric="loss", value=0.1, status="ok"
            )
            made = record("train", agent="dqn", method=method, variant=method, seeds=[seeds[0], 2])
            write(
                learning, curve[[column.name for column in learning.TABLE.columns]], f"{method}_{block}", made
            )
        encoded = frames.encodings(everything, seeds)
        write(
            encodings,
            encoded,
            block,
            record("evaluate", agent="dqn", method="iida", variant="iida", episodes=2),
        )
    files["scores"] = [tmp_path / "cart" / "scores.parquet"]
    score.main(files["evaluation"], files["references"], files["contexts"], SPEC, files["scores"][0])
    return files


def run(study: Study, folder: Path, **changed: Any) -> str:
    arguments: dict[str, Any] = {
        **study,
        "predictions": [],
        "deployment": [],
        "uncertainty": [],
        "logs": None,
        "spec": {"study": "small", "methods": list(LEVELS), "controls": {}},
        "tables": [folder / f"{name}.parquet" for name in NAMES],
        "manifest": folder / "manifest.json",
    }
    return aggregate.main(**arguments | changed)


def test_score_counts_a_context_as_solved_from_the_environments_threshold_on(study: Study) -> None:
    frame = io.read(study["scores"][0], scores.TABLE)
    assert len(frame) == 4 * 2 * (4 + 5 + 6)
    assert set(frame["solvable"]) == {"unknown"}  # the reference returns 100, CartPole counts from 475 on
    assert io.record(study["scores"][0])["spec"] == SPEC


def test_aggregate_joins_all_blocks_sorted_by_key(study: Study, tmp_path: Path) -> None:
    assert run(study, tmp_path) == "17 files joined, 68 metrics"
    for module in (contexts, references, learning, runs, evaluation, encodings, scores, metrics):
        frame = io.read(tmp_path / f"{module.TABLE.name}.parquet", module.TABLE)
        assert frame.equals(frame.sort_values(list(module.TABLE.key), ignore_index=True))
    joined = io.read(tmp_path / "evaluation.parquet", evaluation.TABLE)
    assert len(joined) == sum(len(io.read(path, evaluation.TABLE)) for path in study["evaluation"])


def test_order_of_files_does_not_matter(study: Study, tmp_path: Path) -> None:
    run(study, tmp_path / "a")
    run({name: paths[::-1] for name, paths in study.items()}, tmp_path / "b")
    for name in (*(f"{name}.parquet" for name in NAMES), "manifest.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_study_without_encoders_has_an_empty_encodings_table(study: Study, tmp_path: Path) -> None:
    run(study | {"encodings": []}, tmp_path)
    assert io.read(tmp_path / "encodings.parquet", encodings.TABLE).empty


def test_the_manifest_says_how_the_tables_were_made(study: Study, tmp_path: Path) -> None:
    cut, whole = ({"wall_s": 1.5, "cpu_s": 1.0, "peak_mb": size, "ended": "then"} for size in (300.0, 200.0))
    for name, tried in {"none": [cut, whole], "jrpl": [{"started": "now"}]}.items():
        log = tmp_path / "logs" / "train" / "cart" / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.touch()
        log.with_suffix(".json").write_text(json.dumps(tried))
    run(study, tmp_path, logs=tmp_path / "logs")
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["config"] == {"study": "small", "methods": ["none", "iida"], "controls": {}}
    assert manifest["config_hash"] == provenance.digest(manifest["config"])
    assert manifest["costs"] == {"train": {"attempts": 2, "wall_s": 3.0, "cpu_s": 2.0, "peak_mb": 300.0}}
    assert len(manifest["env_steps"]) == 2 * 4
    assert {row["env_steps"] - row["seed"] for row in manifest["env_steps"]} == {260}  # the last point: 250
    assert {stage["step"] for stage in manifest["stages"]} == {
        "sample_contexts", "evaluate_references", "train", "evaluate", "score", "aggregate",
    }  # fmt: skip
    assert "numpy" in manifest["machines"][0]["versions"]


def remade(path: Path, **changed: Any) -> None:
    """Write a file again, as if its record were another one."""
    made = io.record(path)
    io.write(io.read(path, evaluation.TABLE), evaluation.TABLE, path, made | changed)


def test_a_run_that_failed_is_a_row_with_its_reason(study: Study, tmp_path: Path) -> None:
    path = study["evaluation"][-1]
    frame = io.read(path, evaluation.TABLE)
    made = io.record(path) | {"failures": {"3": "training, ValueError: no"}, "env_steps": {"2": 262}}
    io.write(frame[frame["seed"] != 3], evaluation.TABLE, path, made)
    score.main(study["evaluation"], study["references"], study["contexts"], SPEC, study["scores"][0])
    run(study, tmp_path)
    table = io.read(tmp_path / "runs.parquet", runs.TABLE)
    assert len(table) == 2 * 4
    lost = table[table["outcome"] != "ok"]
    assert lost["env_steps"].isna().all()
    lost = lost.drop(columns="env_steps")
    assert lost.to_numpy().tolist() == [["cart", "dqn", "iida", 3, "failed", "training, ValueError: no"]]
    counted = io.read(tmp_path / "metrics.parquet", metrics.TABLE).query("metric == 'mean_return'")
    assert set(counted["n_seeds"].where(counted["method"] == "iida").dropna()) == {3}
    assert set(counted["n_seeds"].where(counted["method"] == "none").dropna()) == {4}


def test_two_versions_of_the_code_are_refused(study: Study, tmp_path: Path) -> None:
    first, _, third, _ = study["evaluation"]
    code = io.record(first)["code"]
    remade(third, code="0123456789abcdef")
    with pytest.raises(UserError) as error:
        run(study, tmp_path)
    for words in (str(first), str(third), code, "0123456789abcdef", "'evaluate'"):
        assert words in str(error.value)
    assert not (tmp_path / "metrics.parquet").exists()


def test_two_specs_are_refused(study: Study, tmp_path: Path) -> None:
    first = study["evaluation"][0]
    remade(first, spec=io.record(first)["spec"] | {"episodes": 99})
    with pytest.raises(UserError, match="'evaluate' made it from spec"):
        run(study, tmp_path)


def test_variants_of_a_method_have_specs_of_their_own(study: Study, tmp_path: Path) -> None:
    for path in study["learning"]:
        spec = io.record(path)["spec"]
        other = {"method": "jrpl", "method_settings": {"window": len(spec["variant"])}}
        made = io.record(path) | provenance.record("train", spec | other)
        io.write(io.read(path, learning.TABLE), learning.TABLE, path, made)
    run(study, tmp_path)
    path = study["learning"][0]
    made = io.record(path) | {"spec": io.record(path)["spec"] | {"method_settings": {"window": 9}}}
    io.write(io.read(path, learning.TABLE), learning.TABLE, path, made)
    with pytest.raises(UserError, match="'train' made it from spec"):
        run(study, tmp_path)
