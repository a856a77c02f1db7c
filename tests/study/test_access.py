"""Whether a study can be written where it lies is asked before any work starts."""

import resource
from pathlib import Path

import pytest
from read_only import read_only

from meta_rl.errors import UserError
from meta_rl.study import access, reserve

STUDY = Path("results/test")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_study_may_be_new_and_may_be_there(here: Path) -> None:
    access.check(STUDY)
    assert list(here.iterdir()) == []
    for folder in (STUDY / "small/contexts", *(Path(".snakemake", name) for name in ("metadata/a", "log"))):
        folder.mkdir(parents=True)
    access.check(STUDY)


@pytest.mark.parametrize("place", ["results/test", "results/test/small/contexts"])
@pytest.mark.parametrize("record", [".snakemake", ".snakemake/metadata/@deep", ".snakemake/incomplete"])
def test_the_place_that_cannot_be_written_is_named(here: Path, place: str, record: str) -> None:
    (STUDY / "small/contexts").mkdir(parents=True)
    Path(record).mkdir(parents=True)
    for closed in (place, record):
        with read_only(Path(closed)) as why, pytest.raises(UserError) as raised:
            access.check(STUDY)
        (line,) = str(raised.value).splitlines()
        assert line.startswith(f"{closed}: cannot be written: {why}; let who runs this read and write there ")
    access.check(STUDY)


def test_room_for_snakemakes_records_is_kept(here: Path) -> None:
    reserve.keep()
    (kept,) = here.rglob("*.*/*")
    assert kept.stat().st_blocks * 512 >= 1 << 20
    reserve.keep()
    reserve.give()
    assert list(kept.parent.iterdir()) == [kept]


def test_without_any_room_no_work_starts(here: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(
            UserError, match=r"^\.snakemake/reserve: cannot be written: File too large; make room"
        ):
            reserve.keep()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
