"""The Gymnasium side: its API, the same dynamics as the batched environments, and errors that help."""

import math
import warnings
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from meta_rl import registry
from meta_rl.envs import cartpole
from meta_rl.errors import UserError
from meta_rl.gym import ContextualEnv

CONTEXT = {"length": 0.8, "tau": 0.03}


def make(name: str = "cartpole", **settings: Any) -> gymnasium.Env:
    return gymnasium.make(f"meta_rl/{name}-v0", **settings)


@pytest.mark.parametrize("name", registry.ENVS)
def test_every_environment_passes_gymnasiums_checks(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings(
            "ignore", message=".*Box observation space (mini|maxi)mum value is -?infinity"
        )
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        check_env(make(name).unwrapped)


@pytest.mark.parametrize("name", registry.ENVS)
def test_spaces_are_those_of_the_environment(name: str) -> None:
    sizes = registry.load("environment", name).spaces
    environment = make(name)
    assert environment.observation_space.shape == (sizes.observation,)
    if sizes.discrete:
        assert environment.action_space == gymnasium.spaces.Discrete(sizes.action)
    else:
        assert environment.action_space.shape == (sizes.action,)


@pytest.mark.parametrize("name", registry.ENVS)
def test_the_default_context_is_gymnasiums_own_environment(name: str) -> None:
    module = registry.load("environment", name)
    plain, ours = gymnasium.make(module.gymnasium_id), make(name)
    assert ours.reset(seed=1)[1]["context"] == {one.name: one.default for one in module.features}
    plain.action_space.seed(0)
    for seed in [*range(20), None, None]:
        expected, found = plain.reset(seed=seed)[0], ours.reset(seed=seed)[0]
        assert np.array_equal(found, expected)
        ended = False
        while not ended:
            action = plain.action_space.sample()
            expected, *figures, _ = plain.step(action)
            found, *ours_too, _ = ours.step(action)
            assert np.array_equal(found, expected)
            assert ours_too == figures
            ended = figures[1] or figures[2]


def test_another_context_is_the_batched_environment_in_that_context() -> None:
    ours, rng = make(context=CONTEXT), np.random.default_rng(0)
    batched = cartpole.build(tuple(CONTEXT), (1, 1))
    for seed in range(10):
        observation, _ = ours.reset(seed=seed)
        noise = np.random.Generator(np.random.PCG64(seed)).random((1, 1, 4))
        batched.reset(np.ones((1, 1), dtype=bool), np.array([[list(CONTEXT.values())]]), noise)
        ended = False
        while not ended:
            assert np.array_equal(observation, batched.observation[0, 0])
            action = rng.integers(2)
            observation, reward, terminated, truncated, _ = ours.step(action)
            step = batched.step(np.array([[action]]))
            assert (reward, terminated, truncated) == tuple(column[0, 0] for column in step[1:])
            ended = terminated or truncated
    plain = make()
    plain.reset(seed=0)
    ours.reset(seed=0)
    assert not np.array_equal(plain.step(0)[0], ours.step(0)[0])


def test_an_episode_is_truncated_at_the_horizon_by_the_environment_alone() -> None:
    calm = {"gravity": 0.1, "length": 5.0, "tau": 0.002}
    for environment in (make(context=calm), ContextualEnv("cartpole", calm)):
        assert "TimeLimit" not in str(environment)
        for _ in range(2):
            environment.reset(seed=0)
            ends = [environment.step(t % 2)[2:4] for t in range(cartpole.horizon)]
            assert ends == [(False, False)] * (cartpole.horizon - 1) + [(False, True)]


def test_what_is_returned_has_plain_types_and_is_nobody_elses() -> None:
    environment = make(context=CONTEXT)
    first, info = environment.reset(seed=0)
    copy = first.copy()
    info["context"]["length"] = 3.0
    _, reward, terminated, truncated, info = environment.step(1)
    assert [type(value) for value in (reward, terminated, truncated)] == [float, bool, bool]
    assert info["context"] == {one.name: one.default for one in cartpole.features} | CONTEXT
    assert np.array_equal(first, copy)


def test_environments_run_side_by_side_in_their_own_contexts() -> None:
    both = gymnasium.vector.SyncVectorEnv([make, lambda: make(context=CONTEXT)])
    both.reset(seed=[0, 0])
    observation, _, _, _, infos = both.step(np.array([1, 1]))
    for row, context in enumerate(({}, CONTEXT)):
        alone = make(context=context)
        alone.reset(seed=0)
        assert np.array_equal(observation[row], alone.step(1)[0])
    assert infos["context"]["length"].tolist() == [0.5, 0.8]


def test_a_misspelt_feature_is_named_with_the_right_one() -> None:
    with pytest.raises(UserError, match="cartpole: unknown feature 'lenght'; did you mean 'length'"):
        make(context={"lenght": 0.8})


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


def test_an_environment_or_render_mode_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UserError, match="unknown environment 'cartpol'; did you mean 'cartpole'"):
        ContextualEnv("cartpol")
    with pytest.raises(UserError, match=r"unknown render mode 'rgb'\. Known: rgb_array"):
        ContextualEnv("cartpole", render_mode="rgb")


@pytest.mark.parametrize("action", [2, -1, 0.5])
def test_an_action_that_does_not_exist_is_refused(action: Any) -> None:
    environment = ContextualEnv("cartpole")
    environment.reset(seed=0)
    with pytest.raises(UserError, match=rf"action {action} is not in Discrete\(2\)"):
        environment.step(action)


def test_images_show_state_and_context() -> None:
    def image(context: dict[str, float], steps: int) -> np.ndarray:
        environment: Any = make(context=context, render_mode="rgb_array")
        environment.reset(seed=0)
        for _ in range(steps):
            environment.step(1)
        shown = environment.render()
        environment.close()
        return shown

    plain = gymnasium.make("CartPole-v1", render_mode="rgb_array")
    plain.reset(seed=0)
    first = image({}, 0)
    assert first.shape == (400, 600, 3)
    assert np.array_equal(first, plain.render())
    assert not np.array_equal(first, image({}, 8))
    pole = [(image({"length": length}, 0) == (202, 152, 101)).all(-1).sum() for length in (0.25, 0.5, 1.0)]
    assert pole[2] > 1.8 * pole[1] > 3 * pole[0] > 0


def test_without_a_render_mode_nothing_is_drawn() -> None:
    environment = ContextualEnv("cartpole")
    environment.reset(seed=0)
    assert environment.render() is None
