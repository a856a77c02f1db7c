"""What critics that say how uncertain they are cost: trainings of the same agent over each kind, beside the plain one.

    python -m benchmarks.speed.critics

A stack of 5 runs on one thread, settings as they are by default, DQN and PPO on CartPole, DDPG and SAC on Pendulum.
Environment steps per CPU second once updates are due, the two sides one after the other. Writes docs/speed/critics.md
and takes some minutes.
"""

import time
from pathlib import Path

import torch

from benchmarks.peers.case import Case, training
from meta_rl import files, registry
from meta_rl.conformance.small import OVER
from meta_rl.tables.markdown import table

PAGE = Path(__file__).parents[2] / "docs/speed/critics.md"
SEEDS = 5
STARTS = 200  # env_steps before updates
STEPS = {"dqn": 2000, "ddqn": 2000, "ddpg": 100, "sac": 100, "ppo": 4096}  # of a run that are timed


def main() -> None:
    """Measure and write."""
    torch.set_num_threads(1)
    plain: dict[str, float] = {}
    lines = []
    for name, agent in OVER.items():
        if agent not in plain:
            plain[agent] = rate(agent, agent)
        own = rate(name, agent)
        print(name, round(own), round(plain[agent]), flush=True)
        lines.append((f"`{name}`", f"{own:,.0f}", f"{plain[agent]:,.0f}", f"{plain[agent] / own:.1f}"))
    header = ("agent", "steps/s", "plain agent, steps/s", "times as long")
    files.write_text(
        PAGE,
        "# Agents over critics that say how uncertain they are\n\n"
        f"Environment steps per CPU second, updates included, of {SEEDS} runs as one stack on one thread with default\n"
        "settings; measured by `python -m benchmarks.speed.critics`, the two sides one after the other.\n\n"
        f"{table(header, lines)}\n",
    )


def rate(name: str, agent: str) -> float:
    """Environment steps of all runs per CPU second."""
    discrete = "discrete" in registry.entry("agent", name).actions
    environment = ("cartpole", "CartPole-v1") if discrete else ("pendulum", "Pendulum-v1")
    settings = {} if agent == "ppo" else {"learning_starts": STARTS, "replay": 20_000}
    trained = training(Case(name, *environment, 1_000_000, settings), range(SEEDS))
    trained.run(0 if agent == "ppo" else STARTS)
    before, began = int(trained.env_steps.max()), time.process_time()
    trained.run(before + STEPS[agent])
    return SEEDS * (int(trained.env_steps.max()) - before) / (time.process_time() - began)


if __name__ == "__main__":
    main()
