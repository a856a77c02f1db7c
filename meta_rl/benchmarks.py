"""The published benchmarks: environments with the features that vary and their ranges, fixed under their names.

A study names them and says how many contexts and which agents it takes. Standard library only. Ranges are
multipliers of a feature's default. A change of a line here is a change of what results under its name mean:
give it a new name instead.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Interval = tuple[float, float]
Box = Mapping[str, float | Interval]  # a value or an interval of every factor that it names


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

    `agents` fit the environment, the one of the full study first. `tier` A has published results; B works, at
    full size only on a cluster. `note` says what is known of the ranges.
    """

    environment: str
    features: Mapping[str, Varied | Listed]
    agents: tuple[str, ...]
    train_set: str = "A"
    boxes: Mapping[str, tuple[Box, ...]] = field(default_factory=dict)
    tier: str = "A"
    note: str = ""

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


_WIDE = Varied((0.2, 2.2))  # Ndir, Biedenkapp & Awad 2024 (arXiv 2404.09521)
_GRAVITY = Varied((0.1, 2.2))
_FEASIBLE = Varied((0.4, 1.2), ((0.1, 0.4), (1.2, 1.75)))
_DISCRETE, _CONTINUOUS = ("dqn", "ddqn", "ppo"), ("ddpg", "sac", "ppo")
_GRAVITY_AND_LENGTH = {"gravity": _WIDE, "length": _WIDE}
_FRICTION_AND_DAMPING = {"friction": _WIDE, "damping": _WIDE}
_SCRIPTED = (
    "Its scripted policy knows nothing of the dynamics: that no context is worth anything to it says nothing."
)
_PPO_FIRST = ("ppo", "ddpg", "sac")
_GOAL = Varied((0.5, 1.5), ((0.05, 0.5), (1.5, 2.0)))

BENCHMARKS = {
    "cartpole_tau": Benchmark("cartpole", {"tau": _WIDE}, _DISCRETE),
    "cartpole_length": Benchmark("cartpole", {"length": _WIDE}, _DISCRETE),
    "cartpole_gravity": Benchmark("cartpole", {"gravity": _WIDE}, _DISCRETE),
    "cartpole_gravity_length": Benchmark("cartpole", _GRAVITY_AND_LENGTH, _DISCRETE),
    "cartpole_gravity_length_b": Benchmark("cartpole", _GRAVITY_AND_LENGTH, _DISCRETE, train_set="B"),
    "cartpole_gravity_length_c": Benchmark("cartpole", _GRAVITY_AND_LENGTH, _DISCRETE, train_set="C"),
    "mountaincar_gravity": Benchmark(
        "mountaincar", {"gravity": _GRAVITY}, _DISCRETE,
        note="The far side cannot be solved, which is why there is a feasible variant.",
    ),
    "mountaincar_gravity_feasible": Benchmark("mountaincar", {"gravity": _FEASIBLE}, _DISCRETE),
    "lunarlander_gravity": Benchmark(
        "lunarlander", {"GRAVITY_Y": _GRAVITY}, _DISCRETE,
        note="The far side cannot be solved, which is why there is a feasible variant.",
    ),
    "lunarlander_gravity_feasible": Benchmark("lunarlander", {"GRAVITY_Y": _FEASIBLE}, _DISCRETE),
    "pendulum_length": Benchmark(
        "pendulum", {"l": Varied((0.5, 2.2))}, _CONTINUOUS,
        note="Near-optimal control reaches the success threshold up to about x3.",
    ),
    "striker_gravity": Benchmark("striker", {"gravity": _GRAVITY}, _PPO_FIRST, tier="B"),
    "striker_mass_damping": Benchmark(
        "striker_epi",
        {
            "ball_mass": Varied((1.0, 3.0), ((0.6, 1.0), (3.0, 3.8))),
            "ball_damping": Varied((0.6, 1.6), ((0.4, 0.6), (1.6, 2.0))),
        },
        _PPO_FIRST,
        tier="B",
        note=(
            "Of the 5 x 5 cells of Zhou, Pinto & Gupta 2019 (mass x0.6, 1.4, 2.2, 3, 3.8; damping 0.2 to 1 N s/m) the "
            "inner 9 lie in the train region, 12 in that of single and 4 in that of all extrapolation."
        ),
    ),
    "metaworld_push": Benchmark(
        "metaworld_push", _FRICTION_AND_DAMPING, _PPO_FIRST, tier="B", note=_SCRIPTED
    ),
    "metaworld_pick_place": Benchmark(
        "metaworld_pick_place", _FRICTION_AND_DAMPING, _PPO_FIRST, tier="B", note=_SCRIPTED
    ),
    "metaworld_reach_goal": Benchmark(
        "metaworld_reach_goal",
        {"goal_offset_x": _GOAL, "goal_offset_y": _GOAL, "goal_offset_z": _GOAL},
        _PPO_FIRST,
        tier="B",
        note="The goal changes the reward and not the dynamics.",
    ),
}  # fmt: skip
