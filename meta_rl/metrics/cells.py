"""The runs of one method on one split: what they returned in each context, and what was possible there."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

APART = "unsolvable_return"


class Cell(NamedTuple):
    """The runs of one method on one split."""

    seeds: tuple[int, ...]
    # episode_return, score and APART, [R, C], NaN where a run has no such context; in the last one only those in which
    # nobody can succeed, in the others only those in which somebody may
    columns: dict[str, np.ndarray]
    lowest: dict[str, np.ndarray]  # what the columns can be at least, and at most; NaN, where they are
    highest: dict[str, np.ndarray]
    solvable: np.ndarray  # bool [R, C]
    success: float  # return from which a context counts as solved

    def select(self, seeds: Iterable[int]) -> "Cell":
        """The runs of some of the seeds, in their order."""
        rows = [self.seeds.index(seed) for seed in seeds]
        columns, lowest, highest = (
            {name: values[rows] for name, values in of.items()}
            for of in (self.columns, self.lowest, self.highest)
        )
        seeds = tuple(self.seeds[row] for row in rows)
        return Cell(seeds, columns, lowest, highest, self.solvable[rows], self.success)

    def counts(self, *columns: str) -> tuple[int, int, int]:
        """Runs, then contexts and solvable contexts per run: their mean, rounded down, where runs differ.

        Those count that are in one of the columns.
        """
        present = np.logical_or.reduce([~np.isnan(self.columns[column]) for column in columns])
        n = len(self.seeds)
        return n, int(present.sum()) // n, int((present & self.solvable).sum()) // n


def cell_of(group: pd.DataFrame) -> Cell:
    kept, apart = group["solvable"] != "false", group["solvable"] == "false"
    parted = {name: group[name].where(kept) for name in ("episode_return", "score")}
    parted |= {APART: group["episode_return"].where(apart), "solvable": group["solvable"] == "true"}
    wide = group.assign(**parted).pivot(index="seed", columns="context_id")
    columns = {name: wide[name].to_numpy(dtype=float) for name in ("episode_return", "score", APART)}
    random, reference = (wide[name].to_numpy(dtype=float) for name in ("random", "reference"))
    solvable, success = wide["solvable"].eq(True).to_numpy(), float(group["success"].iloc[0])
    ends = []
    for name, unknown in (("lowest", -np.inf), ("highest", np.inf)):
        end = group[name].fillna(unknown).iloc[0]
        # Where nothing is known, or scores are not defined.
        with np.errstate(divide="ignore", invalid="ignore"):
            of_score = (end - random) / (reference - random)
        possible = {"episode_return": end, APART: end, "score": of_score}
        ends.append(
            {
                column: np.where(np.isnan(values), np.nan, possible[column])
                for column, values in columns.items()
            }
        )
    return Cell(tuple(wide.index), columns, ends[0], ends[1], solvable, success)


def range_of(*ends: np.ndarray) -> tuple[float, float]:
    """The least and the greatest of numbers per run, [R]; anything where a run has none."""
    every = np.concatenate(ends)
    return (-np.inf, np.inf) if np.isnan(every).any() else (float(every.min()), float(every.max()))
