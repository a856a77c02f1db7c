"""Files of the doubt pipeline: episodes that were watched, and fitted monitors."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from meta_rl.training import tensor_files
from meta_rl.uncertainty.base import Monitor
from meta_rl.uncertainty.watched import Watched, padded


@dataclass(frozen=True)
class Set:
    """The watched episodes in one set of contexts."""

    ids: Tensor  # int64 [S, C]
    contexts: Tensor  # float64 [S, C, F]
    watched: Watched


@dataclass(frozen=True)
class Episodes:
    """What was watched of a block: its runs by their streams' `keys`, their `seeds`, and a Set per split.

    `information` is the regime that the policies played in; `failures` {key: reason} are runs that are not there.
    """

    spec: dict[str, Any]  # of the training
    keys: tuple[str, ...]
    seeds: tuple[int, ...]
    information: str
    horizon: int
    sets: dict[str, Set]
    record: dict[str, Any]
    failures: dict[str, str]


def save_episodes(path: Path, episodes: Episodes) -> None:
    """Write atomically, cut after the longest episode."""
    tensors: dict[str, Tensor] = {}
    for split, one in episodes.sets.items():
        longest = int(one.watched.steps.max())
        tensors |= {f"{split}/ids": one.ids, f"{split}/contexts": one.contexts}
        for name, value in one.watched.named().items():
            cut = value if value.dim() < 3 else value[:, :, : longest + (name == "observation")]
            tensors[f"{split}/{name}"] = cut.contiguous()
    names = ("spec", "keys", "seeds", "information", "horizon", "record", "failures")
    described = {name: getattr(episodes, name) for name in names} | {"splits": list(episodes.sets)}
    tensor_files.save(path, described, tensors)


def load_episodes(path: Path) -> Episodes:
    """What was written. Raises UserError if the file is not whole, or not what the job is to read."""

    def made(described: dict[str, Any], tensors: dict[str, Tensor]) -> Episodes:
        horizon, sets = described["horizon"], {}
        for split in described["splits"]:
            own = {
                name.removeprefix(f"{split}/"): value
                for name, value in tensors.items()
                if name.startswith(f"{split}/")
            }
            ids, contexts = own.pop("ids"), own.pop("contexts")
            sets[split] = Set(ids, contexts, padded(own, horizon))
        return Episodes(
            described["spec"],
            tuple(described["keys"]),
            tuple(described["seeds"]),
            described["information"],
            horizon,
            sets,
            described["record"],
            described["failures"],
        )

    return tensor_files.load(path, "file of watched episodes", made)


def save_monitors(
    path: Path, monitors: dict[str, Monitor], record: dict[str, Any], failed: dict[str, str]
) -> None:
    """Write what an estimator learnt for each budget, and the runs {seed: reason} for which it could not."""
    tensors = {f"{budget}/{name}": value for budget, one in monitors.items() for name, value in one.items()}
    tensor_files.save(path, {"record": record, "budgets": list(monitors), "failures": failed}, tensors)


def load_monitors(path: Path) -> tuple[dict[str, Monitor], dict[str, str]]:
    """What was written. Raises UserError if the file is not whole, or not what the job is to read."""

    def made(
        described: dict[str, Any], tensors: dict[str, Tensor]
    ) -> tuple[dict[str, Monitor], dict[str, str]]:
        monitors: dict[str, Monitor] = {budget: {} for budget in described["budgets"]}
        for name, value in tensors.items():
            budget, _, own = name.partition("/")
            monitors[budget][own] = value
        return monitors, dict(described["failures"])

    return tensor_files.load(path, "file of a monitor", made)
