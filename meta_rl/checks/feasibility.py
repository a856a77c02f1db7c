"""Which contexts of the published benchmarks can be solved at all, and what knowing the context is worth there.

    python -m meta_rl.checks.feasibility docs/benchmarks/feasibility.csv [BENCHMARK ...]

plays what needs no training: random actions and the environment's controllers, told the context that they are
in, and each told one context of a grid or sample instead, whatever it is in ("blind", as a specialist is). A row is a
region of a benchmark; benchmarks whose environment has no controller are left out. The file keeps the rows of
published benchmarks that are not named.
"""

import sys
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from meta_rl import files, registry
from meta_rl.benchmarks.base import Benchmark
from meta_rl.benchmarks.published import BENCHMARKS
from meta_rl.contexts import ContextSpace
from meta_rl.envs.base import Environment
from meta_rl.errors import UserError, unknown
from meta_rl.metrics.references import CONTEXT, context_value, possible, reference_values, rule_out
from meta_rl.tables.context_frames import to_frame
from meta_rl.training import portfolio
from meta_rl.training.episodes import Build, Cases, cases

# Contexts per region (or the next multiple of its parts) and episodes; of slow simulators, which take a cluster.
SIZE, SLOW = (100, 4), (8, 2)
GRID = {1: 9, 2: 3}  # points per factor, by their number, where a grid serves
POINTS = 27  # else


def main(path: Path, names: list[str]) -> None:
    """Measure the benchmarks (all unless named) and write them into the table at `path`."""
    for name in names:
        if name not in BENCHMARKS:
            raise UserError(unknown("benchmark", name, BENCHMARKS))
    known: dict[Any, pd.DataFrame] = {}
    if path.is_file():
        known = dict(list(pd.read_csv(path).groupby("benchmark", sort=False)))
    for name in names or BENCHMARKS:
        if not registry.load("environment", BENCHMARKS[name].environment).controllers:
            continue
        known[name] = measure(name, BENCHMARKS[name])
        print(known[name].to_string(index=False), flush=True)
        table = pd.concat([known[one] for one in BENCHMARKS if one in known])
        files.write_text(path, table.to_csv(index=False, float_format="%.4g"))


def measure(name: str, benchmark: Benchmark) -> pd.DataFrame:
    """A row per region: numbers of contexts, mean returns, and the context value. It takes a controller.

    Where a limit rules success out, a context is counted and does not enter the means.
    """
    environment: Environment = registry.load("environment", benchmark.environment)
    space = ContextSpace.of(environment.features, *benchmark.space)
    count, episodes = SLOW if benchmark.cluster else SIZE
    build = cache(partial(environment.build, space.names))
    references, contexts = [], []
    for split, parts in space.regions.items():
        values = space.draw_held_out(split, -(-count // parts) * parts)
        contexts.append(to_frame(space, name, split, values))
        ids = np.arange(len(values))[None]
        todo = cases(name, split, ids, values[None], np.arange(2 * episodes), environment.noise)
        for chunk in todo.chunks(environment.chunk):
            references += _portfolio(name, environment, space, build, chunk)
    frame = pd.concat(references, ignore_index=True)
    solved = reference_values(frame, environment.success)
    solved = rule_out(solved, pd.concat(contexts), environment.limits)
    return _summed(name, solved, context_value(possible(frame, solved)), episodes)


def _portfolio(
    benchmark: str, environment: Environment, space: ContextSpace, build: Build, chunk: Cases
) -> list[pd.DataFrame]:
    """The references table of a chunk: every member's episodes."""
    members: dict[str, tuple[str, portfolio.Believed]] = {"random": ("random", None)}
    places = space.grid(GRID[len(space.factors)]) if space.gridded else space.points(POINTS)
    for controller in environment.controllers:
        members[controller] = controller, None
        for point, values in enumerate(places):
            believed = dict(zip(space.names, values.tolist(), strict=True))
            members[f"specialist_{controller}_{point}"] = controller, believed
    return list(portfolio.returns(benchmark, build, [chunk], members))


def _summed(name: str, solved: pd.DataFrame, value: pd.Series, episodes: int) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for split, group in solved.groupby(CONTEXT[0], sort=False):
        counts, counted = group["solvable"].value_counts(), possible(group, group)
        rows.append(
            {
                "benchmark": name,
                "region": split,
                "contexts": len(group),
                "episodes": episodes,
                **{
                    f"solvable_{answer}": int(counts.get(answer, 0))
                    for answer in ("true", "false", "unknown")
                },
                "informative": int(group["informative"].sum()),
                "random": counted["random"].mean(),
                "reference": counted["reference"].mean(),
                "context_value": value.get(split, np.nan),
            }
        )
    return pd.DataFrame(rows)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), sys.argv[2:])
    except UserError as error:
        sys.exit(f"error: {error}")
