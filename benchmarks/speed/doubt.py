"""What the estimators of doubt cost: fitted on runs and asked about contexts that are drawn, nothing is trained.

    python -m benchmarks.speed.doubt [NAME ...]

A block of 5 runs with 100 train, 64 validation and 128 calibration contexts, and 300 contexts to doubt, each after its
first state, 50 steps and an episode of 500: a frozen linear system with CartPole's sizes. Each estimator is a process
of its own, on one thread. Beside them stands the training of such a block, DQN with its defaults on CartPole. Writes
docs/speed/doubt.md if no NAME is given, and takes a few minutes.
"""

import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch

from benchmarks.speed.turns import ours
from meta_rl import files, registry
from meta_rl.agents.protocols import Task
from meta_rl.contexts import TRAIN, ContextSpace, Feature
from meta_rl.spaces import Spaces
from meta_rl.streams import Streams
from meta_rl.tables.markdown import table
from meta_rl.uncertainty import view
from meta_rl.uncertainty.base import Evidence
from meta_rl.uncertainty.watched import Watched

PAGE = Path(__file__).parents[2] / "docs/speed/doubt.md"
RUNS, HORIZON, EPISODES = 5, 500, 10
SETS = {TRAIN: 100, "validation": 64, "calibration": 128, "asked": 300}
BUDGETS = (0, 50, None)
OTHERS = 6  # doubts of others that one may be fitted on
TRAINING = "training"
ENV_STEPS = 80_000  # of each run
_SPACES = Spaces(observation=4, action=2, discrete=True)
_FEATURE = Feature("drawn", 1.0, 0.01, 100.0, "1")
TASK = Task(_SPACES, ContextSpace.of((_FEATURE,), {"drawn": {"train": [0.5, 1.5]}}, "A", {}))


def main(names: list[str]) -> None:
    """Measure each in a process of its own; print, and write the page."""
    rows: list[tuple[str, float, float, float]] = []
    for name in names or [TRAINING, *registry.ESTIMATORS]:
        command = [sys.executable, "-m", "benchmarks.speed.doubt", "--alone", name]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        print(name, done.stdout.strip(), flush=True)
        fit, asked, memory = map(float, done.stdout.split())
        rows.append((name, fit, asked, memory))
    if names:
        return
    (_, trained, *_), *rows = rows
    rows.append(
        ("all", sum(row[1] for row in rows), sum(row[2] for row in rows), max(row[3] for row in rows))
    )
    lines = [
        (f"`{name}`" if name != "all" else name, f"{fit:.1f}", f"{asked:.1f}", f"{(fit + asked) / trained:.1%}",
         f"{memory:.0f}")
        for name, fit, asked, memory in rows
    ]  # fmt: skip
    header = ("estimator", "fit [CPU s]", "ask [CPU s]", "of a training", "MB")
    files.write_text(
        PAGE,
        "# Doubt\n\n"
        f"CPU seconds and the largest memory of fitting each estimator for {RUNS} runs on {SETS[TRAIN]} train\n"
        f"contexts, and of asking it about {SETS['asked']} contexts at the budgets 0, 50 and an episode of {HORIZON}\n"
        "steps, measured by `python -m benchmarks.speed.doubt` on one thread. What is fitted anew for every budget\n"
        f"is fitted three times. The training of a block of that size, {ENV_STEPS:,} env_steps of DQN on CartPole for\n"
        f"each run, takes {trained:.0f} CPU seconds in the same turn. Of the memory some 350 MB are the libraries'.\n\n"
        f"{table(header, lines)}\n",
    )


def alone(name: str) -> None:
    """Print the CPU seconds of fitting and of asking, and the most memory in MB."""
    torch.set_num_threads(1)
    if name == TRAINING:
        turn = ours(seeds=RUNS)
        begun, steps = time.process_time(), 0
        while time.process_time() < begun + 10:
            steps += turn()
        spent = [(time.process_time() - begun) / steps * ENV_STEPS * RUNS, 0.0]
    else:
        spent = _spent(name)
    print(*spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _spent(name: str) -> list[float]:
    module, entry = registry.load("estimator", name), registry.ESTIMATORS[name]
    streams = Streams([f"doubt {run}" for run in range(RUNS)])
    sets = {split: _drawn(streams, split, count) for split, count in SETS.items()}
    returned = {
        split: torch.from_numpy(streams.normal(f"{split}/returns", count, EPISODES).copy())
        for split, count in SETS.items()
    }
    spent = [0.0, 0.0]
    one = module.build(module.Config(), TASK, streams)
    for number, budget in enumerate(BUDGETS):
        begun = time.process_time()
        if entry.fits and (one.per_budget or not number):
            evidence = Evidence(**{
                split: view.shown(
                    entry, sets[split][0].first(budget if one.per_budget else None), sets[split][1],
                    returned[split], -returned[split].mean(-1),
                )
                for split in (TRAIN, *(entry.needs & {"validation", "calibration"}))
            })  # fmt: skip
            one.fit(evidence, budget)
        fitted = time.process_time()
        if budget != 0 or "transitions" not in entry.needs:
            watched, contexts = sets["asked"]
            one(view.window(entry, watched).first(budget), view.context(entry, contexts))
        spent[0] += fitted - begun
        spent[1] += time.process_time() - fitted
    return spent


def _drawn(streams: Streams, split: str, count: int) -> tuple[Watched, torch.Tensor]:
    """Episodes of s' = 0.9 s + a + noise, and contexts [S, C, 1]."""

    def normal(purpose: str, *shape: int) -> np.ndarray:
        return streams.normal(f"{split}/{purpose}", count, *shape).astype(np.float32)

    pushed = normal("action", HORIZON) > 0
    states = [normal("start", 4)]
    noise = normal("noise", HORIZON, 4)
    for time_step in range(HORIZON):
        push = np.where(pushed[:, :, time_step, None], 0.1, -0.1)
        states.append(np.float32(0.9) * states[-1] + push.astype(np.float32) + 0.1 * noise[:, :, time_step])
    steps = torch.full((RUNS, count), HORIZON)
    watched = Watched(
        torch.from_numpy(np.stack(states, 2)),
        torch.from_numpy(np.stack([pushed, ~pushed], -1)).float(),
        torch.ones(RUNS, count, HORIZON),
        steps,
        steps,
        {kind: torch.from_numpy(normal(kind, HORIZON, 2)) for kind in sorted(registry.SIGNALS)}
        | {"value": torch.from_numpy(normal("value", HORIZON, 1))},
        torch.from_numpy(normal("encoding", HORIZON, 8)),
        {f"other {number}": torch.from_numpy(normal(f"doubt {number}")).double() for number in range(OTHERS)},
    )
    return watched, 0.5 + torch.from_numpy(streams.uniform(f"{split}/context", count, 1).copy())


if __name__ == "__main__":
    if sys.argv[1:2] == ["--alone"]:
        alone(sys.argv[2])
    else:
        main(sys.argv[1:])
