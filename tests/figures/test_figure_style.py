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
        ([2, 2], "95 % t interval over 2 runs per method"),
        ([5], "95 % t interval over 5 runs per method"),
        ([3, 5], "95 % t interval over 3 to 5 runs per method"),
        ([10], "95 % bootstrap interval over 10 runs per method"),
        ([9, 10], "95 % t or bootstrap interval over 9 to 10 runs per method"),
    ],
)
def test_the_words_for_an_interval(runs: list[int], words: str) -> None:
    assert bands.describe(runs) == words
    if 2 not in runs:
        assert bands.describe_spread(runs) == words


def test_two_runs_are_drawn_as_their_range() -> None:
    values = np.array([[1.0, 5.0], [3.0, 4.0], [2.0, 9.0]])
    assert [end.tolist() for end in bands.spread(values[:2])] == [[1.0, 4.0], [3.0, 5.0]]
    assert all(
        np.array_equal(*pair) for pair in zip(bands.spread(values), interval(values, "mean"), strict=True)
    )
    assert bands.describe_spread([2, 2]) == "range of 2 runs per method"
    assert bands.describe_spread([2, 5]) == "95 % t interval over 2 to 5 runs per method, of 2 their range"


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
