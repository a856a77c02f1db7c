"""Play the reference portfolio, controllers and specialists, in the contexts of one part of a benchmark."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from meta_rl import job
from meta_rl.study import provenance
from meta_rl.tables import context_frames, io
from meta_rl.tables import contexts as contexts_table
from meta_rl.tables.references import TABLE
from meta_rl.training.episodes import Cases, cases, play_agent, play_controller
from meta_rl.training.policy import load


def main(policies: list[Path], contexts: Path, spec: dict[str, Any], references: Path) -> str:
    """Twice the episodes of an evaluation: the first half chooses a context's best member, the second measures it.

    The second half starts where the evaluated policies start, so that a shortfall compares like with like.
    """
    specialists = [load(path) for path in policies]
    playing = [weights.runs() for weights in specialists]
    setup = playing[0].setup
    names, environment = setup.task.contexts.names, setup.environment
    turned = np.roll(np.arange(spec["episodes"]), spec["episodes"] // 2)
    todo = [
        chunk
        for split, (ids, values) in context_frames.of_splits(
            io.read(contexts, contexts_table.TABLE), names
        ).items()
        for chunk in cases(
            spec["benchmark"], split, ids[None], values[None], turned, environment.noise
        ).chunks(environment.chunk)
    ]
    frames = []
    progress = job.Progress(f"{spec['benchmark']} references", len(todo), "batches")
    for number, chunk in enumerate(todo):
        for name in spec["controllers"]:
            returns = play_controller(name, spec["benchmark"], setup.reused, chunk).episode_return[0]
            frames.append(_rows(spec, chunk, name, 0, 0, returns))
        for weights, runs in zip(specialists, playing, strict=True):
            played = play_agent(runs, chunk.repeat(len(weights.keys)))
            for index, returns in enumerate(played.episode_return):
                point, seed = divmod(index, weights.spec["seeds"])
                member = f"specialist_{weights.spec['agent']}_{point}"
                frames.append(_rows(spec, chunk, member, seed, weights.env_steps[index], returns))
        progress.update(number + 1)
    frame = pd.concat(frames, ignore_index=True)
    io.write(frame, TABLE, references, provenance.record("evaluate_references", spec))
    return f"{spec['benchmark']}: {frame['member'].nunique()} members, {len(frame)} episodes"


def _rows(
    spec: dict[str, Any], chunk: Cases, member: str, seed: int, env_steps: int, returns: np.ndarray
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "benchmark": spec["benchmark"],
            "split": chunk.split,
            "context_id": chunk.context_id[0],
            "member": member,
            "seed": seed,
            "episode": (chunk.episode[0] + spec["episodes"] // 2) % spec["episodes"],
            "episode_return": returns,
            "env_steps": env_steps,
        }
    )


if __name__ == "__main__":
    job.run(main)
