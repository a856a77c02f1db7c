"""What every registered environment declares: features, refusals, spaces and horizon."""

import gymnasium
import numpy as np

from meta_rl.conformance.environments import (
    ALL,
    ENVIRONMENTS,
    ROWS,
    every_environment,
    every_name,
    names,
    random_actions,
    random_contexts,
    started,
)
from meta_rl.envs import carl_features
from meta_rl.envs.base import Environment
from meta_rl.study import space_problems


@every_environment
def test_features_are_valid(environment: Environment) -> None:
    assert len(set(names(environment))) == len(environment.features) > 0
    for feature in environment.features:
        assert feature.low <= feature.default <= feature.high
        assert feature.default != 0  # ranges are multipliers of it
        assert feature.unit
    for feature, (multiplier, reason) in environment.limits.items():
        assert feature in names(environment)
        assert multiplier > 1  # the default context can be solved
        assert reason
    assert environment.controllers or not environment.limits
    assert min(environment.horizon, environment.chunk, environment.noise) > 0


@every_environment
def test_features_are_those_of_carl_bench_but_for_what_is_said(environment: Environment) -> None:
    carl_features.check_features(environment)
    assert environment.deviations.keys() <= set(names(environment))
    assert environment.refused.keys().isdisjoint(names(environment))
    assert all((*environment.deviations.values(), *environment.refused.values()))
    if environment.carl is None:
        assert not environment.deviations
        return
    theirs = carl_features.features(environment.carl).keys()
    offered = {*names(environment), *environment.refused}
    assert theirs <= offered
    assert offered - theirs <= environment.deviations.keys()


@every_name
def test_a_feature_that_cannot_vary_is_refused_with_its_reason(name: str) -> None:
    for feature, reason in ENVIRONMENTS[name].refused.items():
        (problem,) = space_problems.feature_problems("mine", name, {feature: {"train": [0.5, 2.0]}})
        assert problem == f"mine.features.{feature}: cannot vary in {name}: {reason}"


@every_name
def test_the_plain_environment_has_the_declared_spaces(name: str) -> None:
    environment = ENVIRONMENTS[name]
    spaces, plain = (
        environment.spaces,
        environment.plain({one.name: one.default for one in environment.features}),
    )
    assert plain.observation_space.shape == (spaces.observation,)
    if spaces.discrete:
        assert plain.action_space.n == spaces.action
    else:
        assert plain.action_space.shape == (spaces.action,)
        assert (plain.action_space.high == spaces.limit).all()
        assert (plain.action_space.low == -spaces.limit).all()
    if environment.gymnasium_id:
        assert environment.horizon == gymnasium.spec(environment.gymnasium_id).max_episode_steps


@every_environment
def test_returns_lie_where_the_environment_says(environment: Environment) -> None:
    """Of whole episodes of random actions, in random contexts."""
    low, high = environment.returns
    assert low < environment.success <= high
    rng = np.random.default_rng(0)
    environments = started(environment, random_contexts(environment, rng, ROWS, 1.5))
    returned, running = np.zeros(ROWS), ALL
    while running.any():
        step = environments.step(random_actions(environment, rng, ROWS))
        returned += np.where(running, step.reward, 0.0)
        running = running & ~(step.terminated | step.truncated)
    rounding = 1e-9 * environment.horizon
    assert (low - rounding <= returned).all()
    assert (returned <= high + rounding).all()
