from pathlib import Path

import numpy as np
import pytest
from block import BENCHMARK, COUNTS, NAMES, PLAYED, SEEDS, STUDY, space, spec

from meta_rl.contexts import DEVELOPMENT
from meta_rl.envs import cartpole
from meta_rl.errors import UserError
from meta_rl.steps import evaluate_references, sample_contexts, score
from meta_rl.tables import context_frames, io
from meta_rl.tables import contexts as contexts_table
from meta_rl.tables import evaluation as evaluation_table
from meta_rl.tables import references as references_table
from meta_rl.tables import scores as scores_table


def test_held_out_splits_are_those_of_the_benchmark(made: Path) -> None:
    frame = io.read(made / "held_out.parquet", contexts_table.TABLE)
    assert frame["seed"].isna().all()
    assert set(frame["split"]) == set(COUNTS) - {"train"}
    for split, rows in frame.groupby("split"):
        ids, values = context_frames.values(rows, NAMES)
        assert ids.tolist() == list(range(COUNTS[split]))
        assert np.array_equal(values, space().draw_held_out(split, COUNTS[split]))


def test_sets_to_fit_on_are_drawn_but_no_policy_and_no_reference_plays_in_them(made: Path) -> None:
    drawn = set(io.read(made / "held_out.parquet", contexts_table.TABLE)["split"])
    assert set(DEVELOPMENT) < drawn
    results = drawn - set(DEVELOPMENT)
    references = io.read(made / "references.parquet", references_table.TABLE)
    assert set(references["split"]) == results
    for method in ("explicit", "jrpl"):
        frame = io.read(made / f"{method}_evaluation.parquet", evaluation_table.TABLE)
        assert set(frame["split"]) == results | {"train"}


def test_scores_are_complete_without_the_sets_to_fit_on(made: Path, tmp_path: Path) -> None:
    evaluate_references.main(
        [made / "specialists.pt"],
        made / "block.parquet",
        spec("evaluate_references"),
        tmp_path / "train.parquet",
    )
    score.main(
        [made / "explicit_evaluation.parquet"],
        [made / "references.parquet", tmp_path / "train.parquet"],
        [made / "held_out.parquet", made / "block.parquet"],
        spec("score"),
        tmp_path / "scores.parquet",
    )
    frame = io.read(tmp_path / "scores.parquet", scores_table.TABLE)
    assert frame.groupby("split")["context_id"].count().to_dict() == {
        split: count * len(SEEDS) * 2 for split, count in PLAYED.items()
    }  # in both regimes


def test_train_contexts_are_each_seeds_own(made: Path) -> None:
    frame = io.read(made / "block.parquet", contexts_table.TABLE)
    seeds, ids, values = context_frames.of_seeds(frame, NAMES)
    count = COUNTS["train"]
    for seed, own_ids, own in zip(seeds, ids, values, strict=True):
        assert own_ids.tolist() == list(range(seed * count, (seed + 1) * count))
        assert np.array_equal(own, space().draw_train(f"{BENCHMARK} run {seed}", count))


def test_the_next_block_has_the_next_seeds_and_ids_of_its_own(made: Path, tmp_path: Path) -> None:
    second = list(STUDY.blocks)[1]
    sample_contexts.main(spec("sample_contexts", part=second), tmp_path / "second.parquet")
    frames = [
        io.read(path, contexts_table.TABLE) for path in (made / "block.parquet", tmp_path / "second.parquet")
    ]
    seeds = [frame["seed"].unique().tolist() for frame in frames]
    first, count = STUDY.blocks[second]
    assert seeds[1] == list(range(first, first + count))
    assert not set(frames[0]["context_id"]) & set(frames[1]["context_id"])
    assert not set(frames[0]["value"]) & set(frames[1]["value"])


def test_an_environment_unlike_carl_bench_gets_no_contexts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cartpole, "carl", "CARLAcrobot")
    with pytest.raises(UserError, match="CARLAcrobot has no feature 'gravity'"):
        sample_contexts.main(spec("sample_contexts"), tmp_path / "contexts.parquet")
    assert not list(tmp_path.iterdir())
