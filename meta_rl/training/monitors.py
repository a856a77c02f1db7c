"""Estimators of a block, built from specs, and what they have learnt."""

from typing import Any

import torch

from meta_rl import registry
from meta_rl.streams import Streams
from meta_rl.tables.uncertainty import EPISODE
from meta_rl.training.setup import Setup
from meta_rl.training.watched_files import Episodes
from meta_rl.uncertainty.base import Estimator, Monitor


def estimator(spec: dict[str, Any], episodes: Episodes, some: list[int]) -> Estimator:
    """The spec's estimator, not fitted, for some of the runs that were watched; its random numbers are its own."""
    module = registry.load("estimator", spec["estimator"])
    settings = {k: tuple(v) if isinstance(v, list) else v for k, v in spec["estimator_settings"].items()}
    keys = [f"{episodes.keys[index]}/{spec['estimator']}" for index in some]
    built: Estimator = module.build(module.Config(**settings), Setup(episodes.spec).task, Streams(keys))
    return built


def steps_of(budget: int | str) -> int | None:
    """A budget of the study in steps; None is the whole episode."""
    return None if budget == EPISODE else int(budget)


def join(parts: list[tuple[list[int], dict[str, Monitor]]]) -> dict[str, Monitor]:
    """The monitors of a block's runs, of one stack each, by budget."""
    first = parts[0][1]
    return {
        budget: {name: torch.cat([part[budget][name] for _, part in parts]) for name in monitor}
        for budget, monitor in first.items()
    }
