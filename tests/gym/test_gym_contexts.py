"""Which contexts come on the Gymnasium side, and how observations hold them."""

import numpy as np
import pytest
from gym_makers import make, play

from meta_rl.benchmarks.published import BENCHMARKS
from meta_rl.contexts import ContextSpace
from meta_rl.envs import cartpole
from meta_rl.tables.context_frames import to_frame


def space_of(name: str) -> ContextSpace:
    return ContextSpace.of(cartpole.features, *BENCHMARKS[name].space)


@pytest.mark.parametrize("seed", [0, 3])
def test_train_contexts_are_those_of_the_studys_run_of_that_seed(seed: int) -> None:
    environment, space = make("cartpole_length", seed=seed, n_contexts=6), space_of("cartpole_length")
    table = to_frame(
        space, "cartpole_length", "train", space.draw_train(f"cartpole_length run {seed}", 6), seed
    )
    expected = dict(zip(table["context_id"], table["value"], strict=True))
    found = {}
    for _ in range(6):
        info = play(environment)
        found[info["context_id"]] = info["context"]["length"]
        assert environment.step(0)[4] == info
    assert found == expected


@pytest.mark.parametrize("name", ["cartpole_length", "cartpole_gravity_length", "cartpole_gravity_length_c"])
def test_every_held_out_split_is_the_frozen_one_whatever_the_seed(name: str) -> None:
    space = space_of(name)
    for split in ("validation", "calibration", *space.regions):
        expected = space.draw_held_out(split, 4)
        for seed in (0, 3):
            environment, found = make(name, split=split, seed=seed, n_contexts=4), {}
            for _ in range(4):
                info = play(environment)
                found[info["context_id"]] = [info["context"][feature] for feature in space.names]
            assert found == dict(enumerate(expected.tolist()))


def test_a_fixed_context_of_a_benchmark_keeps_the_other_features_at_default() -> None:
    environment = make("cartpole_length", context={"tau": 0.03})
    expected = {one.name: one.default for one in cartpole.features} | {"tau": 0.03}
    for _ in range(3):
        assert environment.reset()[1] == {"context": expected, "context_id": 0}


def test_flat_observations_hold_the_context_as_the_method_explicit_scales_it() -> None:
    import torch

    from meta_rl.agents.protocols import Task
    from meta_rl.methods.explicit import Explicit

    space = space_of("cartpole_gravity_length")
    method = Explicit(Task(cartpole.spaces, space))
    for split in ("train", "all_extrapolation"):
        plain, flat = (make("cartpole_gravity_length", split=split, observe=one) for one in ("plain", "flat"))
        for _ in range(3):
            expected, info = plain.reset(seed=1)
            found, _ = flat.reset(seed=1)
            context = torch.tensor([[[info["context"][name] for name in space.names]]])
            assert np.array_equal(found[:4], expected)
            assert found[4:] == pytest.approx(method.scaled(context)[0, 0].numpy(), rel=1e-5)
            assert (np.abs(found[4:]) <= 1).all() == (split == "train")


@pytest.mark.parametrize("name", ["cartpole", "cartpole_length"])
def test_dict_observations_hold_all_features_in_units_and_lie_in_their_space(name: str) -> None:
    on_bounds = {"length": 0.05, "tau": 0.2, "masspole": 0.01}
    environment = make(name, context=on_bounds, observe="dict")
    observation, info = environment.reset(seed=0)
    for seen in (observation, environment.step(0)[0]):
        assert environment.observation_space.contains(seen)
        assert {key: value.item() for key, value in seen["context"].items()} == pytest.approx(info["context"])
    assert np.array_equal(observation["obs"], make(name, context=on_bounds).reset(seed=0)[0])
    assert environment.observation_space["context"]["tau"].high == np.float32(0.2)
