"""A training that is cut, however it is, ends in the bytes of one that was not."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from meta_rl.conformance.small import STEPS, training
from meta_rl.training import checkpoints, policy
from meta_rl.training.checkpoints import Checkpoint
from meta_rl.training.loop import Training

MIDDLE = 752  # between two points of the curve
RECORD: dict[str, Any] = {"code": "c0de", "spec_hash": "5bec", "versions": {"torch": "1"}}


def kept(one: Training, path: Path, **changed: Any) -> Checkpoint:
    return one.checkpoint(path, RECORD | changed)


def interrupted(path: Path, monkeypatch: pytest.MonkeyPatch, **changed: Any) -> None:
    """Leave the checkpoint of a training that was stopped at about half its way."""
    one = training("jrpl", [0, 1])
    checkpoint = kept(one, path, **changed)
    offer = checkpoint.offer

    def stop(content: Callable[[], Any], reached: int) -> None:
        if reached == MIDDLE:
            os.kill(os.getpid(), signal.SIGTERM)
        offer(content, reached)

    monkeypatch.setattr(checkpoint, "offer", stop)
    with pytest.raises(SystemExit) as stopped, checkpoint:
        one.run(STEPS, checkpoint=checkpoint)
    assert stopped.value.code == 143
    assert path.exists()


def test_a_training_stopped_by_a_signal_goes_on_to_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "deep" / "one.pt"
    whole = training("jrpl", [0, 1])
    points = whole.run(STEPS)
    before = signal.getsignal(signal.SIGTERM)
    interrupted(path, monkeypatch)
    assert signal.getsignal(signal.SIGTERM) == before
    again = training("jrpl", [0, 1])
    with kept(again, path) as checkpoint:
        resumed = again.run(STEPS, checkpoint=checkpoint)
    assert f"{path}: goes on from {MIDDLE:,} env_steps" in capsys.readouterr().out
    assert path.exists(), "it goes with the job's end, not with the training's"
    for ours, theirs in zip(resumed, points, strict=True):
        np.testing.assert_array_equal(ours["env_steps"], theirs["env_steps"])
        for name, values in theirs["figures"].items():
            np.testing.assert_array_equal(ours["figures"][name], values)
    for name, value in policy.tensors(whole.agent).items():
        assert torch.equal(policy.tensors(again.agent)[name], value)


def test_a_training_that_is_warned_writes_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "one.pt"
    one, whole = training("none", [0, 1]), training("none", [0, 1])
    checkpoint = kept(one, path)
    offer, written = checkpoint.offer, []

    def warn(content: Callable[[], Any], reached: int) -> None:
        if reached == MIDDLE:
            os.kill(os.getpid(), signal.SIGUSR1)
        offer(content, reached)
        written.append(path.exists())

    monkeypatch.setattr(checkpoint, "offer", warn)
    with checkpoint:
        one.run(STEPS, checkpoint=checkpoint)
    whole.run(STEPS)
    assert written.index(True) == written.count(False) > 0
    for name, value in policy.tensors(whole.agent).items():
        assert torch.equal(policy.tensors(one.agent)[name], value)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"code": "0ld"}, "another training (code 0ld)"),
        ({"spec_hash": "0ld"}, "another training (spec_hash 0ld)"),
        ({}, "another training (start "),
    ],
)
def test_a_checkpoint_of_another_training_is_ignored_with_a_word(
    changed: dict[str, str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "one.pt"
    interrupted(path, monkeypatch, **changed)
    other = training("jrpl", [0, 1] if changed else [0, 2])
    with kept(other, path) as checkpoint:
        assert checkpoint.resume() is None
    assert other.env_steps.max() == 0
    assert says in capsys.readouterr().out


def test_a_damaged_checkpoint_is_ignored_with_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "one.pt"
    interrupted(path, monkeypatch)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    one = training("jrpl", [0, 1])
    assert kept(one, path).resume() is None
    assert "training from the start" in capsys.readouterr().out


def test_a_checkpoint_that_cannot_be_written_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(checkpoints, "EVERY", 0.0)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    one = training("none", [0])
    with kept(one, tmp_path / "one.pt") as checkpoint:
        one.run(40, checkpoint=checkpoint)
    assert one.env_steps.max() == 40
    assert f"no checkpoint, {tmp_path / 'one.pt'}: cannot be written: No space" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


_KILLED = """
import sys
from pathlib import Path
from meta_rl.training import checkpoints
from meta_rl.conformance.small import training
checkpoints.EVERY = 0.2
one = training("jrpl", [0, 1])
record = {"code": "c0de", "spec_hash": "5bec", "versions": {"torch": "1"}}
with one.checkpoint(Path(sys.argv[1]), record) as kept:
    one.run(10**6, checkpoint=kept)
"""


def test_a_training_that_is_killed_goes_on_from_what_it_wrote_last(tmp_path: Path) -> None:
    path = tmp_path / "one.pt"
    process = subprocess.Popen([sys.executable, "-c", _KILLED, path])
    while not path.exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.wait()
    one, whole = training("jrpl", [0, 1]), training("jrpl", [0, 1])
    with kept(one, path) as checkpoint:
        one.load_state_dict(checkpoint.resume()["state"])
        reached = one.env_steps.max()
        assert reached > 0
        one.run(reached + 200)
    whole.run(reached + 200)
    for name, value in policy.tensors(whole.agent).items():
        assert torch.equal(policy.tensors(one.agent)[name], value)
