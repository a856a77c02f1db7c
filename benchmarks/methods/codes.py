"""How far IIDA's z lies outside the train range, as it is and as an agent is told it, and what the bound costs.

    python -m benchmarks.methods.codes docs/methods/codes.csv

Five seeds on the length of CartPole's pole, with the settings of the quick study. z is of full context sets of the
generator's trajectories, in standard deviations of the train contexts' cloud. It takes some two minutes.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from benchmarks.methods.pretrained import SEEDS, Pretrained
from meta_rl import files
from meta_rl.contexts import TRAIN
from meta_rl.metrics.probe import ridge_r2
from meta_rl.stack.seen import Seen, Window

BENCHMARK = "cartpole_length"


def main(path: Path) -> None:
    torch.set_num_threads(1)
    trained = Pretrained(BENCHMARK, "iida")
    method: Any = trained.method
    codes = {
        split: _codes(method, torch.cat(tuple(told), -1)) for split, told in trained.trajectories.items()
    }
    rows = []
    for name, number in (("as it is", 0), ("as told", 1)):
        seen, known = codes[TRAIN][number], trained.sets[TRAIN][1]
        for split, both in codes.items():
            z, context = both[number], trained.sets[split][1]
            r2 = [ridge_r2(*_flat(seen[s], known[s]), *_flat(z[s], context[s])) for s in range(len(SEEDS))]
            sizes = z.norm(dim=-1)
            rows.append(
                {
                    "benchmark": BENCHMARK, "z": name, "split": split, "mean": sizes.mean().item(),
                    "largest": sizes.max().item(), "r2": np.mean(r2),
                }
            )  # fmt: skip
    files.write_text(path, pd.DataFrame(rows).to_csv(index=False, float_format="%.3f"))


def _codes(method: Any, packed: Tensor) -> tuple[Tensor, Tensor]:
    """z [S, C, B, Z] of the context sets of transitions [S, C, M, T], standardised alone and as an agent is told it."""
    count = packed.shape[2] // method.window
    sets = packed[:, :, : count * method.window].unflatten(2, (count, method.window)).flatten(1, 2)
    window = Window(method.embed(sets), torch.ones(sets.shape[:3]), embedded=True)
    with torch.no_grad():
        told = method.encode(Seen(sets[..., 0, :1], None, window))
        plain = (window.transitions.mean(2) - method.code_mean) / method.code_std
    return plain.unflatten(1, (-1, count)), told.unflatten(1, (-1, count))


def _flat(z: Tensor, context: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows of z [C, B, Z], and of the contexts [C, F] that they are of."""
    return z.flatten(0, 1).double().numpy(), np.repeat(context, z.shape[1], axis=0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
