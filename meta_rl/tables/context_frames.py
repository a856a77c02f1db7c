"""Context sets as rows of the `contexts` table, and back."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from meta_rl.contexts import DEVELOPMENT, TRAIN, ContextSpace
from meta_rl.streams import run_key


def to_frame(
    space: ContextSpace, benchmark: str, split: str, values: np.ndarray, seed: int | None = None
) -> pd.DataFrame:
    """Rows of the table for contexts [C, F]; ids count within a split, over all seeds."""
    count, features = values.shape
    first = 0 if seed is None else seed * count
    low, high = space.bounds()
    return pd.DataFrame(
        {
            "benchmark": benchmark,
            "split": split,
            "seed": pd.array([seed] * values.size, dtype="Int64"),
            "context_id": np.repeat(np.arange(first, first + count), features),
            "feature": np.tile(space.names, count),
            "value": values.ravel(),
            "unit": np.tile([feature.unit for feature in space.features], count),
            "default": np.tile(space.defaults, count),
            "train_low": np.tile(low, count),
            "train_high": np.tile(high, count),
            "train_between": np.tile(space.between, count),
        }
    )


def trained(space: ContextSpace, benchmark: str, seeds: Iterable[int], count: int) -> pd.DataFrame:
    """The train contexts of runs, `count` of each."""
    drawn = {seed: space.draw_train(run_key(benchmark, seed), count) for seed in seeds}
    frames = [to_frame(space, benchmark, TRAIN, values, seed) for seed, values in drawn.items()]
    return pd.concat(frames, ignore_index=True)


def held_out(space: ContextSpace, benchmark: str, counts: Mapping[str, int]) -> pd.DataFrame:
    """The frozen contexts of splits, so many of each."""
    drawn = {split: space.draw_held_out(split, count) for split, count in counts.items()}
    frames = [to_frame(space, benchmark, split, values) for split, values in drawn.items()]
    return pd.concat(frames, ignore_index=True)


def values(frame: pd.DataFrame, names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Ids [C] and values [C, F] of the contexts of one split, or of one seed's train contexts."""
    wide = frame.pivot(index="context_id", columns="feature", values="value").sort_index()
    return wide.index.to_numpy(), wide[list(names)].to_numpy()


def of_seeds(frame: pd.DataFrame, names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Seeds [S], ids [S, C] and values [S, C, F] of train contexts."""
    seeds = np.sort(frame["seed"].unique().to_numpy(dtype=np.int64))
    ids, contexts = zip(*(values(frame[frame["seed"] == seed], names) for seed in seeds), strict=True)
    return seeds, np.stack(ids), np.stack(contexts)


def for_results(frame: pd.DataFrame) -> pd.DataFrame:
    """The contexts that policies are evaluated in: without those that something may be fitted on."""
    return frame[~frame["split"].isin(DEVELOPMENT)]


def of_splits(
    frame: pd.DataFrame, names: tuple[str, ...], development: bool = False
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Ids [C] and values [C, F] of each split that policies are evaluated in, with those of `development` if asked."""
    splits = (frame if development else for_results(frame)).groupby("split", sort=False)
    return {str(split): values(rows, names) for split, rows in splits}
