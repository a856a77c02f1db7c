"""What a contestant of `make bench` does in its turn: train, or step an environment."""

import time
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np

from benchmarks.peers.case import Case, training
from benchmarks.speed.contest import Turn
from meta_rl import registry
from meta_rl.spaces import Spaces

_STEPS = 1000  # of each row between looks at the clock: at least an episode of any environment
_SECONDS = 0.3  # that a turn of an environment takes at least
VECTORISED = {"cartpole": "CartPole-v1"}  # environments of which Gymnasium has a vectorised one, too


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
    from benchmarks.peers.baselines import model

    learner = model(name, case, 0)
    learner.learn(2000)

    def turn() -> int:
        before = learner.num_timesteps
        learner.learn(1024, reset_num_timesteps=False)
        return learner.num_timesteps - before

    return turn


def single(case: Case) -> Turn:
    """The same of a loop in one file."""
    from benchmarks.peers.single_file import runner

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
    actions = _actions(module.spaces, _STEPS)
    age = 0

    def block() -> int:
        nonlocal age
        for action in actions:
            *_, terminated, truncated, _ = environment.step(action)
            age += 1
            if terminated or truncated or age == module.horizon:
                environment.reset()
                age = 0
        return _STEPS

    return _for_a_while(block)


def vectorised_steps(name: str, count: int) -> Turn:
    """Random actions in `count` rows of Gymnasium's own vectorised environment, all in the default context."""
    rows = gymnasium.make_vec(VECTORISED[name], num_envs=count, vectorization_mode="vector_entry_point")
    rows.reset(seed=0)
    actions = _actions(registry.load("environment", name).spaces, _STEPS, count)

    def block() -> int:
        for action in actions:
            rows.step(action)
        return _STEPS * count

    return _for_a_while(block)


def batched_steps(name: str, count: int) -> Turn:
    """Random actions in `count` rows with a context each; rows whose episode ended are reset, as in training."""
    module = registry.load("environment", name)
    rows, feature = (1, count), module.features[0]
    random = np.random.default_rng(0)
    contexts, noise = (
        feature.default * random.uniform(0.9, 1.1, (*rows, 1)),
        random.random((*rows, module.noise)),
    )
    actions = _actions(module.spaces, _STEPS, *rows)
    batch = module.build((feature.name,), rows)
    batch.reset(np.ones(rows, dtype=bool), contexts, noise)

    def block() -> int:
        for action in actions:
            step = batch.step(action)
            ended = step.terminated | step.truncated
            if ended.any():
                batch.reset(ended, contexts, noise)
        return _STEPS * count

    return _for_a_while(block)


def _for_a_while(block: Callable[[], int]) -> Turn:
    """Blocks, which return how many steps they took, until a turn is long enough to be timed."""

    def turn() -> int:
        start, done = time.process_time(), 0
        while time.process_time() < start + _SECONDS:
            done += block()
        return done

    return turn


def _actions(spaces: Spaces, *shape: int) -> np.ndarray:
    random = np.random.default_rng(0)
    if spaces.discrete:
        return random.integers(0, spaces.action, shape)
    return random.uniform(-spaces.limit, spaces.limit, (*shape, spaces.action)).astype(np.float32)
