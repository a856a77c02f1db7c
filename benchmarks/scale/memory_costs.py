"""What memory costs: a training with `recurrent` beside one with `none`, in turns, in CPU time.

    python -m benchmarks.scale.memory_costs [SEEDS]

Agents have their default sizes, on CartPole or, where their actions are continuous, on Pendulum; SEEDS (1 unless given)
are the runs of a stack. Only the time after the first updates counts. Prints a table.
"""

import sys
import time
from typing import Any

import numpy as np
import torch

from meta_rl import registry
from meta_rl.streams import Streams, run_key
from meta_rl.tables.markdown import table
from meta_rl.training.block import start
from meta_rl.training.loop import Training
from meta_rl.training.setup import Setup

METHODS = ("none", "recurrent")
TURNS = 3
# env_steps before the clock starts, and those of a turn; and off-policy agents begin to learn at once.
STEPS = {"dqn": (400, 2000), "ddqn": (400, 2000), "ddpg": (200, 50), "sac": (200, 50), "ppo": (2048, 2048)}
SETTINGS: dict[str, dict[str, Any]] = {name: {"learning_starts": 100} for name in STEPS} | {"ppo": {}}


def main(seeds: int) -> None:
    torch.set_num_threads(1)
    rows = []
    for agent, (before, steps) in STEPS.items():
        trainings = [_training(method, agent, seeds) for method in METHODS]
        for one in trainings:
            one.run(before)
        spent = np.zeros(len(METHODS))
        for _ in range(TURNS):
            for number, one in enumerate(trainings):
                begun = time.process_time()
                one.run(int(one.env_steps[0]) + steps)
                spent[number] += time.process_time() - begun
        each = spent / (TURNS * steps) * 1e6
        rows.append((f"`{agent}`", *(f"{value:.0f}" for value in each), f"{each[1] / each[0]:.1f}"))
    print(table(("agent", *(f"`{method}` [us per env_step]" for method in METHODS), "times"), rows))


def _training(method: str, agent: str, seeds: int) -> Training:
    discrete = "discrete" in registry.entry("agent", agent).actions
    spec = {
        "benchmark": "costs", "environment": "cartpole" if discrete else "pendulum",
        "features": {"gravity": {"train": [0.5, 2.0]}}, "train_set": "A", "boxes": {},
        "agent": agent, "agent_settings": SETTINGS[agent], "method": method, "method_settings": {},
        "env_steps": 1_000_000,
    }  # fmt: skip
    keys = [run_key("costs", seed) for seed in range(seeds)]
    contexts = np.stack([Setup(spec).task.contexts.draw_train(key, 10) for key in keys])
    return start(spec, contexts, Streams(keys))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
