"""Every input of every step, replaced by one that belongs elsewhere: refused in one line, with nothing written."""

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from harness import Project
from raw_study import RAW

from meta_rl import job
from meta_rl.study import config, lineage
from meta_rl.study.study import Study
from meta_rl.training import policy

STUDY = Study(config.check(RAW, "config/test.yaml"))
RUN = {"benchmark": "small_gravity", "agent": "dqn", "method": "iida", "block": "seeds_0-1"}
FOLDER = "results/test/small_gravity/dqn/iida/seeds_0-1"
CONTEXTS = "results/test/small_gravity/contexts"
TABLES = "results/test/tables"
# Of each step, a job: how its file is called, and its inputs that are no lists.
JOBS: dict[str, tuple[str, dict[str, str]]] = {
    "train_generator": ("small_gravity/dqn/iida/seeds_0-1", {"contexts": f"{CONTEXTS}/seeds_0-1.parquet"}),
    "collect_trajectories": (
        "small_gravity/dqn/iida/seeds_0-1/seeds_0-1",
        {"contexts": f"{CONTEXTS}/seeds_0-1.parquet", "generator": f"{FOLDER}/generator.pt"},
    ),
    "pretrain_encoder": (
        "small_gravity/dqn/iida/seeds_0-1",
        {
            "trajectories": f"{FOLDER}/trajectories/seeds_0-1.parquet",
            "contexts": f"{CONTEXTS}/seeds_0-1.parquet",
        },
    ),
    "compare_predictors": (
        "small_gravity/dqn/iida/seeds_0-1",
        {
            "encoder": f"{FOLDER}/encoder.pt",
            "train_contexts": f"{CONTEXTS}/seeds_0-1.parquet",
            "held_out": f"{CONTEXTS}/held_out.parquet",
            "train_trajectories": f"{FOLDER}/trajectories/seeds_0-1.parquet",
            "held_out_trajectories": f"{FOLDER}/trajectories/held_out.parquet",
        },
    ),
    "train": (
        "small_gravity/dqn/iida/seeds_0-1",
        {"contexts": f"{CONTEXTS}/seeds_0-1.parquet", "encoder": f"{FOLDER}/encoder.pt"},
    ),
    "evaluate": (
        "small_gravity/dqn/iida/seeds_0-1",
        {
            "policy": f"{FOLDER}/policy.pt",
            "held_out": f"{CONTEXTS}/held_out.parquet",
            "train_contexts": f"{CONTEXTS}/seeds_0-1.parquet",
        },
    ),
    "evaluate_references": ("small_gravity/held_out", {"contexts": f"{CONTEXTS}/held_out.parquet"}),
    "score": ("small_gravity", {}),
    "aggregate": ("study", {}),
    "plot": ("iqm", {}),
    "summarise": ("study", {}),
    "check_results": (
        "study",
        {"evaluation": f"{TABLES}/evaluation.parquet", "runs": f"{TABLES}/runs.parquet"},
    ),
}


def _inputs() -> Iterator[tuple[str, str]]:
    """Of jobs of the study `test`, which has no estimators."""
    for step, (_, single) in JOBS.items():
        lists = lineage._LISTS.get(step, {}).keys() - {"deployment", "uncertainty"}
        yield from ((step, name) for name in (*single, *sorted(lists)))


def _of_other(right: Path, to: Path, **changed: Any) -> Path:
    """The right file, as a job would have left it that is another one in the `changed` values of the record."""
    path = to / "wrong" / right.name  # some steps know tables by their names
    path.parent.mkdir()
    if right.suffix == ".pt":
        weights = policy.load(right)
        weights.record.update(changed)
        policy.save(path, weights)
    else:
        table = pq.read_table(right)
        made = json.loads(table.schema.metadata[b"meta_rl"]) | changed
        held = {**table.schema.metadata, b"meta_rl": json.dumps(made)}
        pq.write_table(table.replace_schema_metadata(held), path, write_page_checksum=True)
    return path


def _made(study: dict[str, Any], right: Path, place: dict[str, str]) -> dict[str, Any]:
    """What the same file would say that is of another study, or of another place in this one."""
    step = _record(right)["step"]
    where = RUN | {"part": "seeds_0-1"} | STUDY.wildcards(right) | place
    made = lineage.made(Study(config.check(study, "other.yaml")), step, where)
    return {"job": made.job, "spec_hash": made.spec, "inputs": made.inputs}


def _record(path: Path) -> dict[str, Any]:
    if path.suffix == ".pt":
        return policy.load(path).record
    return json.loads(pq.read_schema(path).metadata[b"meta_rl"])  # type: ignore[no-any-return]


