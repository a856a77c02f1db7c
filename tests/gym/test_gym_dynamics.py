"""On the Gymnasium side dynamics, starts and ends are those of the plain and of the batched environment."""

import gymnasium
import numpy as np
import pytest
from gym_makers import CONTEXT, make

from meta_rl import registry
from meta_rl.envs import cartpole


@pytest.mark.parametrize(
    "name", [n for n in registry.ENVS if hasattr(registry.load("environment", n), "initial")]
)
def test_the_default_context_is_the_plain_environment(name: str) -> None:
    module = registry.load("environment", name)
    defaults = {one.name: one.default for one in module.features}
    plain, ours = module.plain(defaults), make(name)
    plain = gymnasium.wrappers.TimeLimit(plain.unwrapped, module.horizon)
    assert ours.reset(seed=1)[1]["context"] == defaults
    plain.action_space.seed(0)
    for seed in [*range(8), None, None]:
        expected, found = plain.reset(seed=seed)[0], ours.reset(seed=seed)[0]
        assert np.array_equal(found, expected)
        ended = False
        while not ended:
            action = plain.action_space.sample()
            expected, *figures, _ = plain.step(action)
            found, *ours_too, _ = ours.step(action)
            assert np.array_equal(found, expected)
            assert ours_too == pytest.approx(figures, rel=1e-9)  # Pendulum's rewards are that equal
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


def test_what_is_returned_has_plain_types_and_is_nobody_elses() -> None:
    environment = make(context=CONTEXT)
    first, info = environment.reset(seed=0)
    copy = first.copy()
    info["context"]["length"] = 3.0
    _, reward, terminated, truncated, info = environment.step(1)
    assert [type(value) for value in (reward, terminated, truncated)] == [float, bool, bool]
    assert info["context"] == {one.name: one.default for one in cartpole.features} | CONTEXT
    assert np.array_equal(first, copy)
