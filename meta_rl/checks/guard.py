"""Does a method solve what nobody can who does not know the sign of the actuator, and does its control fail?

    python -m meta_rl.checks.guard [METHOD ...] [--env-steps N] [--seeds SEED ...]

trains methods and their controls by PPO on `cartpole_sign`, lets the greedy policies play its frozen interpolation
set, and prints mean returns with either sign, and with the one that a run is worse with. A method solves the benchmark
if it returns at least `SOLVED` with the sign that it is worse with, in the mean over seeds; a control has to stay below
that. A policy without context and memory mostly learns one sign and falls with the other, but not always: the state
itself can tell what the last actions did, and `cgate_shuffled` returns 210 (seeds 0 to 4). The exit code is 1 where one
of them does not do as it should.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from meta_rl import registry
from meta_rl.benchmarks.published import BENCHMARKS
from meta_rl.contexts import INTERPOLATION
from meta_rl.errors import UserError, unknown
from meta_rl.streams import Streams
from meta_rl.training.block import label_of, run_keys, start
from meta_rl.training.episodes import cases, play_agent
from meta_rl.training.policy import Runs
from meta_rl.training.setup import Setup

NAME = "cartpole_sign"


class Effort(NamedTuple):
    """How a method is trained, and its control alike."""

    env_steps: int
    learning_rate: float


# One line a method. It must know the sign, or be able to find it out. With larger steps some runs of cgate and
# recurrent know one sign only when they end.
GUARDED = {
    "explicit": Effort(50_000, 2e-3),
    "cgate": Effort(100_000, 1e-3),
    "adapter": Effort(50_000, 2e-3),
    "recurrent": Effort(100_000, 1e-3),
}
PPO = {
    "n_envs": 16, "n_steps": 64, "minibatch": 256, "epochs": 8, "gamma": 0.98, "rewards": "normalised",
}  # fmt: skip
SEEDS = (0, 1, 2)
SOLVED = 350.0
# Contexts of a run; held-out ones, half of them with either sign; in each.
TRAIN, CONTEXTS, EPISODES = (100, 32, 2)


class Row(NamedTuple):
    """What the runs of one method return, in the mean over contexts, [S] each."""

    method: str
    control: bool
    env_steps: int  # of each run
    usual: np.ndarray  # with the default sign
    turned: np.ndarray  # with the other one

    @property
    def worse(self) -> float:
        """With the sign that a run is worse with, in the mean over runs: they need not fail with the same one."""
        return float(np.minimum(self.usual, self.turned).mean())

    @property
    def passed(self) -> bool:
        """Whether a method solves it, or a control does not."""
        return self.worse < SOLVED if self.control else self.worse >= SOLVED


def check(
    methods: Sequence[str], env_steps: int | None = None, seeds: Sequence[int] = SEEDS
) -> Iterator[Row]:
    """A row for each method and for its control, if it has one; UserError before any where a demand makes no sense.

    `env_steps` takes the place of every method's own budget.
    """
    for name in methods:
        if name not in GUARDED:
            raise UserError(unknown("guarded method", name, GUARDED))
    if env_steps is not None and env_steps < 1:
        raise UserError(f"--env-steps: is {env_steps}; must be at least 1")
    for name in methods:
        control = registry.entry("method", name).control
        effort = GUARDED[name] if env_steps is None else GUARDED[name]._replace(env_steps=env_steps)
        for told in filter(None, (name, control)):
            yield Row(told, told != name, effort.env_steps, *_returns(told, effort, np.array(seeds)))


def _returns(method: str, effort: Effort, seeds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each run with the default sign and with the other one, [S] each."""
    features, train_set, boxes = BENCHMARKS[NAME].space
    spec = {
        "benchmark": NAME, "environment": BENCHMARKS[NAME].environment, "features": features,
        "train_set": train_set, "boxes": boxes, "agent": "ppo",
        "agent_settings": PPO | {"learning_rate": effort.learning_rate}, "method": method, "variant": method,
        "method_settings": {}, "env_steps": effort.env_steps, "snapshots": 1,
    }  # fmt: skip
    setup = Setup(spec)
    space = setup.task.contexts
    keys = run_keys(spec, seeds)
    training = start(spec, np.stack([space.draw_train(key, TRAIN) for key in keys]), Streams(keys))
    training.run(effort.env_steps, label_of(spec, seeds))
    values = space.draw_held_out(INTERPOLATION, CONTEXTS)
    ids = np.tile(np.arange(CONTEXTS), (len(seeds), 1))
    todo = cases(
        NAME,
        INTERPOLATION,
        ids,
        np.tile(values, (len(seeds), 1, 1)),
        np.arange(EPISODES),
        setup.environment.noise,
    )
    played = play_agent(Runs(setup, training.agent.requires_grad_(False)), todo).episode_return
    turned = todo.contexts[0, :, space.names.index("force_mag")] < 0
    return played[:, ~turned].mean(axis=1), played[:, turned].mean(axis=1)


def main(arguments: Sequence[str]) -> int:
    """Print the table; 1 if a method does not solve it, or a control does."""
    parser = argparse.ArgumentParser(prog="python -m meta_rl.checks.guard")
    parser.add_argument(
        "methods", nargs="*", metavar="METHOD", help=f"of {', '.join(GUARDED)}; all unless named"
    )
    parser.add_argument("--env-steps", type=int, help="budget of each run, in place of each method's own")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS, help="runs of each method (0 1 2)")
    given = parser.parse_args(arguments)
    rows = list(check(given.methods or list(GUARDED), given.env_steps, given.seeds))
    print(f"{'method':<17}  {'env_steps':>9}  {'sign 1':>7}  {'sign -1':>7}  {'worse':>7}  as it should")
    for row in rows:
        due = f"below {SOLVED:g}" if row.control else f"at least {SOLVED:g}"
        said = "  ".join(f"{number:7.1f}" for number in (row.usual.mean(), row.turned.mean(), row.worse))
        print(f"{row.method:<17}  {row.env_steps:>9,}  {said}  {'yes' if row.passed else 'NO'}: {due}")
    return int(not all(row.passed for row in rows))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except UserError as error:
        sys.exit(f"error: {error}")
