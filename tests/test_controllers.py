"""Controllers: what every one must hold to, and that the lookahead solves what it is a reference for."""

from types import ModuleType

import numpy as np
import pytest
import torch
from torch import Tensor

from meta_rl import registry
from meta_rl.controllers import lqr_lookahead
from meta_rl.envs import cartpole
from meta_rl.envs.base import Environments
from meta_rl.rollout import Episodes, Rollout, play

ENVIRONMENTS = {name: registry.load("environment", name) for name in registry.ENVS}

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


def started(module: ModuleType, rows: int, first: int = 0) -> Environments:
    """Rows that differ in context and state, which follow from their number, counted from `first`."""
    feature = module.features[0]
    environments = module.build((feature.name,), (1, rows))
    numbers = np.arange(first, first + rows)
    noise = np.stack([np.random.default_rng(number).random(module.noise) for number in numbers])
    contexts = feature.default * (1 + 0.1 * numbers)
    environments.reset(np.ones((1, rows), dtype=bool), contexts[None, :, None], noise[None])
    return environments


@every_controller
def test_actions_have_the_shape_and_type_that_environments_take(module: ModuleType, name: str) -> None:
    environments = module.build((), (2, 3))
    action = registry.load("controller", name).build()(environments, np.full((2, 3), 0.9999))
    spaces = module.spaces
    assert action.shape == ((2, 3) if spaces.discrete else (2, 3, spaces.action))
    if spaces.discrete:
        assert action.dtype == np.int64
        assert ((action >= 0) & (action < spaces.action)).all()
    else:
        assert action.dtype == np.float32
    environments.step(action)


@every_controller
def test_an_action_does_not_depend_on_the_rows_beside_it(module: ModuleType, name: str) -> None:
    chance = np.random.default_rng(0).random((20, 8))
    together, alone = started(module, 8), [started(module, 1, number) for number in range(8)]
    build = registry.load("controller", name).build
    act, own = build(), [build() for _ in range(8)]
    actions = []
    for t in range(20):
        actions.append(act(together, chance[t][None]))
        for row in range(8):
            action = own[row](alone[row], chance[t, row].reshape(1, 1))
            assert np.array_equal(action[0, 0], actions[-1][0, row])
            alone[row].step(action)
        together.step(actions[-1])
    assert len(np.unique(np.stack(actions)[:, 0], axis=1).T) > 1


def test_random_takes_every_action_equally_often() -> None:
    environments = cartpole.build((), (4, 5000))
    act = registry.load("controller", "random").build()
    chance = np.random.default_rng(0).random((4, 5000))
    action = act(environments, chance)
    assert np.array_equal(action, chance >= 0.5)
    assert abs(action.mean() - 0.5) < 0.01


def play_lookahead(feature: str, multipliers: list[float], each: int) -> Episodes:
    """`each` episodes per multiplier of the default, [1, M * each]."""
    default = {one.name: one.default for one in cartpole.features}[feature]
    contexts = default * np.repeat(multipliers, each)[None, :, None]
    environments = cartpole.build((feature,), contexts.shape[:2])
    noise = np.random.default_rng(0).random((*contexts.shape[:2], 4))
    controller = lqr_lookahead.build()

    def act(inputs: Tensor) -> Tensor:
        return torch.from_numpy(controller(environments, np.zeros(environments.rows)))

    return play(Rollout(environments), act, contexts, noise, gamma=1.0)


@pytest.mark.parametrize("feature", ["tau", "length", "gravity"])
def test_the_lookahead_balances_from_end_to_end_of_the_extrapolation_ranges(feature: str) -> None:
    multipliers = [0.1, 0.2, 1.0, 2.2, 3.0, 4.4]
    played = play_lookahead(feature, multipliers, each=8)
    returns = played.episode_return.reshape(len(multipliers), 8)
    assert dict(zip(multipliers, returns.min(axis=1), strict=True)) == dict.fromkeys(multipliers, 500.0)
