import errno
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from meta_rl import job
from meta_rl.errors import UserError

Call = dict[str, Any]
TOLD = {"code": "c0de", "spec": {"a": [1]}, "lists": {"tables": ["x", "y"]}}


@pytest.fixture
def told(tmp_path: Path) -> Path:
    """The file of a job."""
    path = tmp_path / "job.json"
    path.write_text(json.dumps(TOLD))
    return path


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> Call:
    seen: Call = {}

    def main(spec: dict[str, Any], held_out: Path, tables: list[Path], encoder: Path | None) -> str:
        seen.update(spec=spec, held_out=held_out, tables=tables, encoder=encoder)
        return "all well"

    run(monkeypatch, main, *arguments)
    return seen


def run(monkeypatch: pytest.MonkeyPatch, main: Callable[..., str], *arguments: str | Path) -> None:
    monkeypatch.setattr(sys, "argv", ["step", *map(str, arguments)])
    job.run(main)


def test_flags_follow_the_signature_and_what_grows_is_in_the_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], told: Path
) -> None:
    assert call(monkeypatch, "--job", told, "--held-out", "h", "--encoder", "e") == {
        "spec": {"a": [1]},
        "held_out": Path("h"),
        "tables": [Path("x"), Path("y")],
        "encoder": Path("e"),
    }
    assert capsys.readouterr().out == "test_job: all well in 0.0 s\n"


@pytest.mark.parametrize("flag", [(), ("--encoder",)])
def test_an_optional_path_may_be_left_out_or_empty(
    monkeypatch: pytest.MonkeyPatch, flag: tuple[str, ...], told: Path
) -> None:
    assert call(monkeypatch, *flag, "--job", told, "--held-out", "h")["encoder"] is None


def test_a_list_may_be_empty(monkeypatch: pytest.MonkeyPatch, told: Path) -> None:
    told.write_text(json.dumps(TOLD | {"lists": {"tables": []}}))
    assert call(monkeypatch, "--job", told, "--held-out", "h")["tables"] == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "does not exist; run the workflow, which writes it anew"),
        ("", "is not a whole job file; run"),
        (json.dumps(TOLD)[:-9], "is not a whole job file; run"),
        ("[1]", "is not a whole job file; run"),
        (json.dumps({"spec": {}}), "is not a whole job file; run"),
        (json.dumps(TOLD | {"spec": None}), "is not a whole job file; run"),
        (json.dumps(TOLD | {"lists": {}}), "lists no files, but the step 'test_job' takes tables; run"),
        (
            json.dumps(TOLD | {"lists": {"tables": [], "others": []}}),
            "lists others, tables, but the step 'test_job' takes tables; run",
        ),
    ],
)
def test_a_job_file_that_is_not_the_steps_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    told: Path,
    text: str | None,
    says: str,
) -> None:
    told.unlink()
    if text is not None:
        told.write_text(text)
    with pytest.raises(SystemExit) as stopped:
        call(monkeypatch, "--job", told, "--held-out", "h")
    assert stopped.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {told}: {says}")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--held-out", "h"),
        ("--job", "j"),
        ("--job", "j", "--held-out", "h", "--hel", "h"),
        ("--job", "j", "--held-out", "h", "--spec", "{}"),
        ("--job", "j", "--held-out", "h", "--tables", "x"),
    ],
)
def test_missing_shortened_and_unknown_flags_are_refused(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        call(monkeypatch, *arguments)
    assert stopped.value.code == 2


@pytest.mark.parametrize("name", ["checkpoint", "journal"])
def test_what_a_cut_job_goes_on_from_goes_last_and_only_after_success(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], told: Path, name: str
) -> None:
    told.write_text(json.dumps(TOLD | {"lists": {}}))
    folder = told.parent / "checkpoints"
    folder.mkdir()
    own = [folder / one for one in ("dqn.pt", "dqn.3.pt")]
    others = [folder / one for one in ("ddqn.pt", "dqn_2.pt")]
    for path in (*own, *others):
        path.touch()
    seen = []

    def ends(sentence: str) -> Callable[..., str]:
        def main(**_: Any) -> str:
            if not sentence:
                raise UserError("no room")
            return sentence

        main.__annotations__ = {name: Path, "return": str}
        return main

    with pytest.raises(SystemExit):
        run(monkeypatch, ends(""), "--job", told, f"--{name}", own[0])
    assert all(path.exists() for path in own)

    def flushed(*words: str, **options: Any) -> None:
        seen.append((words[0], options["flush"], all(path.exists() for path in own)))

    monkeypatch.setattr("builtins.print", flushed)
    run(monkeypatch, ends("done"), "--job", told, f"--{name}", own[0])
    assert seen == [("test_job: done in 0.0 s", True, True)]
    assert not any(path.exists() for path in own)
    assert all(path.exists() for path in others)


def test_a_user_error_is_one_line_and_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], told: Path
) -> None:
    told.write_text(json.dumps(TOLD | {"lists": {}}))

    def main() -> str:
        raise UserError("x.parquet: does not exist; run the workflow to make it")

    with pytest.raises(SystemExit) as stopped:
        run(monkeypatch, main, "--job", told)
    assert stopped.value.code == 1
    assert capsys.readouterr().err == "error: x.parquet: does not exist; run the workflow to make it\n"


def test_other_errors_keep_their_traceback(monkeypatch: pytest.MonkeyPatch, told: Path) -> None:
    told.write_text(json.dumps(TOLD | {"lists": {}}))

    def main() -> str:
        return json.loads("{")

    with pytest.raises(json.JSONDecodeError):
        run(monkeypatch, main, "--job", told)


def test_jobs_use_one_thread(monkeypatch: pytest.MonkeyPatch, told: Path) -> None:
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    call(monkeypatch, "--job", told, "--held-out", "h")
    assert torch.get_num_threads() == 1
    torch.set_num_threads(before)


def test_progress_prints_at_most_every_ten_seconds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    times = iter([100.0, 105.0, 110.0, 115.0, 120.0])
    monkeypatch.setattr("time.monotonic", lambda: next(times))
    progress = job.Progress("train", 100_000, "env_steps")
    for done in (10_000, 20_000, 30_000, 40_000):
        progress.update(done)
    assert capsys.readouterr().out.splitlines() == [
        "train: 20%, 2,000 env_steps/s, 40 s left",
        "train: 40%, 2,000 env_steps/s, 30 s left",
    ]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.ENOEXEC])
def test_a_full_disk_is_an_error_of_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], told: Path, number: int
) -> None:
    """Where no file of the study's is concerned: those are in tests/workflow/test_full_disk.py."""
    told.write_text(json.dumps(TOLD | {"lists": {}}))

    def main() -> str:
        raise OSError(number, "in the user's language", "/tmp/scratch")

    if number == errno.ENOEXEC:
        with pytest.raises(OSError, match="language"):
            run(monkeypatch, main, "--job", told)
        return
    with pytest.raises(SystemExit) as stopped:
        run(monkeypatch, main, "--job", told)
    assert stopped.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: /tmp/scratch: {os.strerror(number)}; ")
