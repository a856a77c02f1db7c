"""Ranges that papers published, as benchmarks under the papers' names; the figures are those of the authors' code.

What they sample at each reset is drawn here once per run or region, as in every benchmark: contexts are frozen sets,
in which each interval, cell or box has its equal share. Their figures are values; here stand multipliers of defaults.
"""

from typing import NamedTuple

from meta_rl.benchmarks.base import CONTINUOUS, DISCRETE, SLOW, Benchmark, Interval, Listed, Varied

_QUARTER = Varied((0.75, 1.25), ((0.5, 0.75), (1.25, 1.5)))
_FIFTHS = (0.75, 0.85, 1.0, 1.15, 1.25)
_HOPPER = ("thigh", "leg", "foot")
_CHEETAH = ("bthigh", "bshin", "bfoot", "fthigh", "fshin", "ffoot")
_WALKER = (*_HOPPER, "thigh_left", "leg_left", "foot_left")
_TWENTIETHS = tuple(number / 100 for number in range(75, 130, 5))  # 0.75, 0.8, ... 1.25


def _packer(figures: str) -> str:
    return (
        "Packer et al. 2018 (arXiv 1810.12282), their Random for training and their Extreme, outside in every feature, "
        f"as all_extrapolation; sunblaze-ucb/rl-generalization, sunblaze_envs/classic_control.py: {figures}."
    )


def _cadm(figures: str) -> str:
    return (
        "Lee et al. 2020, CaDM (ICML, arXiv 2005.06800); younggyoseo/CaDM, cadm/envs/config.py and classic_control.py: "
        f"{figures}. They have no contexts between."
    )


class _Ends(NamedTuple):
    """A factor of EPI's hopper: its values and some between, and intervals inside, below and above them."""

    listed: Listed
    inside: Interval
    below: Interval
    above: Interval


_MASS = _Ends(Listed((0.5, 1.0, 1.5, 2.0, 2.5), (0.75, 2.25)), (0.5, 2.5), (0.25, 0.45), (2.55, 2.75))
_FOOT = _Ends(Listed((0.7, 0.85, 1.0, 1.15, 1.3), (1.075,)), (0.7, 1.3), (0.625, 0.685), (1.315, 1.375))
_JOINT = _Ends(Listed((0.7, 1.0, 1.3, 1.6, 1.9), (1.15,)), (0.7, 1.9), (0.55, 0.67), (1.93, 2.05))
_EPI = {
    **{f"mass_{part}": _MASS for part in ("torso", *_HOPPER)},
    "friction_foot_geom": _FOOT,
    **{f"damping_{part}_joint": _JOINT for part in _HOPPER},
}


def _epi(masses: str, others: str) -> dict[str, Interval]:
    """A box of EPI's hopper: where all masses lie, and where all else."""
    return {name: getattr(own, masses if own is _MASS else others) for name, own in _EPI.items()}


def _aib(environment: str, joints: tuple[str, ...]) -> Benchmark:
    strength = tuple(f"strength_{joint}_joint" for joint in joints)
    return Benchmark(
        environment,
        {
            "gravity": Varied((4.91 / 9.81, 14.71 / 9.81), ((0.98 / 9.81, 4.91 / 9.81), (14.71 / 9.81, 2.0))),
            "strength": Varied((0.5, 1.5), ((0.1, 0.5), (1.5, 2.0)), strength),
        },
        SLOW,
        cluster=True,
        source=(
            "Zero-shot actuator inversion, DMA*-SH, 2026 (arXiv 2602.06550); dma-sh/dmash, dmash/contexts/context.py: "
            "gravity [4.91, 14.71] m/s^2 with the strength of all actuators [0.5, 1.5], outside [0.98, 19.62] and "
            "[0.1, 2], beyond in both, as all_extrapolation. Their contexts are 20 points of an even mesh."
        ),
        differs="nothing else: horizon, reward and start are the same.",
    )


