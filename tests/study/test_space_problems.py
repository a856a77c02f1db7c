"""Lists, signs, ties, boxes and samples in a study: what is completed, and what is refused, with the reason."""

from typing import Any

import pytest
import yaml
from changed_study import complaint
from raw_study import RAW, ROOT

from meta_rl.study import config, demand
from meta_rl.study.study import Study

RANGE, LIST = {"train": [0.5, 2]}, {"values": [0.5, 1, 2]}
OUTSIDE = LIST | {"extrapolation": [3]}
BETWEEN = OUTSIDE | {"interpolation": [0.75]}
PAIR = {"masspole": [0.2, 0.4], "length": [0.2, 0.4]}
POINTS = {"points": 5, "seeds": 2, "env_steps": 300}


def study(
    features: dict[str, Any], references: Any = POINTS, counts: Any = None, **benchmark: Any
) -> dict[str, Any]:
    own = RAW["benchmarks"]["small_gravity"] | {"features": features} | benchmark
    contexts = {"train": 3, "interpolation": 4, "extrapolation": 4} | (counts or {})
    own["contexts"] = {split: count for split, count in contexts.items() if count}
    return RAW | {"benchmarks": {"mine": own}, "references": references}


def completed(*described: Any, **more: Any) -> dict[str, Any]:
    return config.check(study(*described, **more), "my.yaml")["benchmarks"]["mine"]


def test_defaults_are_those_of_each_kind() -> None:
    both = completed({"length": RANGE, "masspole": LIST}, counts={"interpolation": 3, "extrapolation": 6})
    assert both["features"]["length"]["extrapolation"] == [[0.25, 0.5], [2, 4]]
    assert both["features"]["masspole"] == LIST | {"interpolation": [], "extrapolation": []}
    assert both["boxes"] == {}
    boxed = completed({"length": RANGE, "masspole": RANGE}, boxes={"extrapolation": [PAIR]})
    assert all(factor["extrapolation"] == [] for factor in boxed["features"].values())


@pytest.mark.parametrize(
    ("features", "more", "says"),
    [
        ({"length": {}}, {}, "features.length: has neither; must have one of 'train' and 'values'"),
        ({"length": RANGE | LIST}, {}, "length: has 'train' and 'values'; must have one of 'train' and 'values'"),
        ({"length": {"values": [1]}}, {}, "length.values: has 1 entries; must have at least 2"),
        ({"length": {"values": [1, 1]}}, {}, "length.values: names something twice"),
        ({"length": LIST | {"extrapolation": [[2, 3]]}}, {}, "length.extrapolation[0]: is [2, 3]; must be a finite"),
        ({"length": RANGE | {"extrapolation": [3]}}, {}, "length.extrapolation[0]: is 3; must be a list"),
        ({"length": RANGE | {"interpolation": [1]}}, {}, "length.interpolation: is for values between those of a list"),
        ({"length": BETWEEN | {"interpolation": [1]}}, {}, "length.interpolation: 1 is not between values; choose"),
        ({"length": BETWEEN | {"interpolation": [3]}}, {}, "length.interpolation: 3 is not between values"),
        ({"length": BETWEEN | {"extrapolation": [2]}}, {}, "length.extrapolation: 2 overlaps with train; keep out of"),
        ({"length": BETWEEN | {"extrapolation": [99]}}, {}, "length.extrapolation: 99 times the default is 49.5 m"),
        ({"tau": {"values": [-1, 1]}}, {}, "tau.values: -1 times the default is -0.02 s, outside [0.002, 0.2]"),
        ({"a": RANGE | {"features": ["length", "lenght"]}}, {}, "a: unknown feature 'lenght'; did you mean 'length'?"),
        ({"a": RANGE | {"features": ["length"]}, "length": RANGE}, {}, "length: varies length, as a does"),
        ({"a": RANGE | {"features": []}}, {}, "a.features: has 0 entries"),
        ({"length": OUTSIDE}, {}, "contexts.interpolation: does not exist, as it takes an interval, or values"),
        ({"length": LIST}, {}, "mine.features: leave nothing to test on; give a list values between or outside"),
        ({"length": RANGE, "tau": LIST}, {}, "contexts.interpolation: is 4, which does not divide over the 3 parts"),
        ({"length": RANGE, "tau": LIST}, {"train_set": "B"}, "train_set: is B, which takes intervals, but tau is"),
        ({"length": RANGE}, {"boxes": {"extrapolation": [{"lenght": 3}]}}, "unknown factor 'lenght'; did you mean"),
        ({"length": RANGE}, {"boxes": {"extrapolation": [{"length": [3, 2]}]}}, "extrapolation[0].length: runs from 3"),
        ({"length": RANGE}, {"boxes": {"extrapolation": [{"length": [1, 3]}]}}, "[0]: overlaps with what is trained"),
        ({"length": RANGE}, {"boxes": {"extrapolation": [{"length": 2}]}}, "[0]: overlaps with what is trained"),
        (
            {"length": RANGE, "force_mag": {"values": [1, 2, 3], "interpolation": [1.5]}},
            {"boxes": {"extrapolation": [{"force_mag": 1.5}]}},
            "[0]: overlaps with what is trained on or lies between",
        ),
        ({"length": RANGE}, {"boxes": {"extrapolation": [{"length": [3, 99]}]}}, "[0].length: 99 times the default"),
        ({"length": RANGE}, {"boxes": {"extrapolation": [{"length": [3, 5]}, {"length": 4}]}}, "[1]: overlaps with ["),
        ({"length": RANGE}, {"boxes": {"train": [{"length": [1, 3]}]}}, "train[0].length: [1, 3] is not in what"),
        ({"length": RANGE}, {"boxes": {"extrapolation": [{"length": -1}]}}, "length: is -1; must be at least 1e-06,"),
        ({"length": RANGE}, {"boxes": {"train": [{"length": [1e-320, 1]}]}}, "is 1e-320; must be at least 1e-06"),
        ({"length": RANGE}, {"boxes": {"interpolation": []}}, "boxes: unknown key 'interpolation'"),
        ({"length": RANGE | {"extrapolation": [[3, 4]]}}, {"boxes": {"extrapolation": [{"length": 5}]}},
         "length.extrapolation: has boxes.extrapolation in its place; leave one out"),
        ({"length": RANGE, "tau": RANGE}, {"boxes": {"train": [{"tau": [1, 2]}]}, "train_set": "C"},
         "train_set: is C, but boxes.train says what is trained on; leave one of them out"),
    ],
)  # fmt: skip
def test_what_a_kind_cannot_have_is_refused_with_the_reason(features: Any, more: Any, says: str) -> None:
    assert says in complaint(study(features, **more))


