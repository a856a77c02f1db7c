"""What contexts do in every registered environment: they pass the gate, and controllers act in what they are told."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils import seeding

from meta_rl import registry
from meta_rl.checks import gate
from meta_rl.conformance.environments import (
    ALL,
    ENVIRONMENTS,
    PHYSICS,
    REGISTERED,
    ROWS,
    defaults,
    every_environment,
    every_name,
    names,
    random_actions,
    random_contexts,
    run,
    started,
)
from meta_rl.conformance.members import said
from meta_rl.contexts import Feature
from meta_rl.envs.base import Environment, PhysicsRows
from meta_rl.spaces import Step

every_feature = pytest.mark.parametrize(
    ("environment", "feature"),
    [
        pytest.param(environment, feature, id=f"{name}-{feature.name}")
        for name, environment in ENVIRONMENTS.items()
        for feature in environment.features
    ],
)


@every_name
def test_every_feature_passes_the_gate(name: str) -> None:
    """It acts, in its own row only, as in an independent reference; the default is the plain environment."""
    verdicts = list(gate.check(name))
    together = ["(all)"] if len(verdicts) > 1 else []
    signs = [feature.name for feature in ENVIRONMENTS[name].features if feature.turns]
    assert [verdict.feature for verdict in verdicts] == [*names(ENVIRONMENTS[name]), *signs, *together]
    assert [verdict for verdict in verdicts if not verdict.passed] == []


@pytest.mark.parametrize("name", REGISTERED)
def test_the_default_context_is_gymnasiums_own_environment(name: str) -> None:
    """Starts and steps, as registered; a neighbour is in another context. (A torque's cost is rounded otherwise.)"""
    environment, rng = ENVIRONMENTS[name], np.random.default_rng(0)
    contexts = np.concatenate(
        [defaults(environment, (1, 1)), random_contexts(environment, rng, (1, 1))], axis=1
    )
    for seed in range(3):
        plain = gymnasium.make(ENVIRONMENTS[name].gymnasium_id)
        rows = environment.build(names(environment), (1, 2))
        drawn = seeding.np_random(seed)[0].random(environment.noise)
        noise = drawn if name in PHYSICS else np.array([(seed + 0.5) / 2**31])
        rows.reset(np.ones((1, 2), dtype=bool), contexts, np.stack([noise, noise])[None])
        expected, _ = plain.reset(seed=seed)
        assert np.array_equal(rows.observation[0, 0], expected.astype(np.float32))
        for _ in range(100):
            action = random_actions(environment, rng, (1, 2))
            step = Step(*(column[0, 0] for column in rows.step(action)))
            expected, reward, terminated, truncated, _ = plain.step(action[0, 0])
            assert np.allclose(step.next_observation, expected, rtol=0, atol=1e-6)
            assert step.reward == pytest.approx(reward, rel=0, abs=1e-9)
            assert (step.terminated, step.truncated) == (terminated, truncated)
            if terminated or truncated:
                break


@every_environment
def test_features_at_their_defaults_are_features_that_do_not_vary(environment: Environment) -> None:
    varied, usual = started(environment, defaults(environment)), environment.build((), ROWS)
    usual.reset(ALL, np.empty((*ROWS, 0)), np.random.default_rng(0).random((*ROWS, environment.noise)))
    assert usual.observation.tobytes() == varied.observation.tobytes()
    assert run(environment, varied, 30) == run(environment, usual, 30)


@every_feature
def test_varying_one_feature_is_varying_all_with_the_others_at_default(
    environment: Environment, feature: Feature
) -> None:
    column, rows = names(environment).index(feature.name), (1, 2)
    contexts = defaults(environment, rows).copy()
    contexts[..., column] = random_contexts(environment, np.random.default_rng(1), rows)[..., column]
    alone, noise = environment.build((feature.name,), rows), np.random.default_rng(0)
    alone.reset(np.ones(rows, dtype=bool), contexts[..., [column]], noise.random((*rows, environment.noise)))
    every = started(environment, contexts)
    assert alone.observation.tobytes() == every.observation.tobytes()
    assert run(environment, alone, 5) == run(environment, every, 5)


@pytest.mark.parametrize(
    ("name", "controller"),
    [(name, controller) for name, one in ENVIRONMENTS.items() for controller in ("random", *one.controllers)],
)
def test_a_controller_acts_as_in_the_context_that_it_is_told(name: str, controller: str) -> None:
    """Whatever the context of the rows is, which believing leaves as they are."""
    environment, build = ENVIRONMENTS[name], registry.load("controller", controller).build
    feature, count = environment.features[0], said("controller", controller, "STARTS", 30)
    contexts = defaults(environment, (1, count)).copy()
    here = started(environment, contexts)
    contexts[..., 0] = 0.5 * feature.default
    there = started(environment, contexts)
    if isinstance(here, PhysicsRows):
        assert isinstance(there, PhysicsRows)
        run(environment, here, 20)  # away from where episodes start, which is near an equilibrium
        there.state = here.state
    chance = np.random.default_rng(1).random((1, count, environment.spaces.chance))
    state = {key: value.tobytes() for key, value in here.state_dict().items()}
    told = here.believing({feature.name: 0.5 * feature.default})
    action = build()(told, chance)
    assert np.array_equal(action, build()(there, chance))
    assert np.array_equal(told.observation, here.observation)
    reads = feature.name in said("controller", controller, "READS", {feature.name})
    assert np.array_equal(action, build()(here, chance)) == (not reads)
    assert {key: value.tobytes() for key, value in here.state_dict().items()} == state
