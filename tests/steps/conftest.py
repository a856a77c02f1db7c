"""The files of one block, made once."""

from pathlib import Path

import pytest
from block import collect_spec, play, spec

from meta_rl.steps import collect_trajectories, evaluate_references, sample_contexts, solve_references, train


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of one block, as the workflow makes them."""
    folder = tmp_path_factory.mktemp("made")
    sample_contexts.main(spec("sample_contexts", part="held_out"), folder / "held_out.parquet")
    sample_contexts.main(spec("sample_contexts"), folder / "block.parquet")
    collect_trajectories.main(folder / "block.parquet", None, collect_spec(), folder / "trajectories.parquet")
    solve_references.main(
        spec("solve_references", seeds=2), folder / "checkpoint.pt", folder / "specialists.pt"
    )
    evaluate_references.main(
        [folder / "specialists.pt"],
        folder / "held_out.parquet",
        spec("evaluate_references"),
        folder / "references.parquet",
    )
    for method in ("explicit", "jrpl"):
        train.main(
            folder / "block.parquet",
            None,
            spec("train", method),
            folder / "checkpoint.pt",
            folder / f"{method}.pt",
            folder / f"{method}_learning.parquet",
        )
        play(folder, method, folder)
    return folder
