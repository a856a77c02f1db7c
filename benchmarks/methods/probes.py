"""How EPI's probes go: of its policy as it acts, drawn; of the same policy if it were greedy; and of its control.

    python -m benchmarks.methods.probes docs/methods/probes.csv

Five seeds on the time step of CartPole, with the settings of the quick study, ten probes of each train context. It
takes some two minutes.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from benchmarks.methods.pretrained import SEEDS, Pretrained
from meta_rl import files
from meta_rl.contexts import TRAIN
from meta_rl.stack.rollout import Rollout
from meta_rl.stack.seen import Seen
from meta_rl.streams import Streams, run_key

BENCHMARK, PROBES = "cartpole_tau", 10


def main(path: Path) -> None:
    torch.set_num_threads(1)
    rows = []
    for method in ("epi", "epi_random_probes"):
        trained = Pretrained(BENCHMARK, method)
        probing: Any = trained.method
        steps, width = probing.probe_steps, trained.setup.environment.spaces.chance
        streams = Streams([run_key(f"{BENCHMARK} probes", seed) for seed in SEEDS.tolist()])

        def drawn(
            seen: Seen, rows: int, probing: Any = probing, streams: Any = streams, width: int = width
        ) -> Tensor:
            action: Tensor = probing.probe(seen.observation, streams.uniform("probe", rows, width))
            return action

        def greedy(seen: Seen, rows: int, probing: Any = probing) -> Tensor:
            action: Tensor = probing.prober.act(Seen(seen.observation), explore=False)
            return action

        for name, act in {"drawn": drawn, "greedy": greedy}.items():
            repeats, ends = shares(trained, act, steps)
            rows.append(
                {"benchmark": BENCHMARK, "method": method, "actions": name, "repeat": repeats, "end": ends}
            )
    files.write_text(path, pd.DataFrame(rows).to_csv(index=False, float_format="%.3f"))


def shares(trained: Pretrained, act: Callable[[Seen, int], Tensor], steps: int) -> tuple[float, float]:
    """Of all probes, the part that repeat one action until they end, and the part that end an episode."""
    contexts = np.tile(trained.sets[TRAIN][1], (1, PROBES, 1))
    shape = contexts.shape[:2]
    environments = trained.setup.environments(shape)
    noise = Streams([run_key(BENCHMARK, seed) for seed in SEEDS.tolist()]).uniform(
        "start", shape[1], environments.noise
    )
    rollout = Rollout(environments)
    rollout.reset(np.ones(shape, dtype=bool), contexts, noise)
    running, same, first = np.ones(shape, dtype=bool), np.ones(shape, dtype=bool), np.empty(0)
    for number in range(steps):
        action = act(rollout.seen, shape[1])
        first = action.numpy() if number == 0 else first
        same &= (action.numpy() == first) | ~running
        step = rollout.step(action)
        running &= ~(step.terminated | step.truncated).numpy()
    return float(same.mean()), float((~running).mean())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
