"""mbtl and task_deup: what they learn of shortfalls, and where they can learn nothing."""

import numpy as np
import pytest
import torch
from drawn_windows import estimator, task, window
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

from meta_rl.uncertainty.base import Evidence, Shown
from meta_rl.uncertainty.range_distance import distance
from meta_rl.uncertainty.watched import Watched

RANDOM = np.random.default_rng(0)
# Masses of 1 to 3 and lengths of .5 to 1.5: the train ranges.
CONTEXTS = RANDOM.uniform([1, 0.5], [3, 1.5], (2, 30, 2))
SHORTFALL = 20 * np.sin(2 * CONTEXTS[..., 0]) + RANDOM.normal(size=(2, 30))
NOTHING = window(np.zeros((2, 30, 2, 3)))


def trained(shortfall: np.ndarray) -> Evidence:
    return Evidence(Shown(NOTHING, torch.from_numpy(CONTEXTS), shortfall=torch.from_numpy(shortfall)))


def test_mbtl_is_the_mean_of_a_gaussian_process_and_a_slope_outside() -> None:
    one = estimator("mbtl", runs=2, slope=1.5)
    one.fit(trained(SHORTFALL), None)
    asked = np.stack([RANDOM.uniform([0.5, 0.5], [4, 2], (30, 2))] * 2)
    found = one(NOTHING, torch.from_numpy(asked)).numpy()
    outside = distance(task().contexts, asked)
    assert (outside > 0).any()
    assert (outside == 0).any()
    for run in range(2):
        mean, deviation = SHORTFALL[run].mean(), SHORTFALL[run].std()
        kernel = ConstantKernel(1.0, (1e-2, 1e2)) * RBF(0.3, (0.05, 10)) + WhiteKernel(0.1, (1e-4, 1e1))
        process = GaussianProcessRegressor(kernel).fit(
            CONTEXTS[run] / [2, 1], (SHORTFALL[run] - mean) / deviation
        )
        wanted = mean + deviation * process.predict(asked[run] / [2, 1]) + 1.5 * deviation * outside[run]
        np.testing.assert_allclose(found[run], wanted, rtol=1e-6)
        inside = outside[run] == 0
        truth = 20 * np.sin(2 * asked[run, :, 0])[inside]
        assert np.corrcoef(found[run, inside], truth)[0, 1] > 0.95


def test_contexts_without_a_reference_are_left_out_of_mbtl() -> None:
    some = SHORTFALL.copy()
    some[:, ::3] = np.nan
    one, other = (estimator("mbtl", runs=2) for _ in range(2))
    one.fit(trained(some), None)
    kept = np.isfinite(some[0])
    evidence = Shown(
        NOTHING, torch.from_numpy(CONTEXTS[:, kept]), shortfall=torch.from_numpy(SHORTFALL[:, kept])
    )
    other.fit(Evidence(evidence), None)
    asked = torch.from_numpy(CONTEXTS)
    torch.testing.assert_close(one(NOTHING, asked), other(NOTHING, asked))
    some[1, 2:] = np.nan
    with pytest.raises(ValueError, match="1 of the run's train contexts have a reference"):
        one.fit(trained(some), None)


def doubted(shortfall: np.ndarray, doubts: dict[str, np.ndarray]) -> Evidence:
    shown = Shown(asked(doubts), shortfall=torch.from_numpy(shortfall))
    return Evidence(Shown(NOTHING), validation=shown)


def asked(doubts: dict[str, np.ndarray]) -> Watched:
    return NOTHING._replace(doubts={name: torch.from_numpy(value) for name, value in doubts.items()})


def test_task_deup_finds_which_doubts_are_worth_something_and_their_direction() -> None:
    random = np.random.default_rng(1)
    hidden, fresh = random.normal(size=(2, 2, 30))
    noise = random.normal(size=(2, 30))
    one = estimator("task_deup", runs=2)
    one.fit(doubted(10 * hidden, {"bad": -1000 * hidden, "idle": noise, "flat": 0 * hidden}), None)
    found = one(asked({"bad": -1000 * fresh, "idle": noise, "flat": 0 * fresh}), None)
    for run in range(2):
        assert np.corrcoef(found[run], fresh[run])[0, 1] > 0.95
    assert (one.monitor["weight"][:, 1] == 0).all()  # "flat", the second by name


def test_a_doubt_without_a_number_is_left_out_of_the_run_that_lacks_it() -> None:
    random = np.random.default_rng(1)
    hidden = random.normal(size=(2, 30))
    broken = hidden.copy()
    broken[1, 4] = np.nan
    one = estimator("task_deup", runs=2)
    one.fit(doubted(hidden, {"broken": broken, "random": random.normal(size=(2, 30))}), None)
    assert one.monitor["weight"][0, 0] != 0
    assert one.monitor["weight"][1, 0] == 0
    found = one(asked({"broken": np.full((2, 30), np.nan), "random": hidden}), None)
    assert not torch.isfinite(found[0]).any()
    assert torch.isfinite(found[1]).all()


def test_without_doubts_that_vary_all_contexts_are_doubted_alike() -> None:
    one = estimator("task_deup", runs=2)
    one.fit(doubted(SHORTFALL, {"gone": np.full((2, 30), np.nan)}), None)
    np.testing.assert_allclose(one(asked({"gone": np.full((2, 30), np.nan)}), None)[1], SHORTFALL[1].mean())
    few = np.full((2, 30), np.nan)
    few[:, :2] = 1
    with pytest.raises(ValueError, match="2 validation contexts with a target are too few; 3 or more"):
        one.fit(doubted(few, {"any": SHORTFALL}), None)
