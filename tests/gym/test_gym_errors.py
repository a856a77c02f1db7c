"""Wrong settings, values, names and actions are refused with what would be right."""

import math
from typing import Any

import numpy as np
import pytest
from gym_makers import make, make_vec

from meta_rl.errors import UserError
from meta_rl.gym.env import ContextualEnv


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"split": "interpolatoin"}, "unknown split 'interpolatoin'; did you mean 'interpolation'"),
        (
            {"split": "all_extrapolation"},
            "split 'all_extrapolation' does not exist, as it takes several .*; the splits are train, val",
        ),
        ({"split": "train", "context": {}}, "both a context and the split 'train' are given"),
        ({"context": {"lenght": 0.8}}, "unknown feature 'lenght'; did you mean 'length'"),
        ({"context": [0.8]}, r"context is \[0.8\], but must be a mapping"),
        ({"observe": "raw"}, "unknown observe 'raw'.*Known: dict, flat, plain"),
        ({"seed": -1}, "seed is -1, but must be a whole number of at least 0"),
        ({"n_contexts": 0}, "n_contexts is 0, but must be a whole number of at least 1"),
        ({"n_contexts": 2.5}, "n_contexts is 2.5, but must be a whole number"),
        ({"part": (4, 4)}, r"part is \(4, 4\), but must be \(i, n\) with 0 <= i < n <= 100"),
        ({"part": (0, 9), "n_contexts": 8}, r"part is \(0, 9\), but must be \(i, n\) with 0 <= i < n <= 8"),
        ({"part": (0.0, 2)}, "part is .*, whole numbers"),
        ({"part": 3}, "part is 3, but must be"),
        ({"part": (0, 2), "context": {}}, "part is .* n <= 1"),
    ],
)
def test_wrong_settings_are_refused_with_what_would_be_right(settings: dict[str, Any], message: str) -> None:
    for maker in (make, lambda name, **given: make_vec(name, 2, **given)):
        with pytest.raises(UserError, match=f"cartpole_length: {message}"):
            maker("cartpole_length", **settings)


def test_an_environment_that_is_no_benchmark_has_no_splits_and_no_scale() -> None:
    with pytest.raises(UserError, match=r"cartpole: an environment has no split 'train'.*cartpole_gravity, "):
        make("cartpole", split="train")
    with pytest.raises(UserError, match=r"cartpole: observe is 'flat'.*'dict' gives its context in units"):
        make("cartpole", observe="flat")


@pytest.mark.parametrize("value", [0.04, 5.1, -0.5, math.nan, math.inf, "0.8", None, [0.8]])
def test_a_value_out_of_bounds_or_no_number_is_refused(value: Any) -> None:
    with pytest.raises(UserError, match=r"feature 'length' is .*number of m in \[0.05, 5\].*default is 0.5"):
        make(context={"length": value})


def test_values_on_the_bounds_and_numpys_numbers_are_taken() -> None:
    for value in (0.05, 5, np.float32(0.5)):
        _, info = make(context={"length": value}).reset()
        assert info["context"]["length"] == float(value)
    with pytest.raises(UserError, match="feature 'gravity' is inf"):
        make(context={"gravity": math.inf})


def test_a_name_or_render_mode_that_does_not_exist_is_refused() -> None:
    with pytest.raises(
        UserError, match="unknown environment or benchmark 'cartpol'; did you mean 'cartpole'"
    ):
        ContextualEnv("cartpol")
    with pytest.raises(UserError, match=r"unknown render mode 'rgb'\. Known: rgb_array"):
        ContextualEnv("cartpole", render_mode="rgb")
    with pytest.raises(UserError, match=r"unknown render mode 'human'\. Known: rgb_array"):
        make_vec("cartpole", 2, render_mode="human")


@pytest.mark.parametrize("action", [2, -1, 0.5])
def test_an_action_that_does_not_exist_is_refused(action: Any) -> None:
    environment = ContextualEnv("cartpole")
    environment.reset(seed=0)
    with pytest.raises(UserError, match=rf"action {action} is not in Discrete\(2\)"):
        environment.step(action)
