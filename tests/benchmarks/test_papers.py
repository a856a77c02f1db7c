"""Published protocols: multipliers of our defaults are the figures of the authors' code, in their units."""

import numpy as np
import pytest
from context_spaces import published

from meta_rl import registry
from meta_rl.benchmarks.papers import PROTOCOLS
from meta_rl.benchmarks.published import BENCHMARKS
from meta_rl.contexts import EXTRAPOLATION, INTERPOLATION

QUARTER = ([(0.75, 1.25)], [(0.5, 0.75), (1.25, 1.5)])
# Per feature what is trained on and what lies outside, as pieces (from, to) in the unit of the authors' code.
PACKER = {
    "cartpole_packer": {
        "masspole": ([(0.05, 0.5)], [(0.01, 0.05), (0.5, 1.0)]),
        "length": ([(0.25, 0.75)], [(0.05, 0.25), (0.75, 1.0)]),
        "force_mag": ([(5, 15)], [(1, 5), (15, 20)]),
    },
    "mountaincar_packer": {
        "gravity": ([(0.001, 0.005)], [(0.0005, 0.001), (0.005, 0.01)]),
        "force": ([(0.0005, 0.005)], [(0.0001, 0.0005), (0.005, 0.01)]),
    },
    "acrobot_packer": dict.fromkeys(("LINK_LENGTH_1", "LINK_MASS_1", "LINK_MASS_2", "LINK_MOI"), QUARTER),
    "pendulum_packer": {"m": QUARTER, "l": QUARTER},
}
TWENTIETHS = np.arange(75, 126, 5) / 100
CADM = {
    "cartpole_cadm": (
        {"length": [0.4, 0.45, 0.5, 0.55, 0.6], "force_mag": np.arange(5, 16)},
        [
            {"length": (0.15, 0.2), "force_mag": (2, 2.5)},
            {"length": (0.25, 0.3), "force_mag": (3, 3.5)},
            {"length": (0.7, 0.75), "force_mag": (16.5, 17)},
            {"length": (0.8, 0.85), "force_mag": (17.5, 18)},
        ],
    ),
    "pendulum_cadm": (
        {"m": TWENTIETHS, "l": TWENTIETHS},
        [
            {"m": (0.2, 0.4), "l": (1.6, 1.8)},
            {"m": (0.5, 0.7), "l": (1.3, 1.5)},
            {"m": (1.3, 1.5), "l": (0.5, 0.7)},
            {"m": (1.6, 1.8), "l": (0.2, 0.4)},
        ],
    ),
}


@pytest.mark.parametrize("name", PACKER)
def test_ranges_are_those_of_packer(name: str) -> None:
    found = {
        feature.name: tuple(feature.default * pieces for pieces in (factor.train, factor.extrapolation))
        for factor in published(name).factors
        for feature in factor.features
    }
    assert found.keys() == PACKER[name].keys()
    for feature, pieces in PACKER[name].items():
        for own, theirs in zip(found[feature], pieces, strict=True):
            assert np.allclose(own, theirs, rtol=1e-12)


@pytest.mark.parametrize("name", CADM)
def test_values_and_boxes_are_those_of_cadm(name: str) -> None:
    space, (values, boxes) = published(name), CADM[name]
    assert space.names == tuple(values)
    assert list(space.regions) == [EXTRAPOLATION]
    for factor, default in zip(space.factors, space.defaults, strict=True):
        assert np.allclose(default * factor.train, np.array(values[factor.name])[:, None], rtol=1e-12)
    drawn = space.draw_held_out(EXTRAPOLATION, 4 * 16)
    for number, box in enumerate(sorted(boxes, key=lambda one: one[space.names[0]])):
        for own, ends in zip(drawn[number::4].T, box.values(), strict=True):
            assert np.histogram(own, bins=4, range=ends)[0].tolist() == [4] * 4


def test_epi_is_trained_on_the_cells_of_its_public_code_and_tested_between_and_outside() -> None:
    space = published("striker_epi_cells")
    mass, damping = (factor.train[:, 0] for factor in space.factors)
    assert np.allclose(mass, [((scale - 0.1) * 8 + 1) for scale in (0, 0.1, 0.2, 0.3, 0.4)])
    # As the code computes them.
    assert np.allclose(0.5 * damping, [(scale - 0.2) * 2 + 0.5 for scale in (0, 0.1, 0.2, 0.3, 0.4)])
    assert space.defaults.tolist() == [0.157, 0.5]
    assert len(np.unique(space.draw_train("run 0", 25).round(6), axis=0)) == 25
    between = space.draw_held_out(INTERPOLATION, 16) / space.defaults
    assert set(between[:, 0].round(6)) == {0.6, 1.4, 2.2, 3.0}
    assert set((0.5 * between[:, 1]).round(6)) == {0.2, 0.4, 0.6, 0.8}
    both = space.draw_held_out("all_extrapolation", 1)
    assert np.allclose(both, [[3.8 * 0.157, 1.0]])


def test_where_the_cells_lie_in_our_ranges_over_them_is_what_the_note_says() -> None:
    places = []
    for cells, ranges in zip(
        published("striker_epi_cells").factors, published("striker_mass_damping").factors, strict=True
    ):
        own = cells.train[:, :1]
        inside, outside = (
            ((own >= pieces[:, 0]) & (own <= pieces[:, 1])).any(axis=1)
            for pieces in (ranges.train, ranges.extrapolation)
        )
        places.append(np.where(inside, 0, np.where(outside, 1, 9)))
    counts = np.bincount(np.add.outer(*places).ravel(), minlength=3)
    assert counts[:3].tolist() == [9, 6, 1]
    assert counts[3:].sum() == 9
    note = BENCHMARKS["striker_mass_damping"].note
    assert (
        "9 lie in the train region, 6 in that of single and 1 in that of all extrapolation; 9 lie beyond"
        in note
    )


