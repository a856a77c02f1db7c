"""Files that are not as they should be, results that are not valid, seeds that fail."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from block import BENCHMARK, SEEDS, collect_spec, play, spec

from meta_rl.errors import UserError
from meta_rl.steps import collect_trajectories, evaluate_references, train
from meta_rl.tables import evaluation as evaluation_table
from meta_rl.tables import io
from meta_rl.tables import learning as learning_table
from meta_rl.training import block, episodes, evaluation


def _flipped(path: Path, content: bytes) -> bytes:
    """One bit of the data: a Parquet file begins with it, a policy's largest member is data."""
    if path.suffix == ".parquet":
        at = 30
    else:
        with zipfile.ZipFile(path) as archive:
            data = archive.read(max(archive.infolist(), key=lambda member: member.file_size))
        at = content.index(data) + len(data) // 2
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


DAMAGES: dict[str, Callable[[Path, bytes], Any]] = {
    "missing": lambda path, content: path.unlink(),
    "empty": lambda path, content: path.write_bytes(b""),
    "cut off": lambda path, content: path.write_bytes(content[: len(content) // 2]),
    "one bit wrong": lambda path, content: path.write_bytes(_flipped(path, content)),
    "another file": lambda path, content: path.write_text("benchmark,split\n"),
}
JOBS: dict[str, tuple[list[str], Callable[[Path], Any]]] = {
    "collect_trajectories": (
        ["block.parquet"],
        lambda to: collect_trajectories.main(
            to / "block.parquet", None, collect_spec(), to / "out/t.parquet"
        ),
    ),
    "evaluate_references": (
        ["specialists.pt", "held_out.parquet"],
        lambda to: evaluate_references.main(
            [to / "specialists.pt"],
            to / "held_out.parquet",
            spec("evaluate_references"),
            to / "out/references.parquet",
        ),
    ),
    "evaluate": (
        ["explicit.pt", "held_out.parquet", "block.parquet"],
        lambda to: play(to, "explicit", to / "out"),
    ),
}


def copy(made: Path, names: list[str], to: Path) -> None:
    for name in names:
        (to / name).write_bytes((made / name).read_bytes())
    (to / "out").mkdir()


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize(
    ("job", "damaged"), [(job, name) for job, (names, _) in JOBS.items() for name in names]
)
def test_a_damaged_input_is_named_and_leaves_no_output(
    made: Path, tmp_path: Path, job: str, damaged: str, damage: str
) -> None:
    names, run = JOBS[job]
    copy(made, names, tmp_path)
    DAMAGES[damage](tmp_path / damaged, (made / damaged).read_bytes())
    with pytest.raises(UserError, match=str(tmp_path / damaged)):
        run(tmp_path)
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("job", JOBS)
def test_another_table_is_refused(made: Path, tmp_path: Path, job: str) -> None:
    names, run = JOBS[job]
    copy(made, names, tmp_path)
    (tmp_path / names[-1]).write_bytes((made / "references.parquet").read_bytes())
    with pytest.raises(UserError, match=rf"{tmp_path / names[-1]}: is no table 'contexts'"):
        run(tmp_path)
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("job", ["evaluate", "evaluate_references"])
def test_a_result_that_is_not_valid_is_not_written(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, job: str
) -> None:
    names, run = JOBS[job]
    copy(made, names, tmp_path)
    module = {"evaluate": evaluation, "evaluate_references": evaluate_references}[job]
    play_agent = episodes.play_agent

    def broken(*arguments: Any) -> Any:
        played = play_agent(*arguments)
        return played._replace(episode_return=np.full_like(played.episode_return, np.nan))

    monkeypatch.setattr(module, "play_agent", broken)
    with pytest.raises(UserError, match="column 'episode_return' holds null"):
        run(tmp_path)
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("where", ["training", "evaluation"])
def test_a_seed_that_fails_leaves_its_block_as_it_was(
    where: str, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("held_out.parquet", "block.parquet", "jrpl.pt", "jrpl_learning.parquet"):
        (tmp_path / name).symlink_to(made / name)
    module, name = (block, "start") if where == "training" else (evaluation, "_play")
    work = getattr(module, name)

    def fails(*arguments: Any) -> Any:
        """Where the first run of the block is in the stack."""
        runs = (
            arguments[2].keys if where == "training" else [f"{BENCHMARK} run {seed}" for seed in arguments[1]]
        )
        if f"{BENCHMARK} run {SEEDS[0]}" in runs:
            raise ArithmeticError("an unlucky context")
        return work(*arguments)

    monkeypatch.setattr(module, name, fails)
    if where == "training":
        outputs = [tmp_path / "jrpl.pt", tmp_path / "jrpl_learning.parquet"]
        for path in outputs:
            path.unlink()
        train.main(
            tmp_path / "block.parquet", None, spec("train", "jrpl"), tmp_path / "checkpoint.pt", *outputs
        )
    play(tmp_path, "jrpl", tmp_path)
    for kind, table in (("learning", learning_table), ("evaluation", evaluation_table)):
        ours, theirs = (io.read(folder / f"jrpl_{kind}.parquet", table.TABLE) for folder in (tmp_path, made))
        rest = theirs[theirs["seed"] != SEEDS[0]] if (kind, where) != ("learning", "evaluation") else theirs
        pd.testing.assert_frame_equal(ours, rest.reset_index(drop=True), check_exact=True)
    reason = f"{where}, ArithmeticError: an unlucky context"
    assert io.record(tmp_path / "jrpl_evaluation.parquet")["failures"] == {str(SEEDS[0]): reason}
    assert not list(tmp_path.glob("checkpoint*"))
