from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from block import EPISODES, NAMES, PLAYED, SEEDS, expected, play

from meta_rl.tables import context_frames, io
from meta_rl.tables import contexts as contexts_table
from meta_rl.tables import encodings as encodings_table
from meta_rl.tables import evaluation as evaluation_table
from meta_rl.training import policy


@pytest.mark.parametrize(
    ("method", "information"),
    [("explicit", "cold"), ("jrpl", "cold"), ("jrpl", "probe10"), ("jrpl", "observed_5")],
)
def test_policies_play_their_train_contexts_and_all_held_out_ones(
    made: Path, method: str, information: str
) -> None:
    frame = io.read(made / f"{method}_evaluation.parquet", evaluation_table.TABLE)
    frame = frame[frame["information"] == information]
    assert (frame["method"] == method).all()
    assert (frame["status"] == "ok").all()
    assert frame["initial_value"].notna().all()
    held_out = io.read(made / "held_out.parquet", contexts_table.TABLE)
    block = io.read(made / "block.parquet", contexts_table.TABLE)
    weights = policy.load(made / f"{method}.pt")
    seeds, own_ids, own = context_frames.of_seeds(block, NAMES)
    for index, seed in enumerate(seeds):
        sets = {"train": (own_ids[index], own[index]), **context_frames.of_splits(held_out, NAMES)}
        rows = frame[frame["seed"] == seed]
        assert len(rows) == EPISODES * sum(PLAYED.values())
        for split, (ids, values) in sets.items():
            alone = weights.select(index)
            played = expected(alone, split, ids, values, np.arange(EPISODES), information)
            part = rows[rows["split"] == split].sort_values(["context_id", "episode"])
            assert part["context_id"].tolist() == np.repeat(ids, EPISODES).tolist()
            assert part["episode_return"].tolist() == played.episode_return.tolist()
            assert part["episode_length"].tolist() == played.episode_length.tolist()
            assert part["snapshot"].tolist() == played.snapshot.tolist()
            assert np.allclose(part["discounted_return"], played.discounted_return)
            assert np.allclose(part["initial_value"], played.initial_value)


def test_what_infers_nothing_stands_in_both_regimes_with_the_same_episodes(made: Path) -> None:
    frame = io.read(made / "explicit_evaluation.parquet", evaluation_table.TABLE)
    cold, probed = (
        frame[frame["information"] == name].reset_index(drop=True) for name in ("cold", "probe10")
    )
    assert len(cold) + len(probed) == len(frame)
    pd.testing.assert_frame_equal(cold.assign(information="probe10"), probed, check_exact=True)
    observed = io.read(made / "jrpl_evaluation.parquet", evaluation_table.TABLE)["information"].unique()
    assert list(observed) == ["cold", "probe10", "observed_0", "observed_5", "observed_episode"]


def test_every_snapshot_plays_the_same_share(made: Path) -> None:
    assert policy.load(made / "jrpl.pt").snapshots == 2
    frame = io.read(made / "jrpl_evaluation.parquet", evaluation_table.TABLE)
    ranked = frame["information"].isin(["cold", "probe10"])
    assert (frame.loc[ranked, "snapshot"].value_counts() == ranked.sum() / 2).all()
    assert set(frame.loc[ranked, "snapshot"]) == {98, 100}
    assert set(frame.loc[~ranked, "snapshot"]) == {100}


def test_encodings_are_means_over_the_ends_of_the_last_snapshots_episodes(made: Path) -> None:
    frame = io.read(made / "jrpl_encodings.parquet", encodings_table.TABLE)
    assert set(frame["information"]) == {"cold", "probe10"}
    frame = frame[frame["information"] == "cold"]
    assert set(frame["split"]) == set(PLAYED)
    weights = policy.load(made / "jrpl.pt")
    _, ids, values = context_frames.of_seeds(io.read(made / "block.parquet", contexts_table.TABLE), NAMES)
    for index, seed in enumerate(SEEDS):
        alone = weights.select(index)
        played = expected(alone, "train", ids[index], values[index], np.arange(EPISODES))
        last = played.snapshot == 100
        rows = frame[(frame["seed"] == seed) & (frame["split"] == "train")]
        wide = rows.pivot(index="context_id", columns="dimension", values="value")
        assert wide.index.tolist() == ids[index].tolist()
        assert np.allclose(wide, played.encoding[last].reshape(*wide.shape), rtol=1e-4, atol=1e-6)


def test_methods_that_infer_nothing_have_no_encodings(made: Path) -> None:
    assert io.read(made / "explicit_encodings.parquet", encodings_table.TABLE).empty


@pytest.mark.parametrize("method", ["explicit", "jrpl"])
def test_equal_jobs_leave_equal_bytes(made: Path, method: str, tmp_path: Path) -> None:
    play(made, method, tmp_path)
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (made / path.name).read_bytes()


@pytest.mark.parametrize("method", ["explicit", "jrpl"])
def test_a_diverged_run_is_played_and_marked_and_its_neighbours_are_untouched(
    made: Path, method: str, tmp_path: Path
) -> None:
    weights = policy.load(made / f"{method}.pt")
    for tensor in weights.tensors.values():
        tensor[1] = np.nan
    policy.save(tmp_path / f"{method}.pt", weights)
    for name in ("held_out.parquet", "block.parquet"):
        (tmp_path / name).symlink_to(made / name)
    play(tmp_path, method, tmp_path)
    frame = io.read(tmp_path / f"{method}_evaluation.parquet", evaluation_table.TABLE)
    usual = io.read(made / f"{method}_evaluation.parquet", evaluation_table.TABLE)
    diverged = frame["seed"] == SEEDS[1]
    assert (frame.loc[diverged, "status"] == "diverged").all()
    assert frame.loc[diverged, "initial_value"].isna().all()
    pd.testing.assert_frame_equal(frame[~diverged], usual[~diverged], check_exact=True)
    encodings = io.read(tmp_path / f"{method}_encodings.parquet", encodings_table.TABLE)
    assert encodings["value"].isna().equals(encodings["seed"] == SEEDS[1])


def test_a_value_that_is_not_finite_is_null(made: Path, tmp_path: Path) -> None:
    weights = policy.load(made / "explicit.pt")
    for tensor in weights.tensors.values():
        tensor[1] = 1e30  # finite, but not their products
    policy.save(tmp_path / "explicit.pt", weights)
    for name in ("held_out.parquet", "block.parquet"):
        (tmp_path / name).symlink_to(made / name)
    play(tmp_path, "explicit", tmp_path)
    frame = io.read(tmp_path / "explicit_evaluation.parquet", evaluation_table.TABLE)
    assert set(frame.loc[frame["initial_value"].isna(), "seed"]) == {SEEDS[1]}
