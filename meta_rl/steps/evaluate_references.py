"""Play the reference portfolio, controllers and specialists, in the contexts of one part of a benchmark."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from meta_rl import job
from meta_rl.contexts import DEVELOPMENT
from meta_rl.study import provenance
from meta_rl.tables import context_frames, io
from meta_rl.tables import contexts as contexts_table
from meta_rl.tables.references import TABLE
from meta_rl.training.episodes import Cases, cases, play_agent, play_controller
from meta_rl.training.policy import LAST, Runs, Weights, load, snapshot_parts


def main(policies: list[Path], contexts: Path, spec: dict[str, Any], references: Path) -> str:
    """Twice the episodes of an evaluation: the first half chooses a context's best member, the second measures it.

    The second half starts where the evaluated policies start, so that a shortfall compares like with like.
    """
    specialists = [load(path) for path in policies]
    setup = specialists[0].setup  # of all of them: simulators take memory
    playing = [weights.every_snapshot()._replace(setup=setup) for weights in specialists]
    names, environment = setup.names, setup.environment
    turned = np.roll(np.arange(spec["episodes"]), spec["episodes"] // 2)
    frame = io.read(contexts, contexts_table.TABLE)
    wanted = frame[frame["split"].isin(spec["development"]) | ~frame["split"].isin(DEVELOPMENT)]
    splits = context_frames.of_splits(wanted, names, development=True)
    todo = [
        cases(spec["benchmark"], split, ids[None], values[None], turned, environment.noise)
        for split, (ids, values) in splits.items()
    ]
    frames = []
    progress = job.Progress(f"{spec['benchmark']} references", len(todo), "splits")
    for number, whole in enumerate(todo):
        for chunk in whole.chunks(environment.chunk):
            for name in spec["controllers"]:
                returns = play_controller(name, spec["benchmark"], setup.reused, chunk).episode_return
                frames.append(_rows(spec, chunk, 0, name, 0, 0, LAST, returns))
        for weights, runs in zip(specialists, playing, strict=True):
            frames += _of_specialists(spec, weights, runs, whole, environment.chunk)
        progress.update(number + 1)
    frame = pd.concat(frames, ignore_index=True)
    io.write(frame, TABLE, references, provenance.record("evaluate_references", spec))
    return f"{spec['benchmark']}: {frame['member'].nunique()} members, {len(frame)} episodes"


def _of_specialists(
    spec: dict[str, Any], weights: Weights, runs: Runs, whole: Cases, size: int
) -> Iterator[pd.DataFrame]:
    count = weights.snapshots
    parts = snapshot_parts(count)
    for chunk in whole.by_snapshot(count).chunks(max(1, size // count)):
        each = chunk.repeat(len(weights.keys))
        returns = play_agent(runs, each).episode_return
        for row in range(len(returns)):
            index, number = divmod(row, count)
            point, seed = divmod(index, weights.spec["seeds"])
            member = f"specialist_{weights.spec['agent']}_{point}"
            yield _rows(spec, each, row, member, seed, weights.env_steps[index], parts[number], returns)


def _rows(
    spec: dict[str, Any],
    chunk: Cases,
    row: int,
    member: str,
    seed: int,
    env_steps: int,
    snapshot: int,
    returns: np.ndarray,
) -> pd.DataFrame:
    """Those of one policy, a row of the chunk."""
    return pd.DataFrame(
        {
            "benchmark": spec["benchmark"],
            "split": chunk.split,
            "context_id": chunk.context_id[row],
            "member": member,
            "seed": seed,
            "episode": (chunk.episode[row] + spec["episodes"] // 2) % spec["episodes"],
            "snapshot": snapshot,
            "episode_return": returns[row],
            "env_steps": env_steps,
        }
    )


if __name__ == "__main__":
    job.run(main)
