"""Episodes end where the id's limit says, or another one that is given instead, in every way to make them."""

from typing import Any

import gymnasium
import numpy as np
import pytest
from gym_makers import ENVIRONMENTS, IDS, ONE_EACH, make
from gymnasium.wrappers import TimeAwareObservation, TimeLimit

from meta_rl import registry
from meta_rl.benchmarks.published import BENCHMARKS
from meta_rl.envs import cartpole
from meta_rl.errors import UserError
from meta_rl.gym.env import ContextualEnv

CALM = {"gravity": 0.1, "length": 5.0, "tau": 0.002}  # a pole that does not fall
MODES = ["sync", "async", "vector_entry_point"]


def ends(environment: Any, steps: int) -> list[tuple[bool, bool]]:
    """(terminated, truncated) of each step of an episode of a pole that is held."""
    environment.reset(seed=0)
    return [environment.step(time % 2)[2:4] for time in range(steps)]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_ids_tell_the_horizon_and_from_where_on_they_are_solved(name: str) -> None:
    environment, spec = registry.load("environment", ENVIRONMENTS[name]), gymnasium.spec(f"meta_rl/{name}-v0")
    assert spec.max_episode_steps == environment.horizon
    assert type(spec.reward_threshold) is float
    plain = environment.gymnasium_id if name not in BENCHMARKS else None
    theirs = gymnasium.spec(plain).reward_threshold if plain else None
    assert spec.reward_threshold == (environment.success if theirs is None else theirs)


def test_the_plain_environments_figures_are_gymnasiums() -> None:
    spec, theirs = (gymnasium.spec(one) for one in ("meta_rl/cartpole-v0", "CartPole-v1"))
    figures = spec.max_episode_steps, spec.reward_threshold
    assert figures == (theirs.max_episode_steps, theirs.reward_threshold) == (500, 475.0)
    assert gymnasium.spec("meta_rl/mountaincar-v0").reward_threshold == -110.0
    assert gymnasium.spec("meta_rl/mountaincar_gravity-v0").reward_threshold == -199.0


def test_an_episode_is_truncated_once_and_at_the_horizon() -> None:
    limited = TimeLimit(ContextualEnv("cartpole", CALM), cartpole.horizon)
    for environment in (make(context=CALM), ContextualEnv("cartpole", CALM), limited):
        for _ in range(2):
            found = ends(environment, cartpole.horizon)
            assert found == [(False, False)] * (cartpole.horizon - 1) + [(False, True)]


@pytest.mark.parametrize("limit", [1, 7, 600])
def test_another_limit_holds_instead_shorter_or_longer(limit: int) -> None:
    environment = make(context=CALM, max_episode_steps=limit)
    assert environment.spec.max_episode_steps == limit
    assert ends(environment, limit) == [(False, False)] * (limit - 1) + [(False, True)]
    batch = gymnasium.make_vec("meta_rl/cartpole-v0", 2, context=CALM, max_episode_steps=limit)
    batch.reset(seed=0)
    truncated = [batch.step(np.full(2, time % 2))[3].tolist() for time in range(limit + 1)]
    assert truncated == [[False] * 2] * (limit - 1) + [[True] * 2, [False] * 2]


def test_without_a_limit_nothing_is_truncated() -> None:
    assert ends(make(context=CALM, max_episode_steps=-1), 600) == [(False, False)] * 600
    batch = gymnasium.make_vec("meta_rl/cartpole-v0", 2, context=CALM, max_episode_steps=-1)
    batch.reset(seed=0)
    assert not any(batch.step(np.full(2, time % 2))[3].any() for time in range(600))


@pytest.mark.parametrize("name", ONE_EACH)
def test_simulators_too_go_on_beyond_their_horizon(name: str) -> None:
    horizon = registry.load("environment", name).horizon
    environment = make(name, max_episode_steps=horizon + 3)
    environment.reset(seed=0)
    still = np.zeros_like(environment.action_space.sample())
    truncated, terminated = [], False
    while not (terminated or (truncated and truncated[-1])):
        *_, terminated, late, _ = environment.step(still)
        truncated.append(late)
    assert terminated or len(truncated) == horizon + 3
    environment.close()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["cartpole", "pendulum_length", "lunarlander_gravity"])
def test_a_limit_holds_in_every_mode(name: str, mode: str) -> None:
    vector = gymnasium.make_vec(
        f"meta_rl/{name}-v0", num_envs=2, vectorization_mode=mode, max_episode_steps=5
    )
    vector.reset(seed=0)
    vector.action_space.seed(0)
    truncated = [vector.step(vector.action_space.sample())[3].tolist() for _ in range(11)]
    vector.close()
    assert truncated == [[time in (4, 10)] * 2 for time in range(11)]  # a step starts an episode anew


@pytest.mark.parametrize("name", IDS)
def test_the_batch_has_the_ids_limit(name: str) -> None:
    batch = gymnasium.make_vec(f"meta_rl/{name}-v0", num_envs=1)
    assert (
        batch.unwrapped.rows.horizon == batch.spec.max_episode_steps == batch.spec.kwargs["max_episode_steps"]
    )
    batch.close()


@pytest.mark.parametrize("limit", [0, -2, 2.5, "5", True])
def test_a_limit_that_is_none_is_refused(limit: Any) -> None:
    with pytest.raises(UserError, match=r"cartpole: max_episode_steps is .*a whole number of at least 1"):
        gymnasium.make_vec("meta_rl/cartpole-v0", 2, max_episode_steps=limit)
    with pytest.raises(UserError, match=r"cartpole: num_envs is .*a whole number of at least 1"):
        gymnasium.make_vec("meta_rl/cartpole-v0", -1)


@pytest.mark.parametrize("observe", ["plain", "flat", "dict"])
def test_the_time_can_be_observed(observe: str) -> None:
    environment = TimeAwareObservation(
        make("cartpole_length", observe=observe), flatten=observe != "dict", normalize_time=True
    )
    environment.reset(seed=0)
    observation = environment.step(0)[0]
    assert environment.observation_space.contains(observation)
    time = observation["time"] if observe == "dict" else observation[-1]
    assert time == pytest.approx(1 / 500)
