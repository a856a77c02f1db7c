import errno
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from meta_rl import job
from meta_rl.errors import UserError

Call = dict[str, Any]


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Call:
    seen: Call = {}

    def main(
        spec: dict[str, Any], held_out: Path, tables: list[Path], count: int, encoder: Path | None
    ) -> str:
        seen.update(spec=spec, held_out=held_out, tables=tables, count=count, encoder=encoder)
        return "all well"

    monkeypatch.setattr(sys, "argv", ["step", *arguments])
    job.run(main)
    return seen


REQUIRED = ("--spec", '{"a": [1]}', "--held-out", "h", "--tables", "x", "y", "--count", "3")


def test_flags_follow_the_signature(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, *REQUIRED, "--encoder", "e") == {
        "spec": {"a": [1]},
        "held_out": Path("h"),
        "tables": [Path("x"), Path("y")],
        "count": 3,
        "encoder": Path("e"),
    }
    assert capsys.readouterr().out == "test_job: all well in 0.0 s\n"


@pytest.mark.parametrize("flag", [(), ("--encoder",)])
def test_an_optional_path_may_be_left_out_or_empty(
    monkeypatch: pytest.MonkeyPatch, flag: tuple[str, ...]
) -> None:
    assert call(monkeypatch, *flag, *REQUIRED)["encoder"] is None


def test_a_list_may_be_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = [argument for argument in REQUIRED if argument not in ("x", "y")]
    assert call(monkeypatch, *arguments)["tables"] == []


@pytest.mark.parametrize("text", ["{", "[1]"])
def test_a_spec_is_a_json_object(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    with pytest.raises(SystemExit) as stopped:
        call(monkeypatch, "--spec", text, *REQUIRED[2:])
    assert stopped.value.code == 2
    assert "--spec" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [REQUIRED[2:], (*REQUIRED, "--hel", "h"), (*REQUIRED, "--other", "1")])
def test_missing_shortened_and_unknown_flags_are_refused(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    with pytest.raises(SystemExit):
        call(monkeypatch, *arguments)


def test_a_user_error_is_one_line_and_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def main() -> str:
        raise UserError("x.parquet: does not exist; run the workflow to make it")

    monkeypatch.setattr(sys, "argv", ["step"])
    with pytest.raises(SystemExit) as stopped:
        job.run(main)
    assert stopped.value.code == 1
    assert capsys.readouterr().err == "error: x.parquet: does not exist; run the workflow to make it\n"


def test_other_errors_keep_their_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def main() -> str:
        return json.loads("{")

    monkeypatch.setattr(sys, "argv", ["step"])
    with pytest.raises(json.JSONDecodeError):
        job.run(main)


def test_jobs_use_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    call(monkeypatch, *REQUIRED)
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


def test_a_full_disk_is_an_error_of_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def main(count: int) -> str:
        raise OSError(errno.ENOSPC if count else errno.EACCES, "No space left on device", "here/policy.pt")

    monkeypatch.setattr(sys, "argv", ["step", "--count", "1"])
    with pytest.raises(SystemExit) as stopped:
        job.run(main)
    assert stopped.value.code == 1
    assert capsys.readouterr().err == (
        "error: [Errno 28] No space left on device: 'here/policy.pt'; make room, and run the workflow again\n"
    )
    monkeypatch.setattr(sys, "argv", ["step", "--count", "0"])
    with pytest.raises(PermissionError):
        job.run(main)
