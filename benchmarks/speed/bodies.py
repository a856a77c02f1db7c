"""How fast MuJoCo bodies step in rows with different physics, beside the bare simulator: a part of `make bench`.

    python -m benchmarks.speed.bodies [ROWS ...]

Everything runs in one process on one thread, in turns, and does the same work: rows take random actions in their
contexts, and `mj_step` alone, called row by row, goes through the same states with the same controls. Only steps
are timed, in CPU seconds; resets are counted apart. It writes docs/speed/bodies.md and takes two minutes.
"""

import os
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import mujoco
import numpy as np

from meta_rl import files, registry
from meta_rl.envs import mujoco_state
from meta_rl.tables.markdown import table

PAGE = Path(__file__).parents[2] / "docs/speed/bodies.md"
BODIES = (
    *("hopper", "halfcheetah", "walker2d", "ant", "swimmer", "reacher"),
    *("inverted_pendulum", "inverted_double_pendulum"),
)
ROWS = (16, 64)
STEPS, TURNS = 3200, 5  # of all rows together in a turn


class Turn(NamedTuple):
    """Microseconds of CPU per environment step: `mj_step` alone, a row's whole step, and its share of resets."""

    bare: float
    step: float
    resets: float


def main(counts: tuple[int, ...]) -> None:
    """Measure, print and write the page."""
    lines = []
    for name in BODIES:
        cells = [f"`{name}`"]
        for count in counts:
            turns = measure(name, count)
            bare, step, resets = (median(part) for part in zip(*turns, strict=True))
            share = median(turn.bare / turn.step for turn in turns)
            cells += [
                f"{1e6 / bare:,.0f}",
                f"{1e6 / step:,.0f}",
                f"{share:.0%}",
                f"{1e6 / (step + resets):,.0f}",
            ]
        print("  ".join(cells), flush=True)
        lines.append(cells)
    columns = ("`mj_step` alone", "ours", "share", "with resets")
    header = ["body", *(f"{count} rows: {column}" for count in counts for column in columns)]
    files.write_text(
        PAGE,
        "# MuJoCo bodies\n\n"
        "Environment steps per CPU second on one thread, each row with physics of its own, measured by\n"
        f"`python -m benchmarks.speed.bodies`: median of {TURNS} turns, which go through the same states.\n"
        "The share is what whole steps (controls, physics, observation, reward, end) leave of the rate of `mj_step`\n"
        "alone, called row by row. Under random actions bodies soon fall: with resets, the starts and contexts of\n"
        "episodes count, too.\n\n"
        f"{table(header, lines)}\n",
    )


def measure(name: str, count: int) -> list[Turn]:
    """Turns of `count` rows; an AssertionError if the two ways end in different states."""
    body = registry.load("environment", name)
    rng, rows = np.random.default_rng(0), (1, count)
    defaults = np.array([feature.default for feature in body.features])
    contexts = defaults * rng.uniform(0.8, 1.2, (*rows, len(defaults)))
    batch = body.build(tuple(feature.name for feature in body.features), rows)
    bodies = [(worker.model, worker.data, worker.frame_skip) for worker in batch.workers]
    turns = []
    for _ in range(TURNS):
        actions = rng.uniform(
            -body.spaces.limit, body.spaces.limit, (STEPS // count, *rows, body.spaces.action)
        )
        batch.reset(np.ones(rows, dtype=bool), contexts, rng.random((*rows, 1)))
        starts = [{row: mujoco_state.save(model, data) for row, (model, data, _) in enumerate(bodies)}]
        step, resets = _ours(batch, actions.astype(np.float32), contexts, rng, starts)
        reached = [data.qpos.copy() for _, data, _ in bodies]
        bare = _bare(batch, actions.astype(np.float32), starts)
        assert all(np.array_equal(data.qpos, one) for (_, data, _), one in zip(bodies, reached, strict=True))
        turns.append(Turn(*(1e6 * seconds / actions[..., 0].size for seconds in (bare, step, resets))))
    return turns


def _ours(
    batch: Any,
    actions: np.ndarray,
    contexts: np.ndarray,
    rng: np.random.Generator,
    starts: list[dict[int, Any]],
) -> tuple[float, float]:
    """Seconds of steps and of resets; `starts` gets the states that rows are in after the resets of each step."""
    step, resets = 0.0, 0.0
    for action in actions:
        before = time.process_time()
        returned = batch.step(action)
        between = time.process_time()
        ended = returned.terminated | returned.truncated
        batch.reset(ended, contexts, rng.random((*batch.rows, 1)))
        step, resets = step + between - before, resets + time.process_time() - between
        workers = {row: batch.workers[row] for row in ended[0].nonzero()[0].tolist()}
        starts.append({row: mujoco_state.save(one.model, one.data) for row, one in workers.items()})
    return step, resets


def _bare(batch: Any, actions: np.ndarray, starts: list[dict[int, Any]]) -> float:
    """Seconds of the same steps by `mj_step` alone. Rows are reset as in ours, which leaves the cache to others."""
    bodies = [(worker.model, worker.data, worker.frame_skip) for worker in batch.workers]
    seconds = 0.0
    for action, fresh in zip(actions[:, 0], starts[:-1], strict=True):
        _put(batch, fresh)
        before = time.process_time()
        for (model, data, frames), control in zip(bodies, action, strict=True):
            data.ctrl[:] = control
            mujoco.mj_step(model, data, frames)
        seconds += time.process_time() - before
    _put(batch, starts[-1])
    return seconds


def _put(batch: Any, states: dict[int, Any]) -> None:
    """Reset these rows, and put them into these states."""
    contexts = np.stack(list(batch.context.values()), axis=-1)
    rows = np.isin(np.arange(len(batch.workers)), list(states)).reshape(batch.rows)
    batch.reset(rows, contexts, np.full((*batch.rows, 1), 0.5))
    for row, state in states.items():
        mujoco_state.load(batch.workers[row].model, batch.workers[row].data, state)


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"
    main(tuple(map(int, sys.argv[1:])) or ROWS)
