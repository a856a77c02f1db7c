"""What every writer does: whole files with the usual modes, and one line if there is no room or no right."""

import os
import resource
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from read_only import read_only

from meta_rl import files
from meta_rl.errors import UserError, refusal
from meta_rl.training import tensor_files

NUMBERS = np.random.default_rng(0).random(5_000)


def draw(path: Path) -> None:
    figure, axes = plt.subplots()
    axes.plot(NUMBERS)
    with files.atomic(path) as temporary:
        figure.savefig(temporary)
    plt.close(figure)


def table(path: Path) -> None:
    with files.atomic(path) as temporary:
        pq.write_table(pa.table({"a": NUMBERS}), temporary)


WRITERS: dict[str, Callable[[Path], None]] = {
    "a.json": lambda path: files.write_text(path, str(NUMBERS.tolist())),
    "a.pt": lambda path: tensor_files.write(path, {"a": torch.from_numpy(NUMBERS)}),
    "a.parquet": table,
    "a.pdf": draw,
    "a.png": draw,
}


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """As good as a full disk, and possible for every user."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("room", [0, 1, 4_096, 10_000])
@pytest.mark.parametrize("name", WRITERS)
def test_what_does_not_fit_leaves_the_old_file_and_no_other(tmp_path: Path, name: str, room: int) -> None:
    path = tmp_path / name
    path.write_text("old")
    with no_file_above(room), pytest.raises(UserError) as raised:
        WRITERS[name](path)
    assert str(raised.value) == (
        f"{path}: cannot be written: File too large; make room, and run the same command again"
    )
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", WRITERS)
def test_who_may_not_write_is_told_where(tmp_path: Path, name: str) -> None:
    with read_only(tmp_path) as why, pytest.raises(UserError) as raised:
        WRITERS[name](tmp_path / "deeper" / name)
    (line,) = str(raised.value).splitlines()
    assert line.startswith(f"{tmp_path / 'deeper' / name}: cannot be written: {why}; let who runs this ")


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("")
    for place in ("results/a.json", "results/deeper/a.json"):
        with pytest.raises(
            UserError, match=rf"{place}: cannot be written: .*; move away what lies in its place$"
        ):
            files.write_text(tmp_path / place, "new")


@pytest.mark.parametrize("mask", [0o002, 0o007, 0o022, 0o077])
@pytest.mark.parametrize("name", WRITERS)
def test_modes_are_those_of_any_new_file(tmp_path: Path, name: str, mask: int) -> None:
    before = os.umask(mask)
    try:
        for _ in range(2):  # also of one that replaces another
            WRITERS[name](path := tmp_path / "folder" / name)
            assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o777 & ~mask
    finally:
        os.umask(before)


def test_tensors_make_the_same_bytes_whatever_the_file_is_called(tmp_path: Path) -> None:
    for name in ("one.pt", "two.pt"):
        tensor_files.write(tmp_path / name, {"a": torch.ones(3), "b": [1, "c"]})
    assert (tmp_path / "one.pt").read_bytes() == (tmp_path / "two.pt").read_bytes()
    assert torch.equal(tensor_files.read(tmp_path / "one.pt")["a"], torch.ones(3))


def test_other_errors_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), files.atomic(tmp_path / "a.json"):
        _ = 1 / 0
    assert refusal(ValueError("no such number")) is None
    assert refusal(FileNotFoundError(2, "no such file")) is None
    assert list(tmp_path.iterdir()) == []
