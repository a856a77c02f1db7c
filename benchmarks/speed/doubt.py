"""What the estimators of doubt cost: fitted on runs and asked about contexts that are drawn; nothing is trained for it.

    python -m benchmarks.speed.doubt docs/uncertainty/costs.csv

A block of 5 runs with 100 train, 64 validation and 128 calibration contexts, and 300 contexts to doubt, each after its
first state, 50 steps and an episode of 500: a frozen linear system with CartPole's sizes. Each estimator is a process
of its own, on one thread. Beside them stands the training of such a block, DQN with its defaults on CartPole. Takes
five minutes; then run `make docs`.
"""

import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from benchmarks.speed.turns import ours
from meta_rl import files, registry
from meta_rl.agents.protocols import Task
from meta_rl.contexts import TRAIN, ContextSpace, Feature
from meta_rl.entries import SIGNALS
from meta_rl.pages.estimators import TRAINING
from meta_rl.spaces import Spaces
from meta_rl.streams import Streams
from meta_rl.uncertainty import view
from meta_rl.uncertainty.base import Evidence
from meta_rl.uncertainty.watched import Watched

RUNS, HORIZON, EPISODES = 5, 500, 10
SETS = {TRAIN: 100, "validation": 64, "calibration": 128, "asked": 300}
BUDGETS = (0, 50, None)
OTHERS = 6  # doubts of others that one may be fitted on
ALONE = "--alone"
ENV_STEPS = 80_000  # of each run
_SPACES = Spaces(observation=4, action=2, discrete=True)
_FEATURE = Feature("drawn", 1.0, 0.01, 100.0, "1")
TASK = Task(_SPACES, ContextSpace.of((_FEATURE,), {"drawn": {"train": [0.5, 1.5]}}, "A", {}))


def main(file: Path) -> None:
    """Measure each in a process of its own, print and write."""
    rows = []
    for name in (TRAINING, *registry.ESTIMATORS):
        command = [sys.executable, "-m", "benchmarks.speed.doubt", ALONE, name]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        fit, ask, memory = map(float, done.stdout.split())
        rows.append({"estimator": name, "fit": round(fit, 2), "ask": round(ask, 2), "memory": round(memory)})
        print(rows[-1], flush=True)
    frame = pd.DataFrame(rows)
    fitted, asked = frame.loc[1:, ["fit", "ask"]].sum()
    print(f"all: {fitted + asked:.1f} CPU s, {(fitted + asked) / frame.loc[0, 'fit']:.0%} of a training")
    files.write_text(file, frame.to_csv(index=False))


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
    spent.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    print(*spent)


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
        {kind: torch.from_numpy(normal(kind, HORIZON, 2)) for kind in sorted(SIGNALS)}
        | {"value": torch.from_numpy(normal("value", HORIZON, 1))},
        torch.from_numpy(normal("encoding", HORIZON, 8)),
        {f"other {number}": torch.from_numpy(normal(f"doubt {number}")).double() for number in range(OTHERS)},
    )
    return watched, 0.5 + torch.from_numpy(streams.uniform(f"{split}/context", count, 1).copy())


if __name__ == "__main__":
    if sys.argv[1] == ALONE:
        alone(sys.argv[2])
    else:
        main(Path(sys.argv[1]))
