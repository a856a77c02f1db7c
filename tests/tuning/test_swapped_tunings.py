"""What the steps of a tuning read is refused where it belongs elsewhere, in one line."""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tuned_study import job as wildcards_of
from tuned_study import study

from meta_rl import inputs, job
from meta_rl.steps import sample_contexts
from meta_rl.study import jobs, lineage, provenance
from meta_rl.tables import io, trials

STUDY = study()
TUNING, REPEATED = wildcards_of(STUDY), wildcards_of(STUDY, repetition=1)
PLACE = "results/test/tuned/small_gravity/dqn/{}"


def contexts(path: Path, part: str) -> None:
    where = TUNING | {"part": part}
    with inputs.of(lineage.made(STUDY, "sample_contexts", where), []):
        sample_contexts.main(STUDY.spec("sample_contexts", **where), path)


def tried(path: Path, where: dict[str, str], of: Any = STUDY) -> None:
    """The table of a tuning's trials, without rows."""
    frame = pd.DataFrame(columns=[column.name for column in trials.TABLE.columns])
    with inputs.of(lineage.made(of, "tune_settings", where), []):
        io.write(
            frame, trials.TABLE, path, provenance.record("tune_settings", of.spec("tune_settings", **where))
        )


def chosen(path: Path, where: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with inputs.of(lineage.made(STUDY, "choose_settings", where), []):
        made = provenance.record("choose_settings", STUDY.spec("choose_settings", **where))
    path.write_text(json.dumps({"record": made}))


def refused(
    step: str,
    lists: dict[str, list[str]],
    wrong: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    **flags: str,
) -> str:
    """What is said of the file `wrong`, in the one line that there is."""
    Path("job.json").write_text(jobs.text(STUDY, step, TUNING, lists))
    words = [word for name, path in flags.items() for word in (f"--{name}", path)]
    monkeypatch.setattr(sys, "argv", ["step", "--job", "job.json", *words])
    with pytest.raises(SystemExit) as stopped:
        job.run(importlib.import_module(f"meta_rl.steps.{step}").main)
    assert stopped.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {wrong}: ")
    return line


@pytest.mark.parametrize(
    ("name", "part"),
    [("contexts", REPEATED["block"]), ("contexts", "seeds_0-1"), ("contexts", "held_out"),
     ("validation", "held_out"), ("validation", TUNING["block"])],
)  # fmt: skip
def test_contexts_of_another_part(
    name: str, part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    parts = {"contexts": TUNING["block"], "validation": "validation"} | {name: part}
    for own, of in parts.items():
        contexts(tmp_path / f"{own}.parquet", of)
    flags = {own: f"{own}.parquet" for own in parts} | {
        "journal": "journal.parquet",
        "trials": "trials.parquet",
    }
    line = refused("tune_settings", {}, f"{name}.parquet", monkeypatch, capsys, **flags)
    assert f"'sample_contexts small_gravity {part}' made it" in line
    assert not Path("trials.parquet").exists()


def test_trials_of_another_tuning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of another method, of another repetition (the same one twice), and of another budget."""
    monkeypatch.chdir(tmp_path)
    paths = [f"{PLACE.format('none')}/{one['block']}/trials.parquet" for one in (TUNING, REPEATED)]
    longer = study(env_steps={"min": 200, "max": 600, "total": 9999})
    for wrong in (
        lambda path: tried(path, REPEATED | {"method": "jrpl"}),
        lambda path: tried(path, TUNING),
        lambda path: tried(path, REPEATED, longer),
    ):
        tried(tmp_path / paths[0], TUNING)
        wrong(tmp_path / paths[1])
        refused("choose_settings", {"trials": paths}, paths[1], monkeypatch, capsys, tuned="settings.json")
        assert not Path("settings.json").exists()


@pytest.mark.parametrize("wrong", ["another method", "cut off", "a list", "missing"])
def test_settings_that_are_another_methods_or_not_whole(
    wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    paths = {method: f"{PLACE.format(method)}/settings.json" for method in ("none", "jrpl")}
    lists = {
        "trials": [f"{PLACE.format('none')}/{TUNING['block']}/trials.parquet"],
        "tuned": list(paths.values()),
    }
    tried(tmp_path / lists["trials"][0], TUNING)
    for method, path in paths.items():
        chosen(tmp_path / path, TUNING | {"method": method})
    path = Path(paths["jrpl"])
    if wrong == "another method":
        path.write_text(Path(paths["none"]).read_text())
    elif wrong == "cut off":
        path.write_text(path.read_text()[:-9])
    elif wrong == "a list":
        path.write_text("[1]")
    else:
        path.unlink()
    refused("summarise_tuning", lists, str(path), monkeypatch, capsys, page="tuning.html")
    assert not Path("tuning.html").exists()
