"""Controllers: what every one must hold to, and that the lookahead solves what it is a reference for."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from meta_rl import registry
from meta_rl.controllers import lqr_lookahead
from meta_rl.envs import cartpole
from meta_rl.envs.base import Environment
from meta_rl.spaces import Environments, Spaces
from meta_rl.stack.play import Episodes, play
from meta_rl.stack.rollout import Rollout
from meta_rl.stack.seen import Seen

ROWS, STEPS = 3, 40
ENVIRONMENTS: dict[str, Environment] = {name: registry.load("environment", name) for name in registry.ENVS}

every_controller = pytest.mark.parametrize(
    ("module", "name"),
    [
        pytest.param(module, name, id=f"{environment}-{name}")
        for environment, module in ENVIRONMENTS.items()
        for name in ("random", *module.controllers)
    ],
)


def test_every_controller_belongs_to_an_environment() -> None:
    used = {name for module in ENVIRONMENTS.values() for name in module.controllers}
    assert used | {"random"} == set(registry.CONTROLLERS)


def started(module: Environment, rows: int, first: int = 0) -> Environments:
    """Rows that differ in context and state, which follow from their number, counted from `first`."""
    feature = module.features[0]
    environments = module.build((feature.name,), (1, rows))
    numbers = np.arange(first, first + rows)
    noise = np.stack([np.random.default_rng(number).random(module.noise) for number in numbers])
    contexts = np.clip(feature.default * (1 + 0.1 * numbers), feature.low, feature.high)
    environments.reset(np.ones((1, rows), dtype=bool), contexts[None, :, None], noise[None])
    return environments


@every_controller
def test_actions_have_the_shape_and_type_that_environments_take(module: Environment, name: str) -> None:
    environments = module.build((), (2, 3))
    spaces = module.spaces
    chance = np.full((2, 3, spaces.chance), 0.9999)
    action = registry.load("controller", name).build()(environments, chance)
    assert action.shape == ((2, 3) if spaces.discrete else (2, 3, spaces.action))
    if spaces.discrete:
        assert action.dtype == np.int64
        assert ((action >= 0) & (action < spaces.action)).all()
    else:
        assert action.dtype == np.float32
        assert (np.abs(action) <= spaces.limit).all()
    environments.step(action)


@every_controller
def test_an_action_does_not_depend_on_the_rows_beside_it(module: Environment, name: str) -> None:
    chance = np.random.default_rng(0).random((STEPS, ROWS, module.spaces.chance))
    together, alone = started(module, ROWS), [started(module, 1, number) for number in range(ROWS)]
    build = registry.load("controller", name).build
    act, own = build(), [build() for _ in range(ROWS)]
    actions = []
    for t in range(STEPS):
        actions.append(act(together, chance[t][None]))
        for row in range(ROWS):
            action = own[row](alone[row], chance[t, row][None, None])
            assert np.array_equal(action[0, 0], actions[-1][0, row])
            alone[row].step(action)
        together.step(actions[-1])
    played = np.stack(actions)[:, 0]
    assert (played != played[:, :1]).any()


def test_random_takes_every_action_equally_often() -> None:
    environments = cartpole.build((), (4, 5000))
    act = registry.load("controller", "random").build()
    chance = np.random.default_rng(0).random((4, 5000, 1))
    action = act(environments, chance)
    assert np.array_equal(action, chance[..., 0] >= 0.5)
    assert abs(action.mean() - 0.5) < 0.01


def test_random_is_uniform_between_the_limits_in_each_dimension() -> None:
    environments: Any = SimpleNamespace(spaces=Spaces(observation=3, action=2, discrete=False, limit=2.5))
    act = registry.load("controller", "random").build()
    chance = np.random.default_rng(0).random((4, 5000, environments.spaces.chance))
    action = act(environments, chance)
    assert action.dtype == np.float32
    for values in action.reshape(-1, 2).T:
        shares = np.histogram(values, bins=5, range=(-2.5, 2.5))[0] / len(values)
        assert shares.sum() == 1
        assert np.allclose(shares, 0.2, atol=0.01)
    assert abs(np.corrcoef(action.reshape(-1, 2).T)[0, 1]) < 0.03


def play_lookahead(feature: str, multipliers: list[float], each: int) -> Episodes:
    """`each` episodes per multiplier of the default, [1, M * each]."""
    default = {one.name: one.default for one in cartpole.features}[feature]
    contexts = default * np.repeat(multipliers, each)[None, :, None]
    environments = cartpole.build((feature,), contexts.shape[:2])
    noise = np.random.default_rng(0).random((*contexts.shape[:2], 4))
    controller = lqr_lookahead.build()

    def act(seen: Seen) -> Tensor:
        return torch.from_numpy(controller(environments, np.zeros((*environments.rows, 1))))

    return play(Rollout(environments), act, contexts, noise, gamma=1.0)


@pytest.mark.parametrize("feature", ["tau", "length", "gravity"])
def test_the_lookahead_balances_from_end_to_end_of_the_extrapolation_ranges(feature: str) -> None:
    multipliers = [0.1, 0.2, 1.0, 2.2, 3.0, 4.4]
    played = play_lookahead(feature, multipliers, each=8)
    returns = played.episode_return.reshape(len(multipliers), 8)
    assert dict(zip(multipliers, returns.min(axis=1), strict=True)) == dict.fromkeys(multipliers, 500.0)


def test_the_lookahead_balances_with_a_force_of_either_sign() -> None:
    played = play_lookahead("force_mag", [-2.0, -1.0, -0.3, 0.3, 1.0], each=8)
    assert (played.episode_return == 500).all()
