"""A published benchmark can be of lists, ties and boxes: a study, Gymnasium, pages and videos take it as it is."""

import copy
import hashlib
from pathlib import Path

import numpy as np
import pytest
from context_spaces import published
from raw_study import RAW

from meta_rl.benchmarks.base import Benchmark, Listed, Varied
from meta_rl.benchmarks.published import BENCHMARKS
from meta_rl.contexts import EXTRAPOLATION, INTERPOLATION
from meta_rl.errors import UserError
from meta_rl.gym.contexts import choose
from meta_rl.gym.videos import corners
from meta_rl.pages import benchmarks as pages
from meta_rl.study import config

_CADM = Varied((0.75, 1.25), ())
KINDS = {
    "cells": BENCHMARKS["striker_epi_cells"],
    "pairs": Benchmark(
        "pendulum",
        {"m": _CADM, "l": _CADM},
        ("ppo",),
        boxes={"extrapolation": ({"m": (0.2, 0.4), "l": (0.2, 0.4)}, {"m": (1.6, 1.8), "l": (1.6, 1.8)})},
    ),
    "tied": Benchmark(
        "cartpole", {"masses": Varied((0.5, 2.0), features=("masscart", "masspole"))}, ("ppo",)
    ),
    "ends": Benchmark("cartpole", {"length": Listed((0.5, 1.0, 2.0), (), (3.0,))}, ("ppo",)),
}
REGIONS = {
    "cells": {"interpolation": 16, "single_extrapolation": 10, "all_extrapolation": 1},
    "pairs": {"interpolation": 1, "extrapolation": 2},
    "tied": {"interpolation": 1, "extrapolation": 2},
    "ends": {"extrapolation": 1},
}


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, benchmark in KINDS.items():
        monkeypatch.setitem(BENCHMARKS, name, benchmark)


@pytest.mark.parametrize("name", KINDS)
def test_a_study_takes_it_as_it_is_published(name: str) -> None:
    raw = copy.deepcopy(RAW) | {
        "methods": ["none"],
        "references": {"points": 4, "seeds": 1, "env_steps": 51200},
    }
    raw |= {"train": {"env_steps": 51200, "snapshots": 2}}
    raw["benchmarks"] = {name: {"contexts": {"train": 25, **REGIONS[name]}, "agents": ["ppo"]}}
    completed = config.check(raw, "my.yaml")["benchmarks"][name]
    assert (completed["features"], completed["train_set"], completed["boxes"]) == KINDS[name].space
    assert published(name).regions == REGIONS[name]


@pytest.mark.parametrize("name", KINDS)
def test_gymnasium_has_the_splits_that_it_has(name: str) -> None:
    space = published(name)
    names = [feature.name for feature in choose(name, None, None, 0, 5).environment.features]
    columns = [names.index(feature) for feature in space.names]
    for split in ("train", "validation", *space.regions):
        own = choose(name, None, split, 0, 5).values[:, columns]
        assert np.array_equal(
            own, space.draw_train(f"{name} run 0", 5) if split == "train" else space.draw_held_out(split, 5)
        )
    absent = EXTRAPOLATION if name == "cells" else INTERPOLATION if name == "ends" else "all_extrapolation"
    with pytest.raises(
        UserError, match=f"{name}: split '{absent}' does not exist, as it takes .*; the splits"
    ):
        choose(name, None, absent, 0, 5)


@pytest.mark.parametrize(
    ("name", "split", "digest"),
    [
        ("cells", "single_extrapolation", "a5afdbbe132575af"),
        ("cells", "calibration", "9f77f91075c9f1f9"),
        ("pairs", "extrapolation", "216a21d1b93b3bdb"),
    ],
)
def test_held_out_sets_are_frozen(name: str, split: str, digest: str) -> None:
    """If this fails, results are not comparable with earlier ones: raise VERSION."""
    drawn = published(name).draw_held_out(split, 60)
    assert hashlib.sha256(drawn.tobytes()).hexdigest()[:16] == digest


def test_a_train_set_of_cells_has_each_once() -> None:
    drawn = published("cells").draw_train("run 3", 25).round(6)
    assert len(np.unique(drawn, axis=0)) == 25
    assert [len(np.unique(column)) for column in drawn.T] == [5, 5]


def test_videos_show_the_ends_of_all_that_is_tested() -> None:
    assert [tuple(one.values()) for one in corners(published("ends")).values()] == [
        (0.5,), (0.25,), (1.0,), (1.5,),
    ]  # fmt: skip
    pairs = corners(published("pairs"))
    assert {"m": 0.2, "l": 1.8} in pairs.values()
    assert len(pairs) == 1 + 4 + 4
    assert {"masscart": 2.0, "masspole": 0.2} in corners(published("tied")).values()


def test_pages_say_what_each_kind_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "BENCHMARKS", KINDS)
    pages.main(tmp_path)
    assert {f"{name}.png" for name in KINDS} < {path.name for path in tmp_path.iterdir()}
    cells, pairs, cartpole = (
        (tmp_path / f"{name}.md").read_text(encoding="utf-8")
        for name in ("striker_epi", "pendulum", "cartpole")
    )
    assert "| feature | train | between | extrapolation |" in cells
    assert "x0.2 (0.0314 kg); x1 (0.157 kg);" in cells
    assert "| x3.8 (0.5966 kg) |" in cells
    assert (
        "Boxes of extrapolation:\n\n- `m` x[0.2, 0.4] (0.2 to 0.4 kg), `l` x[0.2, 0.4] (0.2 to 0.4 m)\n"
        in pairs
    )
    assert "| `masscart`, `masspole` | x[0.5, 2] | x[0.25, 0.5]; x[2, 4] |" in cartpole
