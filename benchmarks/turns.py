"""What a contestant of `make bench` does in its turn: train, or step an environment."""

from typing import Any

import numpy as np
from case import Case, training
from contest import Turn

from meta_rl import registry
from meta_rl.envs.base import Spaces

_STEPS = (100, 1000)  # of a turn with few rows and with many


def cartpole_defaults(**settings: Any) -> Case:
    """DQN with our defaults, but for `settings`."""
    return Case("dqn", "cartpole", "CartPole-v1", 1_000_000, settings)


def ours(case: Case | None = None, seeds: int = 5, **method: Any) -> Turn:
    """Environment steps of all seeds; without a case DQN on CartPole with our defaults."""
    case = case or cartpole_defaults()
    trained = training(case, range(seeds), **method)
    trained.run(case.config.get("learning_starts", 0) + 100)
    rollout = case.config.get("n_steps", 1) * case.config["n_envs"]
    steps = max(rollout, 4096 // seeds)

    def turn() -> int:
        before = int(trained.env_steps.max())
        trained.run(before + steps)
        return seeds * (int(trained.env_steps.max()) - before)

    return turn


def library(name: str, case: Case) -> Turn:
    """The same of one seed of Stable-Baselines3 or SBX."""
    from baselines import model

    learner = model(name, case, 0)
    learner.learn(2000)

    def turn() -> int:
        before = learner.num_timesteps
        learner.learn(1024, reset_num_timesteps=False)
        return learner.num_timesteps - before

    return turn


def single(case: Case) -> Turn:
    """The same of a loop in one file."""
    from single_file import runner

    run = runner(case, 0)
    run(2048)

    def turn() -> int:
        run(2048)
        return 2048

    return turn


def plain_steps(name: str) -> Turn:
    """Random actions in the one environment that ours must equal."""
    module = registry.load("environment", name)
    environment = module.plain({feature.name: feature.default for feature in module.features}).unwrapped
    environment.reset(seed=0)
    actions = _actions(module.spaces, _STEPS[1])

    def turn() -> int:
        age = 0
        for action in actions:
            *_, terminated, truncated, _ = environment.step(action)
            age += 1
            if terminated or truncated or age == module.horizon:
                environment.reset()
                age = 0
        return len(actions)

    return turn


def batched_steps(name: str, count: int) -> Turn:
    """Random actions in `count` rows with a context each; rows whose episode ended are reset, as in training."""
    module = registry.load("environment", name)
    rows, feature = (1, count), module.features[0]
    random = np.random.default_rng(0)
    contexts, noise = (
        feature.default * random.uniform(0.9, 1.1, (*rows, 1)),
        random.random((*rows, module.noise)),
    )
    actions = _actions(module.spaces, _STEPS[count > 100], *rows)
    every = np.ones(rows, dtype=bool)
    batch = module.build((feature.name,), rows)
    batch.reset(every, contexts, noise)

    def turn() -> int:
        for action in actions:
            step = batch.step(action)
            ended = step.terminated | step.truncated
            if ended.any():
                batch.reset(ended, contexts, noise)
        return len(actions) * count

    return turn


def _actions(spaces: Spaces, *shape: int) -> np.ndarray:
    random = np.random.default_rng(0)
    if spaces.discrete:
        return random.integers(0, spaces.action, shape)
    return random.uniform(-spaces.limit, spaces.limit, (*shape, spaces.action)).astype(np.float32)
