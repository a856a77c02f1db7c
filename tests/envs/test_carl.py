"""carl-bench's environments by name: their spaces, horizons and plain environments are Gymnasium's."""

from typing import Any

import gymnasium
import numpy as np
import pytest
from carl_rows import NAMES, defaults, every_environment, started

from meta_rl import registry
from meta_rl.envs import carl


@pytest.mark.parametrize(("name", "carl_name"), NAMES.items(), ids=NAMES)
def test_environments_are_registered(name: str, carl_name: str) -> None:
    environment = registry.load("environment", name)
    assert environment is getattr(carl, carl_name)
    assert (environment.carl, environment.__name__) == (carl_name, f"meta_rl.envs.carl:{carl_name}")


@pytest.mark.parametrize("name", ["CARLCartPole", "CARLVehicleRacing", "CARLPole", "something"])
def test_other_names_do_not_exist(name: str) -> None:
    with pytest.raises(AttributeError, match=f"no environment '{name}', but CARLAcrobot"):
        getattr(carl, name)


@every_environment
def test_spaces_horizon_and_success_are_gymnasiums(environment: Any) -> None:
    plain = gymnasium.make(environment.gymnasium_id)
    registered, spaces = plain.spec, environment.spaces
    assert (environment.horizon, environment.success) == (
        registered.max_episode_steps,
        registered.reward_threshold,
    )
    assert (spaces.observation,) == plain.observation_space.shape
    if spaces.discrete:
        assert spaces.action == plain.action_space.n
    else:
        limits = np.full(spaces.action, spaces.limit, dtype=np.float32)
        assert np.array_equal(plain.action_space.low, -limits)
        assert np.array_equal(plain.action_space.high, limits)


@every_environment
def test_a_plain_environment_is_in_its_context_and_has_no_time_limit(environment: Any) -> None:
    feature = environment.features[0]
    context = defaults(environment) | {feature.name: 1.5 * feature.default}
    plain = environment.plain(context)
    rows = started(environment, [context, defaults(environment)], seed=3)
    observation, _ = plain.reset(seed=3)
    assert plain is plain.unwrapped
    for _ in range(20):
        assert rows.observation[0, 0].tobytes() == observation.astype(np.float32).tobytes()
        action = plain.action_space.sample()
        observation, reward, _, truncated, _ = plain.step(action)
        step = rows.step(np.stack([action, action])[None])
        assert step.reward[0, 0] == reward
        assert not truncated
    assert (step.next_observation[0, 0] != step.next_observation[0, 1]).any()


@every_environment
def test_a_plain_environment_can_be_drawn(environment: Any) -> None:
    plain = environment.plain(defaults(environment), "rgb_array")
    plain.reset(seed=0)
    assert plain.render().ndim == 3
