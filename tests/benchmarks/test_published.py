"""The published benchmarks: each can be studied as it stands, and stays within what its environment is valid for."""

import copy
from typing import Any

import pytest
from context_spaces import published
from raw_study import RAW

from meta_rl import registry
from meta_rl.benchmarks.base import Benchmark, Varied
from meta_rl.benchmarks.published import BENCHMARKS
from meta_rl.contexts import ALL, DEVELOPMENT, EXTRAPOLATION, SINGLE, TRAIN_SETS
from meta_rl.study import config

every_benchmark = pytest.mark.parametrize("name", BENCHMARKS)


def study(name: str) -> dict[str, Any]:
    """A study of the benchmark alone, with the contexts of the full study, for the agents that it is meant for."""
    counts = {split: 120 * parts for split, parts in published(name).regions.items()}
    contexts = {"train": [5, 100], **counts, **dict.fromkeys(DEVELOPMENT, 64)}
    raw = copy.deepcopy(RAW)
    for setting in ("agents", "method_settings"):  # those of the test study are too small for others
        raw.pop(setting)
    raw["benchmarks"] = {name: {"contexts": contexts, "agents": list(BENCHMARKS[name].agents)}}
    raw["train"]["env_steps"] = raw["references"]["env_steps"] = 1_024_000
    if not published(name).gridded:
        raw["references"] = {"points": 8, "seeds": 1, "env_steps": 1_024_000}
    return raw


@every_benchmark
def test_every_published_benchmark_can_be_studied(name: str) -> None:
    """Its features exist, none is refused, its ranges are valid, its agents can take the actions."""
    found = config.check(study(name), "my.yaml")["benchmarks"]
    assert found.keys() == {f"{name}_n5", f"{name}_n100"}


@every_benchmark
def test_every_context_lies_within_the_bounds_of_its_features(name: str) -> None:
    space = published(name)
    sets = [space.draw_held_out(split, 8 * parts) for split, parts in space.regions.items()]
    specialists = space.grid(3) if space.gridded else space.points(50)
    for values in (*sets, space.draw_train("run 0", 100), specialists):
        for feature, column in zip(space.features, values.T, strict=True):
            slack = 1e-9 * abs(feature.default)
            assert (column >= feature.low - slack).all()
            assert (column <= feature.high + slack).all()


@every_benchmark
def test_extrapolation_lies_outside_the_train_range(name: str) -> None:
    space, benchmark = published(name), BENCHMARKS[name]
    low, high = space.bounds()
    leaves = [len(factor.extrapolation) > 0 for factor in space.factors for _ in factor.features]
    for split in {EXTRAPOLATION, SINGLE, ALL} & space.regions.keys():
        values = space.draw_held_out(split, 4 * space.regions[split])
        outside = (values < low) | (values > high)
        some = split == SINGLE or split in space.boxes  # a box may be outside in some factors only
        assert (outside.any(axis=1) if some else (outside == leaves).all(axis=1)).all()
    if benchmark.train_set == "C":  # features keep their defaults there while another one varies
        assert ((low <= space.defaults) & (space.defaults <= high)).all()
    assert benchmark.train_set in TRAIN_SETS
    assert benchmark.train_set == "A" or len(benchmark.features) > 1


@every_benchmark
def test_its_agents_are_registered_and_named_once(name: str) -> None:
    agents = BENCHMARKS[name].agents
    assert agents
    assert len(set(agents)) == len(agents)
    assert set(agents) <= registry.AGENTS.keys()


def test_no_two_are_the_same() -> None:
    described = [(one.environment, one.ranges, one.train_set) for one in BENCHMARKS.values()]
    assert all(described.count(one) == 1 for one in described)


def test_extrapolation_is_half_the_lower_and_twice_the_upper_end_unless_given() -> None:
    assert Varied((0.2, 2.5)).ranges == {"train": [0.2, 2.5], "extrapolation": [[0.1, 0.2], [2.5, 5.0]]}
    given = Varied((0.4, 1.2), ((0.1, 0.4), (1.2, 1.75)))
    assert given.ranges == {"train": [0.4, 1.2], "extrapolation": [[0.1, 0.4], [1.2, 1.75]]}
    benchmark = Benchmark("cartpole", {"tau": given}, ("dqn",))
    assert benchmark.ranges == {"tau": given.ranges}
    assert (benchmark.train_set, benchmark.cluster) == ("A", False)
