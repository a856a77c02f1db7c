"""What a published benchmark is: an environment with the features that vary and their ranges.

Standard library only. Ranges are multipliers of a feature's default.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Interval = tuple[float, float]
Box = Mapping[str, float | Interval]  # a value or an interval of every factor that it names
# Agents by the actions that they take; where episodes are slow, the on-policy one comes first.
DISCRETE, CONTINUOUS, SLOW = ("dqn", "ddqn", "ppo"), ("ddpg", "sac", "ppo"), ("ppo", "ddpg", "sac")


@dataclass(frozen=True)
class Varied:
    """The train range of a factor, and the intervals outside it that it is tested in.

    A factor multiplies the feature of its name, or all of its `features`.
    """

    train: Interval
    extrapolation: tuple[Interval, ...] | None = None  # half the lower and twice the upper end unless given
    features: tuple[str, ...] = ()

    @property
    def ranges(self) -> dict[str, Any]:
        """As in a study."""
        low, high = self.train
        outside = ((low / 2, low), (high, 2 * high)) if self.extrapolation is None else self.extrapolation
        said = {"train": [low, high], "extrapolation": [list(interval) for interval in outside]}
        return said | ({"features": list(self.features)} if self.features else {})


@dataclass(frozen=True)
class Listed:
    """The values of a factor that are trained on, and those between and outside them that it is tested at."""

    values: tuple[float, ...]
    interpolation: tuple[float, ...] = ()
    extrapolation: tuple[float, ...] = ()
    features: tuple[str, ...] = ()

    @property
    def ranges(self) -> dict[str, Any]:
        """As in a study."""
        said = {key: list(getattr(self, key)) for key in ("values", "interpolation", "extrapolation")}
        return said | ({"features": list(self.features)} if self.features else {})


@dataclass(frozen=True)
class Benchmark:
    """`features` are its factors; `train_set` and `boxes` say what of them belongs together (see
    `contexts.ContextSpace`).

    `agents` fit the environment, the one of the full study first. Of slow simulators, `cluster` says that full size
    takes one. `note` says what is known of the ranges. Ranges of others have a `source`: the paper, the authors' file
    and its figures; `differs` says what else than the ranges is not as there.
    """

    environment: str
    features: Mapping[str, Varied | Listed]
    agents: tuple[str, ...]
    train_set: str = "A"
    boxes: Mapping[str, tuple[Box, ...]] = field(default_factory=dict)
    cluster: bool = False
    note: str = ""
    source: str = ""
    differs: str = ""

    @property
    def ranges(self) -> dict[str, Any]:
        """`features` as in a study."""
        return {name: factor.ranges for name, factor in self.features.items()}

    @property
    def space(self) -> tuple[dict[str, Any], str, dict[str, Any]]:
        """Features, train set and boxes as in a study."""
        boxes = {
            region: [
                {name: list(piece) if isinstance(piece, tuple) else piece for name, piece in box.items()}
                for box in union
            ]
            for region, union in self.boxes.items()
        }
        return self.ranges, self.train_set, boxes
