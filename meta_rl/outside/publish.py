"""References for scoring without training: what needs none plays in the contexts of published benchmarks.

    python -m meta_rl.outside.publish [BENCHMARK ...]

Random actions and the environment's controllers, told the context that they are in, play twice the episodes of an
evaluation in 100 contexts of each region and in those of the runs 0 to 4, as `evaluate_references` does in a study:
the first half chooses a context's best member, the second measures it. Benchmarks over environments without a
controller have none, as nobody would be their reference. Without names, those are made that are cheap.
"""

import json
import sys
from functools import cache, partial
from pathlib import Path

import numpy as np
import pandas as pd

from meta_rl import files, registry
from meta_rl.benchmarks.published import BENCHMARKS
from meta_rl.contexts import TRAIN, ContextSpace
from meta_rl.errors import UserError, unknown
from meta_rl.metrics.references import CONTEXT, RANDOM, reference_values
from meta_rl.outside.published import FOLDER, INDEX
from meta_rl.streams import run_key
from meta_rl.training import portfolio
from meta_rl.training.episodes import cases

CONTEXTS, EPISODES, SEEDS = 100, 10, 5
CHEAP = ("cartpole", "mountaincar", "pendulum")  # environments without a simulator


def main(names: list[str], folder: Path = FOLDER) -> None:
    """Write the references of the benchmarks into the folder, and what they are into its index."""
    for name in names:
        if name not in BENCHMARKS:
            raise UserError(unknown("benchmark", name, BENCHMARKS))
        if not controllers(name):
            raise UserError(
                f"{name}: its environment has no controller, so nobody is its reference; leave it out"
            )
    index = folder / INDEX
    for name in names or [one for one in BENCHMARKS if BENCHMARKS[one].environment in CHEAP]:
        values = measure(name)
        files.write_text(folder / f"{name}.csv", values.to_csv(index=False, float_format="%.10g"))
        said = json.loads(index.read_text(encoding="utf-8")) if index.is_file() else {}
        said[name] = {
            "members": [RANDOM, *controllers(name)],
            "episodes": EPISODES,
            "contexts": CONTEXTS,
            "seeds": SEEDS,
        }
        ordered = {one: said[one] for one in BENCHMARKS if one in said}
        files.write_text(index, json.dumps(ordered, indent=1) + "\n")
        print(f"{name}: {len(values)} contexts", flush=True)


def measure(
    name: str, contexts: int = CONTEXTS, episodes: int = EPISODES, seeds: int = SEEDS
) -> pd.DataFrame:
    """split, context_id, reference and random of a benchmark, from so many contexts a run and region."""
    benchmark = BENCHMARKS[name]
    environment = registry.load("environment", benchmark.environment)
    space = ContextSpace.of(environment.features, *benchmark.space)
    drawn = [space.draw_train(run_key(name, seed), contexts) for seed in range(seeds)]
    sets = {split: space.draw_held_out(split, contexts) for split in space.regions}
    if drawn:
        sets = {TRAIN: np.concatenate(drawn)} | sets
    turned = np.roll(np.arange(2 * episodes), episodes)  # the second half begins where evaluated policies do
    build = cache(partial(environment.build, space.names))
    members: dict[str, tuple[str, portfolio.Believed]] = {
        member: (member, None) for member in (RANDOM, *controllers(name))
    }
    frames: list[pd.DataFrame] = []
    for split, values in sets.items():
        todo = cases(name, split, np.arange(len(values))[None], values[None], turned, environment.noise)
        frames += portfolio.returns(name, build, todo.chunks(environment.chunk), members)
    frame = pd.concat(frames, ignore_index=True)
    frame["episode"] = (frame["episode"] + episodes) % (2 * episodes)
    return reference_values(frame, environment.success)[[*CONTEXT, "reference", RANDOM]]


def controllers(name: str) -> tuple[str, ...]:
    """Those that know a benchmark's environment."""
    known: tuple[str, ...] = registry.load("environment", BENCHMARKS[name].environment).controllers
    return known


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except UserError as error:
        sys.exit(f"error: {error}")
