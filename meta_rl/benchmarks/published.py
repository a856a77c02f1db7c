"""The published benchmarks: environments with the features that vary and their ranges, fixed under their names.

A study names them and says how many contexts and which agents it takes. Standard library only. A change of a line
here or in `papers`, where the ranges of papers are, is a change of what results under its name mean: give it a new
name instead.
"""

from meta_rl.benchmarks.base import CONTINUOUS, DISCRETE, SLOW, Benchmark, Listed, Varied
from meta_rl.benchmarks.papers import PROTOCOLS

_WIDE = Varied((0.2, 2.2))  # Ndir, Biedenkapp & Awad 2024 (arXiv 2404.09521)
_GRAVITY = Varied((0.1, 2.2))
_FEASIBLE = Varied((0.4, 1.2), ((0.1, 0.4), (1.2, 1.75)))
_GRAVITY_AND_LENGTH = {"gravity": _WIDE, "length": _WIDE}
_FRICTION_AND_DAMPING = {"friction": _WIDE, "damping": _WIDE}
_SCRIPTED = (
    "Its scripted policy knows nothing of the dynamics: that no context is worth anything to it says nothing."
)
_GOAL = Varied((0.5, 1.5), ((0.05, 0.5), (1.5, 2.0)))
_SIGN = Listed((-1.0, 1.0))
_BLIND = (
    "What is right with one sign is wrong with the other. Who is not told the sign, and cannot remember what actions "
    "did, mostly learns one of them; but the state itself tells a little, and some such policies balance with both."
)

BENCHMARKS = {
    "cartpole_tau": Benchmark("cartpole", {"tau": _WIDE}, DISCRETE),
    "cartpole_length": Benchmark("cartpole", {"length": _WIDE}, DISCRETE),
    "cartpole_gravity": Benchmark("cartpole", {"gravity": _WIDE}, DISCRETE),
    "cartpole_gravity_length": Benchmark("cartpole", _GRAVITY_AND_LENGTH, DISCRETE),
    "cartpole_gravity_length_b": Benchmark("cartpole", _GRAVITY_AND_LENGTH, DISCRETE, train_set="B"),
    "cartpole_gravity_length_c": Benchmark("cartpole", _GRAVITY_AND_LENGTH, DISCRETE, train_set="C"),
    "cartpole_sign": Benchmark("cartpole", {"length": _WIDE, "force_mag": _SIGN}, DISCRETE, note=_BLIND),
    "mountaincar_gravity": Benchmark(
        "mountaincar", {"gravity": _GRAVITY}, DISCRETE,
        note="The far side cannot be solved, which is why there is a feasible variant.",
    ),
    "mountaincar_gravity_feasible": Benchmark("mountaincar", {"gravity": _FEASIBLE}, DISCRETE),
    "lunarlander_gravity": Benchmark(
        "lunarlander", {"GRAVITY_Y": _GRAVITY}, DISCRETE,
        note="The far side cannot be solved, which is why there is a feasible variant.",
    ),
    "lunarlander_gravity_feasible": Benchmark("lunarlander", {"GRAVITY_Y": _FEASIBLE}, DISCRETE),
    "pendulum_length": Benchmark(
        "pendulum", {"l": Varied((0.5, 2.2))}, CONTINUOUS,
        note="Near-optimal control reaches the success threshold up to about x3.",
    ),
    "pendulum_sign": Benchmark(
        "pendulum",
        {"l": Varied((0.5, 1.5), ((0.25, 0.5), (1.5, 2.5))), "gear": _SIGN},
        CONTINUOUS,
        note=_BLIND,
    ),
    "striker_gravity": Benchmark("striker", {"gravity": _GRAVITY}, SLOW, cluster=True),
    "striker_mass_damping": Benchmark(
        "striker_epi",
        {
            "ball_mass": Varied((1.0, 3.0), ((0.6, 1.0), (3.0, 3.8))),
            "ball_damping": Varied((0.6, 1.6), ((0.4, 0.6), (1.6, 2.0))),
        },
        SLOW,
        cluster=True,
        note=(
            "Of the 5 x 5 cells that EPI's code trains in (see `striker_epi_cells`) 9 lie in the train region, 6 in "
            "that of single and 1 in that of all extrapolation; 9 lie beyond."
        ),
    ),
    "metaworld_push": Benchmark(
        "metaworld_push", _FRICTION_AND_DAMPING, SLOW, cluster=True, note=_SCRIPTED
    ),
    "metaworld_pick_place": Benchmark(
        "metaworld_pick_place", _FRICTION_AND_DAMPING, SLOW, cluster=True, note=_SCRIPTED
    ),
    "metaworld_reach_goal": Benchmark(
        "metaworld_reach_goal",
        {"goal_offset_x": _GOAL, "goal_offset_y": _GOAL, "goal_offset_z": _GOAL},
        SLOW,
        cluster=True,
        note="The goal changes the reward and not the dynamics.",
    ),
    **PROTOCOLS,
}  # fmt: skip
