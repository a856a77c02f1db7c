"""The worth of a region, from returns with known answers, and one that is really measured."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from benchmarks.worth.candidates import CANDIDATES, Candidate
from benchmarks.worth.kept import Job, keep, read
from benchmarks.worth.measure import Measured, measure, regions, space_of
from benchmarks.worth.page import write
from benchmarks.worth.summary import worth
from meta_rl.benchmarks.published import BENCHMARKS
from meta_rl.registry import entry, load

CONTEXTS, SEEDS, TENTHS = 3, 5, range(1, 11)
KEY = ("policy", "member", "seed", "context_id", "half", "episode_return")


def returns(blind: float, told: float, own: float, other: float, spread: float = 1.0) -> pd.DataFrame:
    """Random returns 0, the controller 100; a specialist `own` in its context and `other` elsewhere; run s: + s."""
    rows = []
    for context, half in product(range(CONTEXTS), ("chooses", "measures")):
        rows += [("random", 0, 0, context, half, 0.0), ("controller", 1, 0, context, half, 100.0)]
        for seed in range(SEEDS):
            bonus = spread * seed
            rows += [("blind", 0, seed, context, half, blind + bonus)]
            rows += [("told", 0, seed, context, half, told + bonus)]
            for point in range(CONTEXTS):
                value = own if point == context else other
                rows.append(("specialists", point, seed, context, half, value + bonus))
    return pd.DataFrame(rows, columns=KEY)


def learning(policies: tuple[str, ...] = ("blind", "told", "specialists"), gain: float = 0.0) -> pd.DataFrame:
    """Training returns that rise by `gain` a tenth."""
    rows = [
        (policy, seed, tenth, gain * tenth)
        for policy in policies
        for seed in range(SEEDS)
        for tenth in TENTHS
    ]
    return pd.DataFrame(rows, columns=("policy", "seed", "tenth", "episode_return"))


def test_it_is_the_best_that_knows_minus_the_best_that_does_not() -> None:
    found = worth(returns(blind=30, told=70, own=60, other=30), learning())
    assert (found["told_by"], found["blind_by"]) == ("told", "single")  # a specialist: (60 + 2 * 30) / 3 = 40
    assert found["worth"] == pytest.approx(30)
    assert (found["random"], found["reference"]) == (0, 100)
    assert found["share"] == pytest.approx(0.3)
    assert found["tier"] == "A"
    found = worth(returns(blind=50, told=50, own=60, other=0), learning())
    assert (found["told_by"], found["blind_by"]) == ("specialists", "blind")
    assert found["worth"] == pytest.approx(10)


def test_a_small_or_an_unsure_gain_is_no_tier() -> None:
    assert worth(returns(blind=50, told=59, own=0, other=0), learning())["tier"] == "sanity check"
    frame = returns(blind=50, told=80, own=0, other=0)
    unsure = (frame["policy"] == "told") & (frame["seed"] == 0)
    frame.loc[unsure, "episode_return"] -= 150
    found = worth(frame, learning())
    assert found["worth"] == pytest.approx(0)
    frame.loc[unsure, "episode_return"] += 60
    found = worth(frame, learning())
    assert found["share"] > 0.1
    assert found["low"] < 0
    assert found["tier"] == "sanity check"


def test_what_chooses_does_not_measure() -> None:
    frame = returns(blind=50, told=80, own=0, other=-300)
    lucky = (frame["policy"] == "specialists") & (frame["half"] == "chooses")
    lucky &= frame["member"] == frame["context_id"]
    frame.loc[lucky, "episode_return"] = 200.0
    found = worth(frame, learning())
    assert (found["told_by"], found["told"]) == ("specialists", pytest.approx(2))
    assert found["worth"] == pytest.approx(-50)


def test_order_of_rows_does_not_matter() -> None:
    frame = returns(40, 70, 60, 30)
    assert worth(frame.sample(frac=1, random_state=1), learning()) == worth(frame, learning())


def test_a_region_is_measured() -> None:
    candidate = Candidate("cartpole_sign", "ppo", 512, {"n_steps": 32, "minibatch": 64, "hidden": [8]})
    region = regions("cartpole_sign")[0]
    frame, learnt = measure(candidate, region, points=2, seeds=2)
    sizes = frame.groupby("policy").size().to_dict()
    halves, contexts, seeds = 2, 2, 2
    assert sizes == {
        "random": halves * contexts,
        "controller": halves * contexts,
        "blind": halves * contexts * seeds,
        "told": halves * contexts * seeds,
        "specialists": halves * contexts * contexts * seeds,
    }
    assert np.isfinite(frame["episode_return"]).all()
    assert set(learnt["policy"]) == {"blind", "told", "specialists"}
    assert learnt["episode_return"].between(1, 500).all()
    assert np.isfinite(worth(frame, learnt)["worth"])


def test_a_finished_region_is_known_again_and_stands_on_the_page(tmp_path: Path) -> None:
    candidate = Candidate("cartpole_sign", "ppo", 512)
    job = Job(candidate, "interpolation", tmp_path / "kept")
    assert job.record == {}
    measured = Measured(returns(blind=30, told=70, own=60, other=30), learning(gain=2.5))
    keep(job, measured, cpu_s=12)
    assert job.record["cpu_s"] == 12
    assert job._replace(candidate=replace(candidate, env_steps=1024)).record == {}
    for kept, frame in zip(read(job), measured, strict=True):
        pd.testing.assert_frame_equal(kept, frame, check_dtype=False)
    same = job._replace(region="extrapolation", folder=tmp_path / "none")
    other = same._replace(candidate=replace(candidate, benchmark="cartpole_tau"))
    write([job, same, other], tmp_path / "page")
    text = (tmp_path / "page/table.md").read_text()
    assert "1 regions of 1 benchmarks" in text
    assert "Not measured yet: 2 other regions, all of cartpole_tau among them." in text
    assert "A: cartpole_sign.\n" in text
    cells = text.splitlines()[-1].strip("| ").split(" | ")
    assert cells[:4] == ["cartpole_sign", "interpolation", "ppo", "512"]
    assert cells[6:] == ["72 (told)", "42 (single)", "30 [30, 30]", "0.30", "0.10", "A"]
    with Image.open(tmp_path / "page/worth.png") as image:
        assert image.width > 900


def test_candidates_are_published_benchmarks_with_agents_that_can_act_there() -> None:
    assert len({one.benchmark for one in CANDIDATES}) >= 14
    for one in CANDIDATES:
        assert one.agent in BENCHMARKS[one.benchmark].agents
        assert regions(one.benchmark)
        assert entry("agent", one.agent)


def test_no_candidate_has_a_context_in_which_nobody_can_succeed() -> None:
    """They would have to be left out of the means."""
    for one in CANDIDATES:
        environment, space = (
            load("environment", BENCHMARKS[one.benchmark].environment),
            space_of(one.benchmark),
        )
        for feature, (limit, _) in environment.limits.items():
            if (space.names == (feature,)) and space.reach()[0].max() > limit:
                raise AssertionError((one.benchmark, feature))
