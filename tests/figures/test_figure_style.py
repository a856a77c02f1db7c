"""The words and ends of an interval, the looks of methods and regions, and titles that are broken."""

import numpy as np
import pandas as pd
import pytest
import synthetic
from drawn_figures import Tables

from meta_rl.figures import bands, regions, style
from meta_rl.metrics.intervals import interval


@pytest.mark.parametrize(
    ("runs", "words"),
    [
        ([1, 1], "none, as there is 1 run per method"),
        ([2, 2], "none, as there are 2 runs per method"),
        ([1, 4], "none, as there are 1 to 4 runs per method"),
        ([5], "95 % t interval over 5 runs per method"),
        ([3, 5], "95 % t interval over 3 to 5 runs per method, of fewer than 5 none"),
        ([10], "95 % bootstrap interval over 10 runs per method"),
        ([9, 10], "95 % t or bootstrap interval over 9 to 10 runs per method"),
    ],
)
def test_the_words_for_an_interval(runs: list[int], words: str) -> None:
    assert bands.describe(runs) == words
    if min(runs) >= 5 or max(runs) == 1:
        assert bands.describe_spread(runs) == words


@pytest.mark.parametrize("n", [1, 2, 4])
def test_few_runs_are_drawn_as_their_range(n: int) -> None:
    values = np.random.default_rng(n).normal(size=(n, 3))
    np.testing.assert_array_equal(bands.spread(values), [values.min(0), values.max(0)])


def test_the_words_for_a_spread() -> None:
    assert bands.describe_spread([2, 4]) == "range of 2 to 4 runs per method"
    assert bands.describe_spread([1]) == "none, as there is 1 run per method"
    said = "95 % t interval over 2 to 5 runs per method, of fewer than 5 their range"
    assert bands.describe_spread([2, 5]) == said


def test_a_band_ends_where_what_is_possible_ends() -> None:
    values = np.array([[-200.0], [-200], [-200], [-110], [-100]])
    low, high = interval(values, "mean")
    assert low < -200
    np.testing.assert_array_equal(bands.spread(values, (-200.0, -1.0)), [[-200], high])
    np.testing.assert_array_equal(bands.spread(values), [low, high])


def test_methods_keep_their_looks_whatever_stands_beside_them() -> None:
    assert style.looks(["jrpl"])["jrpl"] == style.looks(["none", "jrpl", "later"])["jrpl"]
    many = style.looks([*synthetic.METHODS, "b", "c"])
    assert list(many)[-4:] == ["alpha", "b", "c", "zeta"]
    assert len({(look.colour, look.marker) for look in many.values()}) == len(many)
    variants = style.looks(f"variant_{number}" for number in range(48))
    assert len({(look.colour, look.marker, look.dash) for look in variants.values()}) == 48
    assert len({look.colour for look in style.looks(synthetic.METHODS).values()}) == len(synthetic.METHODS)


def test_long_titles_are_broken_between_names_or_else_behind_an_underscore() -> None:
    rows = pd.DataFrame({"benchmark": ["a", "b", "c"]})
    titles = ["cartpole_tau, random_encoder", "mountaincar_gravity_feasible_n100, dqn", "c"]
    _, axes = style.panels(dict.fromkeys(titles, rows), height=1)
    assert [ax.get_title() for ax in axes.values()] == [
        "cartpole_tau,\nrandom_encoder", "mountaincar_gravity_\nfeasible_n100, dqn", "c",
    ]  # fmt: skip


def test_regions_of_one_benchmark_have_markers_of_their_own(plane: Tables) -> None:
    entries = regions.handles(plane["metrics"]["split"], marker="o")
    assert [entry.get_label() for entry in entries] == [
        "interpolation", "combinatorial", "single extrapolation", "all extrapolation",
    ]  # fmt: skip
    assert len({(entry.get_fillstyle(), entry.get_markerfacecolor()) for entry in entries}) == 4
    both = regions.handles(pd.Series(["extrapolation", "all_extrapolation", "train"]), marker="o")
    assert [entry.get_label() for entry in both] == ["extrapolation / all extrapolation"]