def _another(right: Path, to: Path) -> Path:
    """Of another block of seeds, held out instead of trained in, or of another method: whatever lies there."""
    there = [
        right.with_name(right.name.replace("seeds_0-1", "seeds_2-3").replace("held_out", "seeds_0-1")),
        Path(str(right.parent).replace("seeds_0-1", "seeds_2-3")) / right.name,
    ]
    found = [path for path in there if path.is_file() and path != right]
    return found[-1] if found else _of_other(right, to, job="another")


def _benchmark(right: Path, to: Path) -> Path:
    named = RAW | {"benchmarks": {"small_length": RAW["benchmarks"]["small_gravity"]}}
    return _of_other(right, to, **_made(named, right, {"benchmark": "small_length"}))


def _agent(right: Path, to: Path) -> Path:
    benchmark = RAW["benchmarks"]["small_gravity"] | {"agents": ["ddqn"]}
    study = RAW | {"benchmarks": {"small_gravity": benchmark}, "agents": {"ddqn": RAW["agents"]["dqn"]}}
    return _of_other(right, to, **_made(study, right, {"agent": "ddqn"}))


def _settings(right: Path, to: Path) -> Path:
    """Of a study of the same names in which everything is somewhat longer."""
    contexts = RAW["benchmarks"]["small_gravity"]["contexts"] | {"train": 4, "interpolation": 3}
    study = RAW | {"train": {"env_steps": 900, "snapshots": 2}}
    study |= {"benchmarks": {"small_gravity": RAW["benchmarks"]["small_gravity"] | {"contexts": contexts}}}
    study["references"] = RAW["references"] | {"env_steps": 400}
    return _of_other(right, to, **_made(study, right, {}))


def _cut(right: Path, to: Path) -> Path:
    path = to / right.name
    path.write_bytes(right.read_bytes()[: right.stat().st_size // 2])
    return path


WRONG: dict[str, Callable[[Path, Path], Path]] = {
    "another block or part": _another,
    "another benchmark": _benchmark,
    "another agent": _agent,
    "another study": _settings,
    "made by hand": lambda right, to: _of_other(right, to, job="", spec_hash="", inputs=""),
    "cut off": _cut,
    "missing": lambda right, to: to / "nowhere" / right.name,
}


def _cases() -> Iterator[tuple[str, str, str]]:
    """Step, input and what is wrong with it; contexts know no agent."""
    for (step, name), wrong in product(_inputs(), WRONG):
        if wrong != "another agent" or name not in ("contexts", "train_contexts", "held_out"):
            yield step, name, wrong


@pytest.mark.parametrize(("step", "name", "wrong"), list(_cases()))
def test_what_belongs_elsewhere_is_refused(
    step: str,
    name: str,
    wrong: str,
    finished: Project,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(finished.root)
    place, single = JOBS[step]
    told = json.loads(Path(f"results/test/jobs/{step}/{place}.json").read_text())
    right = Path(single[name] if name in single else told["lists"][name][0])
    given = WRONG[wrong](right, tmp_path)
    flags = single | ({name: str(given)} if name in single else {})
    if name not in single:
        told["lists"][name][0] = str(given)
    del told["checksum"]  # of what it said before
    (tmp_path / "job.json").write_text(json.dumps(told))
    main = importlib.import_module(f"meta_rl.steps.{step}").main
    _call(main, flags, tmp_path, monkeypatch)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {given}: ")
    assert line.endswith("run the workflow again") or wrong == "missing"
    assert not list((tmp_path / "out").glob("*"))


def _call(main: Any, flags: dict[str, str], to: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a step as its rule does, with outputs in a folder of their own; it must fail as a user's error does."""
    written = [name for name, kind in main.__annotations__.items() if kind == Path and name not in flags]
    arguments = flags | {name: str(to / "out" / name) for name in written}
    options = [word for name, path in arguments.items() for word in (f"--{name.replace('_', '-')}", path)]
    monkeypatch.setattr(sys, "argv", ["step", "--job", str(to / "job.json"), *options])
    with pytest.raises(SystemExit) as stopped:
        job.run(main)
    assert stopped.value.code == 1


def test_every_step_that_reads_results_is_tried() -> None:
    read = {*lineage._FILES, *lineage._LISTS}
    tuning = {"tune_settings", "choose_settings", "summarise_tuning"}  # tests/tuning
    doubt = {"deploy", "fit_monitor", "score_uncertainty"}  # test_doubt_runs.py
    assert read - JOBS.keys() == tuning | doubt | {"evaluate_external"}  # test_external_runs.py


def test_a_swap_far_up_is_seen(finished: Project) -> None:
    """An evaluation says nothing of its run's length, but it is told from one of a longer run."""
    path = finished.root / f"{FOLDER}/evaluation.parquet"
    ours, theirs = (
        _made(RAW | more, path, {}) for more in ({}, {"train": {"env_steps": 900, "snapshots": 2}})
    )
    assert {key: _record(path)[key] for key in ours} == ours
    assert theirs["spec_hash"] == ours["spec_hash"]
    assert theirs["inputs"] != ours["inputs"]