def test_a_box_may_pair_what_each_factor_alone_has_in_training() -> None:
    """The length is in its train range there, but not with this pole."""
    completed(
        {"length": RANGE, "masspole": RANGE}, boxes={"extrapolation": [{"length": [1, 2], "masspole": 3}]}
    )


@pytest.mark.parametrize(
    ("features", "more", "found"),
    [
        (
            {"length": LIST, "tau": RANGE},
            {"counts": {"interpolation": 3, "extrapolation": 6}},
            "lists or boxes",
        ),
        ({"length": RANGE}, {"boxes": {"extrapolation": [{"length": [3, 4]}]}}, "lists or boxes"),
        (
            dict.fromkeys(("length", "tau", "gravity"), RANGE),
            {"counts": {"extrapolation": 0, "single_extrapolation": 6, "all_extrapolation": 8}},
            "3 factors",
        ),
    ],
)
def test_where_there_is_no_grid_specialists_stand_on_points(features: Any, more: Any, found: str) -> None:
    completed(features, **more)
    grid = {"grid": 2, "seeds": 1, "env_steps": 300}
    says = f"grid: is for up to 2 intervals, but mine has {found}; give `points`"
    assert f"my.yaml: references.{says}" in complaint(study(features, references=grid, **more))
    overridden = {"references": {"grid": 2}}
    message = complaint(study(features, override=overridden, **more))
    assert f"my.yaml: benchmarks.mine.override.references.{says}" in message


def test_specialists_are_placed_in_one_way() -> None:
    both, neither = POINTS | {"grid": 2}, {"seeds": 1, "env_steps": 300}
    assert "references: has 'grid' and 'points'; must have one" in complaint(study({"length": RANGE}, both))
    assert "references: has neither; must have one of 'grid' and 'points'" in complaint(
        study({"length": RANGE}, neither)
    )
    override = {"references": {"grid": 2, "points": 3}}
    assert "override.references: has 'grid' and 'points'; must have one of them" in complaint(
        study({"length": RANGE}, override=override)
    )


def test_an_override_replaces_one_way_of_placing_by_the_other() -> None:
    own = completed({"length": RANGE}, override={"references": {"grid": 3}})
    assert own["settings"]["references"] == {"grid": 3, "seeds": 2, "env_steps": 300}


def test_points_are_counted_as_they_are() -> None:
    job = {"benchmark": "mine", "agent": "dqn"}
    sizes = [
        demand.seconds(
            Study(config.check(study({"length": RANGE}, references), "")), "solve_references", **job
        )
        for references in (POINTS, POINTS | {"points": 10}, {"grid": 5, "seeds": 2, "env_steps": 300})
    ]
    assert sizes[1] == pytest.approx(2 * sizes[0])
    assert sizes[2] == sizes[0]


def test_trainings_do_not_know_what_is_held_out() -> None:
    inside = {"train": [{"length": [0.5, 1]}]}
    one = completed({"length": RANGE}, boxes=inside)
    two = {"length": RANGE | {"features": ["length", "masspole"]}, "tau": BETWEEN}
    raw = study(
        two,
        counts={"interpolation": 1, "extrapolation": 0, "single_extrapolation": 12, "all_extrapolation": 2},
    )
    trained = Study(config.check(raw, "")).spec(
        "train", benchmark="mine", agent="dqn", method="none", block="seeds_0-1"
    )
    assert trained["features"] == {
        "length": {"train": [0.5, 2], "features": ["length", "masspole"]},
        "tau": LIST,
    }
    assert trained["boxes"] == {}
    assert one["boxes"] == inside


def test_the_example_of_the_readme_is_valid() -> None:
    text = (ROOT / "config/README.md").read_text()
    (example,) = [
        one
        for block in text.split("```yaml\n")[1:]
        if "features" in (one := yaml.safe_load(block.split("```")[0]))
    ]
    completed(example.pop("features"), counts={"interpolation": 2, "extrapolation": 6}, **example)
