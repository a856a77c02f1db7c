"""Context sets go into the table and come back the same."""

import numpy as np
import pandas as pd
import pytest
from context_spaces import DOWN

from meta_rl.contexts import DEVELOPMENT, RESULTS, TRAIN, ContextSpace
from meta_rl.envs import cartpole
from meta_rl.tables import context_frames, io
from meta_rl.tables.contexts import TABLE

SPACE = ContextSpace.of(cartpole.features, {"tau": {"train": [0.2, 2.2]}, "gravity": {"train": [0.2, 2.2]}})


def test_rows_say_what_a_context_is() -> None:
    frame = context_frames.to_frame(SPACE, "both", "train", np.array([[5.0, 0.01], [7.0, 0.03]]), seed=3)
    assert frame.to_dict("list") == {
        "benchmark": ["both"] * 4,
        "split": ["train"] * 4,
        "seed": [3] * 4,
        "context_id": [6, 6, 7, 7],
        "feature": ["gravity", "tau", "gravity", "tau"],
        "value": [5.0, 0.01, 7.0, 0.03],
        "unit": ["m/s^2", "s", "m/s^2", "s"],
        "default": [9.8, 0.02, 9.8, 0.02],
        "train_low": [0.2 * 9.8, 0.2 * 0.02] * 2,
        "train_high": [2.2 * 9.8, 2.2 * 0.02] * 2,
        "train_between": [True] * 4,
    }


def test_the_train_range_of_a_negative_default_runs_upwards() -> None:
    space = ContextSpace.of((DOWN,), {"gravity": {"train": [0.2, 2.2]}})
    frame = context_frames.to_frame(space, "down", "train", space.draw_train("run 0", 3), seed=0)
    assert frame[["train_low", "train_high"]].drop_duplicates().to_numpy().tolist() == [[-22.0, -2.0]]


@pytest.fixture
def train() -> pd.DataFrame:
    frames = [
        context_frames.to_frame(SPACE, "both", "train", SPACE.draw_train(f"run {seed}", 12), seed)
        for seed in (9, 10, 11)
    ]
    return pd.concat(frames, ignore_index=True)


def test_train_contexts_come_back_by_seed(train: pd.DataFrame, tmp_path) -> None:
    path = tmp_path / "contexts.parquet"
    io.write(train.sample(frac=1, random_state=0), TABLE, path, {})  # in no order
    seeds, ids, values = context_frames.of_seeds(io.read(path, TABLE), SPACE.names)
    assert seeds.tolist() == [9, 10, 11]
    assert ids.tolist() == [list(range(12 * seed, 12 * seed + 12)) for seed in seeds]
    assert np.array_equal(values, np.stack([SPACE.draw_train(f"run {seed}", 12) for seed in seeds]))


def test_features_come_back_in_the_order_asked_for(train: pd.DataFrame) -> None:
    _, _, values = context_frames.of_seeds(train, SPACE.names)
    _, _, turned = context_frames.of_seeds(train, SPACE.names[::-1])
    assert np.array_equal(turned, values[..., ::-1])


def test_held_out_sets_come_back_by_split(tmp_path) -> None:
    sets = {"interpolation": SPACE.draw_held_out("interpolation", 11), "extrapolation": np.ones((3, 2))}
    frames = [context_frames.to_frame(SPACE, "both", split, values) for split, values in sets.items()]
    path = tmp_path / "contexts.parquet"
    io.write(pd.concat(frames), TABLE, path, {})
    frame = io.read(path, TABLE)
    assert frame["seed"].isna().all()
    found = context_frames.of_splits(frame, SPACE.names)
    assert list(found) == list(sets)
    for split, (ids, values) in found.items():
        assert ids.tolist() == list(range(len(sets[split])))
        assert np.array_equal(values, sets[split])


def test_what_may_be_fitted_on_is_no_result() -> None:
    sets = {split: np.full((2, 2), number) for number, split in enumerate((TRAIN, *DEVELOPMENT, *RESULTS))}
    frame = pd.concat(
        [context_frames.to_frame(SPACE, "both", split, values) for split, values in sets.items()]
    )
    results = [TRAIN, *RESULTS]
    assert context_frames.for_results(frame)["split"].unique().tolist() == results
    found = context_frames.of_splits(frame, SPACE.names)
    assert {split: values.tolist() for split, (_, values) in found.items()} == {
        split: sets[split].tolist() for split in results
    }
