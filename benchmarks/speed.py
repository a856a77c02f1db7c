"""How fast environments step and stacks train, side by side in one run on one core: `make bench`.

Times are CPU seconds of this process; the quantities that are compared take turns, and the median of the turns
counts, so that a busy machine disturbs all alike.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import torch

from meta_rl import registry
from meta_rl.envs import cartpole
from meta_rl.policy import build_agent, environments, task
from meta_rl.streams import Streams
from meta_rl.training import Training

TURNS = 5
STACKS = (1, 2, 5, 10, 16)
METHODS = ("none", "explicit", "iida", "jrpl")
SPEC: dict[str, Any] = {
    "environment": "cartpole",
    "features": {"length": {"train": [0.2, 2.2]}},
    "agent": "dqn",
    "agent_settings": {"learning_starts": 1_000},
    "method_settings": {},
    "env_steps": 1_000_000,
}


def main() -> None:
    torch.set_num_threads(1)
    print(f"{'CartPole, random actions':44}{'steps/s':>14}{'to Gymnasium':>14}")
    rates = _medians(
        {"gymnasium.make, 1 row": _gymnasium} | {f"meta_rl, {n} rows": _rows(n) for n in (64, 1024)}
    )
    base = next(iter(rates.values()))
    for name, rate in rates.items():
        print(f"{name:44}{rate:14,.0f}{rate / base:14.1f}")

    print(f"\n{'DQN after its first update':44}{'us/env_step':>14}{'us/seed-step':>14}{'to one seed':>14}")
    for method in METHODS:
        trainings = {f"{method}, {count} seeds": _training(method, count) for count in STACKS}
        seconds = {name: 1 / rate for name, rate in _medians(trainings).items()}
        alone = next(iter(seconds.values()))
        for (name, each), count in zip(seconds.items(), STACKS, strict=True):
            print(f"{name:44}{each * 1e6:14.1f}{each / count * 1e6:14.1f}{each / alone:14.2f}")


def _medians(turns: dict[str, Callable[[], int]]) -> dict[str, float]:
    """Units per CPU second of each; a turn does some work and returns how many units that was."""
    rates: dict[str, list[float]] = {name: [] for name in turns}
    for _ in range(TURNS):
        for name, turn in turns.items():
            start = time.process_time()
            done = turn()
            rates[name].append(done / (time.process_time() - start))
    return {name: statistics.median(each) for name, each in rates.items()}


def _gymnasium() -> int:
    environment = gymnasium.make("CartPole-v1")
    environment.reset(seed=0)
    actions = np.random.default_rng(0).integers(0, 2, 10_000)
    for action in actions:
        *_, terminated, truncated, _ = environment.step(action)
        if terminated or truncated:
            environment.reset()
    return len(actions)


def _rows(count: int) -> Callable[[], int]:
    """Steps of `count` rows with a context each; rows whose episode ended are reset, as in training."""
    rows, steps = (1, count), 1_000
    random = np.random.default_rng(0)
    contexts, noise = random.uniform(0.1, 1.1, (*rows, 1)), random.random((*rows, cartpole.noise))
    actions = random.integers(0, 2, (steps, *rows))
    every = np.ones(rows, dtype=bool)

    def turn() -> int:
        batch = cartpole.build(("length",), rows)
        batch.reset(every, contexts, noise)
        for action in actions:
            step = batch.step(action)
            ended = step.terminated | step.truncated
            if ended.any():
                batch.reset(ended, contexts, noise)
        return steps * count

    return turn


def _training(method: str, seeds: int) -> Callable[[], int]:
    """Environment steps of each of `seeds` stacked runs, updates included."""
    spec = SPEC | {"method": method}
    streams = Streams([f"run {seed}" for seed in range(seeds)])
    contexts = np.stack([task(spec).contexts.draw_train(seed, 20) for seed in range(seeds)])
    agent = build_agent(spec, streams)
    rows = (seeds, agent.n_envs)
    training = Training(agent, environments(spec, rows), registry.entry("method", method), contexts, streams)
    training.run(2_000)

    def turn() -> int:
        training.run(training.env_steps + 1_000)
        return 1_000

    return turn


if __name__ == "__main__":
    main()
