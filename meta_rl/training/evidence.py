"""What estimators are shown and fitted on, put together from files: windows, returns, shortfalls, others' doubts."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from meta_rl import registry
from meta_rl.contexts import DEVELOPMENT, TRAIN
from meta_rl.errors import UserError
from meta_rl.metrics.references import reference_values
from meta_rl.training.monitors import steps_of
from meta_rl.training.watched_files import Episodes
from meta_rl.uncertainty import view
from meta_rl.uncertainty.base import Evidence, Shown
from meta_rl.uncertainty.watched import Watched


@dataclass(frozen=True)
class Sources:
    """The files of a block: `doubts` of other estimators and `references` where they are asked for."""

    spec: dict[str, Any]  # of a job about an estimator
    episodes: Episodes
    doubts: pd.DataFrame | None = None
    deployment: pd.DataFrame | None = None
    references: pd.DataFrame | None = None

    @property
    def entry(self) -> registry.Entry:
        """The estimator's line in the registry."""
        return registry.entry("estimator", self.spec["estimator"])

    def window(self, some: list[int], split: str, budget: int | str) -> Watched:
        """What the estimator is shown of some of the runs at a budget, in one set of contexts."""
        one = self.episodes.sets[split]
        shown = view.window(self.entry, one.watched.runs(some)).first(steps_of(budget))
        if self.doubts is None:
            return shown
        of = self.doubts[(self.doubts["budget"] == str(budget)) & (self.doubts["split"] == split)]
        ids, seeds = one.ids[some].numpy(), [self.episodes.seeds[index] for index in some]
        doubts = {
            str(name): _by_context(frame, "doubt", seeds, ids) for name, frame in of.groupby("estimator")
        }
        return shown._replace(doubts=doubts)

    def context(self, some: list[int], split: str) -> Tensor | None:
        """Contexts [S, C, F], where the estimator is told them."""
        return view.context(self.entry, self.episodes.sets[split].contexts[some])

    def evidence(self, some: list[int], budget: int | str) -> Evidence:
        """What the estimator is fitted on. Raises UserError if a set of contexts is missing."""
        development = [split for split in DEVELOPMENT if split in self.entry.needs]
        return Evidence(**{split: self._shown(some, split, budget) for split in (TRAIN, *development)})

    def _shown(self, some: list[int], split: str, budget: int | str) -> Shown:
        if split not in self.episodes.sets:
            raise UserError(
                f"benchmarks.{self.spec['benchmark']}.contexts.{split}: is missing, but {self.spec['estimator']} is "
                "fitted on it; add it"
            )
        returned = self._returned(some, split)
        shortfall = None
        if self.references is not None:
            shortfall = self._reference(some, split) - returned.mean(-1)
        return view.shown(
            self.entry,
            self.window(some, split, budget),
            self.episodes.sets[split].contexts[some],
            returned,
            shortfall,
        )

    def _returned(self, some: list[int], split: str) -> Tensor:
        """Returns [S, C, E] of the scored episodes."""
        assert self.deployment is not None, "nothing to be fitted on"
        own = self.deployment[self.deployment["split"] == split]
        found = []
        for index, wanted in zip(some, self.episodes.sets[split].ids[some].numpy(), strict=True):
            rows = own[own["seed"] == self.episodes.seeds[index]]
            wide = rows.pivot(index="context_id", columns="episode", values="episode_return")
            found.append(wide.loc[wanted].to_numpy())
        return torch.from_numpy(np.stack(found))

    def _reference(self, some: list[int], split: str) -> Tensor:
        """[S, C]; NaN where the split has none."""
        values = reference_values(self.references, np.inf)
        own = values[values["split"] == split].set_index("context_id")["reference"]
        ids = self.episodes.sets[split].ids[some].numpy()
        return torch.from_numpy(own.reindex(ids.ravel()).to_numpy(dtype=float, copy=True).reshape(ids.shape))


def _by_context(frame: pd.DataFrame, column: str, seeds: list[int], ids: np.ndarray) -> Tensor:
    """[S, C]; NaN where there is none."""
    own = frame.set_index(["seed", "context_id"])[column]
    places = [pd.MultiIndex.from_product([[seed], wanted]) for seed, wanted in zip(seeds, ids, strict=True)]
    return torch.from_numpy(np.stack([own.reindex(place).to_numpy(dtype=float) for place in places]))