def test_the_car_that_packer_calls_heavy_is_that_of_gymnasium_under_more_gravity() -> None:
    """Their step, written down from their file, beside ours; their `mass` is Gymnasium's `gravity`."""
    rng, module = np.random.default_rng(0), registry.load("environment", "mountaincar")
    position, velocity = rng.uniform(-1.2, 0.45, 500), rng.uniform(-0.07, 0.07, 500)
    force, mass, action = (
        rng.uniform(5e-4, 5e-3, 500),
        rng.uniform(1e-3, 5e-3, 500),
        rng.integers(3, size=500),
    )
    defaults = [feature.default for feature in module.features]
    ours, *_ = module.step((position, velocity), action, (mass, force, *defaults[2:]))
    theirs = np.clip(velocity + (action - 1) * force - np.cos(3 * position) * mass, -0.07, 0.07)
    place = np.clip(position + theirs, -1.2, 0.6)
    assert np.allclose(ours[0], place, rtol=0, atol=1e-12)
    assert np.allclose(ours[1], np.where((place == -1.2) & (theirs < 0), 0, theirs), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_each_says_where_it_is_from_and_what_differs(name: str) -> None:
    assert "arXiv" in PROTOCOLS[name].source
    assert ".py" in PROTOCOLS[name].source
    assert "start" in PROTOCOLS[name].differs
    assert "horizon" in PROTOCOLS[name].differs
    assert name.split("_")[0] in PROTOCOLS[name].environment


PARTS = ("torso", "thigh", "leg", "foot")


def test_epis_hopper_is_trained_on_the_values_that_its_public_code_computes() -> None:
    """In kg, 1 and N m s/rad; each factor by itself."""
    space = published("hopper_epi")
    scales = np.arange(5) * 0.1
    found = {
        factor.name: default * factor.train[:, 0]
        for factor, default in zip(space.factors, space.defaults, strict=True)
    }
    assert len(found) == 8
    for part, default in zip(PARTS, space.defaults[:4], strict=True):
        assert np.allclose(found[f"mass_{part}"], ((scales - 0.1) * 5 + 1) * default)
    assert np.allclose(found["friction_foot_geom"], (scales - 0.2) * 3 + 2)
    for part in PARTS[1:]:
        assert np.allclose(found[f"damping_{part}_joint"], (scales - 0.1) * 3 + 1)
    assert len(np.unique(space.draw_train("run 0", 100), axis=0)) == 100


def test_beyond_epis_values_lie_the_masses_or_all_else() -> None:
    """Four boxes in turns: one group lies on one side of all its values, and at most half a step away."""
    space = published("hopper_epi")
    low, high = space.bounds()
    drawn = space.draw_held_out(EXTRAPOLATION, 40)
    assert list(space.regions) == [INTERPOLATION, EXTRAPOLATION]
    masses = np.array([name.startswith("mass") for name in space.names])
    groups = [(drawn < low, masses), (drawn < low, ~masses), (drawn > high, masses), (drawn > high, ~masses)]
    sides = np.stack([beyond[:, group].all(axis=1) for beyond, group in groups])
    assert sides.sum(axis=0).tolist() == [1] * 40
    assert sides.sum(axis=1).tolist() == [10] * 4
    steps = np.array([0.5] * 4 + [0.15] + [0.3] * 3) * space.defaults
    outside = np.maximum(low - drawn, drawn - high) / steps
    assert outside.max() <= 0.5 + 1e-9
    assert ((outside > 0).sum(axis=1) == 4).all()


def test_the_half_cheetah_of_cadm_ties_all_masses_and_all_dampings() -> None:
    space = published("halfcheetah_cadm")
    mass, damping = space.factors
    assert [len(factor.features) for factor in (mass, damping)] == [7, 6]
    for factor in (mass, damping):
        assert factor.train[:, 0].tolist() == [0.75, 0.85, 1.0, 1.15, 1.25]
    drawn = space.draw_held_out(EXTRAPOLATION, 40) / space.defaults
    assert np.allclose(drawn[:, :7], drawn[:, :1])
    assert np.allclose(drawn[:, 7:], drawn[:, 7:8])
    for number, (low, high) in enumerate([(0.2, 0.3), (0.4, 0.5), (1.5, 1.6), (1.7, 1.8)]):
        own = drawn[number::4][:, [0, 7]]
        assert ((own >= low - 1e-9) & (own <= high + 1e-9)).all()
        assert np.ptp(own, axis=0).min() > 0.05


@pytest.mark.parametrize(("name", "motors"), [("hopper_aib", 3), ("walker2d_aib", 6)])
def test_gravity_and_strength_are_those_of_actuator_inversion(name: str, motors: int) -> None:
    space = published(name)
    gravity, strength = space.factors
    assert np.allclose(-9.81 * gravity.train, [[-4.91, -14.71]])
    assert np.allclose(-9.81 * gravity.extrapolation, [[-0.98, -4.91], [-14.71, -19.62]])
    assert strength.train.tolist() == [[0.5, 1.5]]
    assert strength.extrapolation.tolist() == [[0.1, 0.5], [1.5, 2.0]]
    assert len(strength.features) == motors
