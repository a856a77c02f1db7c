"""The published benchmarks: environments with the features that vary and their ranges, fixed under their names.

A study names them and says how many contexts and which agents it takes. Standard library only. Ranges are
multipliers of a feature's default. A change of a line here is a change of what results under its name mean:
give it a new name instead.
"""

from dataclasses import dataclass
from typing import Any

Interval = tuple[float, float]


@dataclass(frozen=True)
class Varied:
    """The train range of a feature, and the intervals outside it that it is tested in."""

    train: Interval
    extrapolation: tuple[Interval, ...] = ()  # half the lower and twice the upper end where none are given

    @property
    def ranges(self) -> dict[str, Any]:
        """As in a study."""
        low, high = self.train
        outside = self.extrapolation or ((low / 2, low), (high, 2 * high))
        return {"train": [low, high], "extrapolation": [list(interval) for interval in outside]}


@dataclass(frozen=True)
class Benchmark:
    """`train_set` is the part of the train ranges that is trained on (see `contexts.ContextSpace`).

    `agents` fit the environment, the one of the full study first. `tier` A has published results; B works, at
    full size only on a cluster. `note` says what is known of the ranges.
    """

    environment: str
    features: dict[str, Varied]
    agents: tuple[str, ...]
    train_set: str = "A"
    tier: str = "A"
    note: str = ""

    @property
    def ranges(self) -> dict[str, Any]:
        """`features` as in a study."""
        return {name: varied.ranges for name, varied in self.features.items()}


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