PROTOCOLS = {
    "cartpole_packer": Benchmark(
        "cartpole",
        {
            "masspole": Varied((0.5, 5.0), ((0.1, 0.5), (5.0, 10.0))),
            "length": Varied((0.5, 1.5), ((0.1, 0.5), (1.5, 2.0))),
            "force_mag": Varied((0.5, 1.5), ((0.1, 0.5), (1.5, 2.0))),
        },
        DISCRETE,
        source=_packer(
            "force [5, 15] N, outside [1, 5] and [15, 20]; length [0.25, 0.75] m, outside [0.05, 0.25] and [0.75, 1]; "
            "mass of the pole [0.05, 0.5] kg, outside [0.01, 0.05] and [0.5, 1]"
        ),
        differs="their horizon is 200 steps, and success is to balance for 195; reward and start are the same.",
    ),
    "cartpole_cadm": Benchmark(
        "cartpole",
        {
            "length": Listed((0.8, 0.9, 1.0, 1.1, 1.2)),
            "force_mag": Listed(tuple(number / 10 for number in range(5, 16))),
        },
        DISCRETE,
        boxes={
            "extrapolation": (
                {"force_mag": (0.2, 0.25), "length": (0.3, 0.4)},
                {"force_mag": (0.3, 0.35), "length": (0.5, 0.6)},
                {"force_mag": (1.65, 1.7), "length": (1.4, 1.5)},
                {"force_mag": (1.75, 1.8), "length": (1.6, 1.7)},
            )
        },
        source=_cadm(
            "force 5 to 15 N by 1 and length 0.4 to 0.6 m by 0.05; tested in four boxes of (force, length): [2, 2.5] "
            "with [0.15, 0.2], [3, 3.5] with [0.25, 0.3], [16.5, 17] with [0.7, 0.75], [17.5, 18] with [0.8, 0.85]"
        ),
        differs="their horizon is 200 steps; reward and start are the same.",
    ),
    "mountaincar_packer": Benchmark(
        "mountaincar",
        {
            "gravity": Varied((0.4, 2.0), ((0.2, 0.4), (2.0, 4.0))),
            "force": Varied((0.5, 5.0), ((0.1, 0.5), (5.0, 10.0))),
        },
        DISCRETE,
        note="Where force is weak and gravity strong, value iteration finds no way to the goal in time.",
        source=_packer(
            "force [0.0005, 0.005], outside [0.0001, 0.0005] and [0.005, 0.01]; mass [0.001, 0.005], outside "
            "[0.0005, 0.001] and [0.005, 0.01]. Their mass, 0.0025 by default, is what Gymnasium calls `gravity`: the "
            "pull of the slope"
        ),
        differs="success there is to arrive within 110 steps; horizon, reward and start are the same.",
    ),
    "acrobot_packer": Benchmark(
        "acrobot",
        {
            "LINK_LENGTH_1": _QUARTER,
            "mass": Varied(_QUARTER.train, _QUARTER.extrapolation, ("LINK_MASS_1", "LINK_MASS_2")),
            "LINK_MOI": _QUARTER,
        },
        DISCRETE,
        note="Its controller knows nothing of the dynamics: that no context is worth anything to it says nothing.",
        source=_packer(
            "mass and length, each of both links, and inertia [0.75, 1.25], outside [0.5, 0.75] and [1.25, 1.5]. The "
            "second link's length, which they change, too, is not in the equations of motion"
        ),
        differs="success there is to arrive within 90 steps; horizon, reward and start are the same.",
    ),
    "pendulum_packer": Benchmark(
        "pendulum",
        {"m": _QUARTER, "l": _QUARTER},
        CONTINUOUS,
        source=_packer("mass and length [0.75, 1.25], outside [0.5, 0.75] and [1.25, 1.5]"),
        differs=(
            "success there is to spend the last 100 steps within pi / 3 of the top, and their angle moves by the speed "
            "before it is bounded; horizon, reward and start are the same."
        ),
    ),
    "pendulum_cadm": Benchmark(
        "pendulum",
        {"m": Listed(_TWENTIETHS), "l": Listed(_TWENTIETHS)},
        CONTINUOUS,
        boxes={
            "extrapolation": (
                {"m": (0.2, 0.4), "l": (1.6, 1.8)},
                {"m": (0.5, 0.7), "l": (1.3, 1.5)},
                {"m": (1.3, 1.5), "l": (0.5, 0.7)},
                {"m": (1.6, 1.8), "l": (0.2, 0.4)},
            )
        },
        source=_cadm(
            "mass and length 0.75 to 1.25 by 0.05; tested in four boxes of (mass, length): [0.2, 0.4] with [1.6, 1.8], "
            "[0.5, 0.7] with [1.3, 1.5], [1.3, 1.5] with [0.5, 0.7], [1.6, 1.8] with [0.2, 0.4]"
        ),
        differs=(
            "their starts hang within pi / 8 of the bottom at 0.2 rad/s at most, a torque costs a quarter, and their "
            "angle moves by the speed before it is bounded; the horizon is the same."
        ),
    ),
    "striker_epi_cells": Benchmark(
        "striker_epi",
        {
            "ball_mass": Listed((0.2, 1.0, 1.8, 2.6, 3.4), (0.6, 1.4, 2.2, 3.0), (3.8,)),
            "ball_damping": Listed((0.2, 0.6, 1.0, 1.4, 1.8), (0.4, 0.8, 1.2, 1.6), (2.0,)),
        },
        SLOW,
        cluster=True,
        source=(
            "Zhou, Pinto & Gupta 2019, EPI (ICLR, arXiv 1907.11740); Wenxuan-Zhou/EPI, EPI/envs/striker_avg.py: mass "
            "of the ball x0.2, 1, 1.8, 2.6, 3.4 with damping 0.1, 0.3, 0.5, 0.7, 0.9 N s/m. Their evaluate.py draws "
            "from the same cells; between and outside, half a step away, are ours."
        ),
        differs="horizon, reward and start of the ball are the same; docs/striker.md says what is not.",
    ),
    "hopper_epi": Benchmark(
        "hopper",
        {name: own.listed for name, own in _EPI.items()},
        SLOW,
        boxes={
            "extrapolation": (
                _epi("below", "inside"),
                _epi("above", "inside"),
                _epi("inside", "below"),
                _epi("inside", "above"),
            )
        },
        cluster=True,
        source=(
            "Zhou, Pinto & Gupta 2019, EPI (ICLR, arXiv 1907.11740); Wenxuan-Zhou/EPI, EPI/envs/hopper_avg.py: four "
            "masses with their inertias x0.5, 1, 1.5, 2, 2.5, friction of the foot 1.4, 1.7, 2, 2.3, 2.6, damping of "
            "three joints 0.7, 1, 1.3, 1.6, 1.9 N m s/rad, each by itself. Their evaluate.py draws from the same "
            "values; what lies between and, as far as half a step, outside (either the masses or all else) is ours."
        ),
        differs=(
            "horizon, reward and start are the same, but for the 1 for staying up in the step that ends an episode; "
            "what follows from masses is computed here and not there."
        ),
    ),
    "halfcheetah_cadm": Benchmark(
        "halfcheetah",
        {
            "mass": Listed(_FIFTHS, features=tuple(f"mass_{part}" for part in ("torso", *_CHEETAH))),
            "damping": Listed(_FIFTHS, features=tuple(f"damping_{part}" for part in _CHEETAH)),
        },
        SLOW,
        boxes={
            "extrapolation": tuple(
                {"mass": box, "damping": box} for box in ((0.2, 0.3), (0.4, 0.5), (1.5, 1.6), (1.7, 1.8))
            )
        },
        cluster=True,
        source=_cadm(
            "all masses and all dampings x0.75, 0.85, 1, 1.15, 1.25; tested in four boxes, in which both lie in "
            "[0.2, 0.3], [0.4, 0.5], [1.5, 1.6] or [1.7, 1.8]"
        ).replace("classic_control.py", "half_cheetah_env.py"),
        differs=(
            "their inertias keep their values, as does all that follows from masses; they observe the forward speed, "
            "and start with a hundredth of the noise; horizon and reward are the same."
        ),
    ),
    "hopper_aib": _aib("hopper", _HOPPER),
    "walker2d_aib": _aib("walker2d", _WALKER),
}
