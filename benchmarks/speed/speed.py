"""How fast environments step and stacks train, beside other libraries: `make bench`.

    python -m benchmarks.speed.speed

Everything is measured in this one run, on one thread per process, by processes that take turns (contest.py): CPU
seconds, median of the turns. It writes docs/speed with its pictures and takes 20 minutes.
"""

import importlib.util
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.peers.case import Case
from benchmarks.speed import operations, page, profile_parts
from benchmarks.speed.contest import Result, Turn, contest
from benchmarks.speed.page import Measured
from benchmarks.speed.pictures import Cost, draw_floors, draw_ratios, draw_sweeps
from benchmarks.speed.turns import (
    VECTORISED,
    batched_steps,
    cartpole_defaults,
    library,
    ours,
    plain_steps,
    single,
    vectorised_steps,
)
from meta_rl import files

ROOT = Path(__file__).parents[2]
FOLDER, RAW = ROOT / "docs/speed", ROOT / "results/speed"
STACK, TURNS = 16, 3
WITH_SBX = importlib.util.find_spec("sbx") is not None  # an optional extra: it brings JAX
METHODS = ("none", "explicit", "iida", "jrpl")
OURS, ALONE, SINGLE = f"meta_rl, {STACK} seeds", "meta_rl, 1 seed", "CleanRL-style loop"

_OFF_POLICY = {"n_envs": 1, "replay": 20_000, "learning_starts": 1000, "train_every": 1}
_DQN = _OFF_POLICY | {
    "hidden": [64, 64], "batch": 64, "loss": "huber", "max_gradient_norm": 10.0,
    "epsilon_start": 0.05, "epsilon_end": 0.05,
}  # fmt: skip
_PENDULUM = _OFF_POLICY | {"hidden": [64, 64], "batch": 128}


def _cartpole(**settings: Any) -> Case:
    return Case("dqn", "cartpole", "CartPole-v1", 1_000_000, _DQN | settings)


CASES = {
    "DQN 2x64, 1 step per update": _cartpole(),
    "DQN 2x64, 4 steps per update": _cartpole(train_every=4),
    "DQN 2x256, 1 step per update": _cartpole(hidden=[256, 256]),
    "DQN 2x256, 4 steps per update": _cartpole(hidden=[256, 256], train_every=4),
    "DDPG 2x64": Case(
        "ddpg", "pendulum", "Pendulum-v1", 1_000_000, _PENDULUM | {"critic_learning_rate": 3e-4}
    ),
    "SAC 2x64": Case("sac", "pendulum", "Pendulum-v1", 1_000_000, _PENDULUM),
    "PPO 2x64": Case(
        "ppo", "cartpole", "CartPole-v1", 1_000_000, {"observations": "raw", "n_envs": 8, "n_steps": 128}
    ),
}


# Rows of each environment.
_CLASSIC, _SIMULATOR = (64, 1024), (1, 4, 16)
ROWS = dict.fromkeys(("cartpole", "mountaincar", "pendulum"), _CLASSIC) | dict.fromkeys(
    ("lunarlander", "striker", "metaworld_push"), _SIMULATOR
)
# What `ours` gets at each point. The rest are our defaults.
SWEEPS: dict[str, dict[int, dict[str, Any]]] = {
    "seeds": {count: {"seeds": count} for count in (1, 2, 4, 8, 16, 32, 64)},
    "environments per seed": {
        count: {"case": cartpole_defaults(n_envs=count)} for count in (1, 2, 5, 10, 20, 40)
    },
    "units per hidden layer": {
        width: {"case": cartpole_defaults(hidden=[width, width])} for width in (32, 64, 128, 256, 512)
    },
    "window (jrpl)": {
        window: {"method": "jrpl", "method_settings": {"window": window}} for window in (5, 10, 20, 40, 80)
    },
}


def main() -> None:
    """Measure, and write the page. What an interrupted run has measured is not measured again."""
    agents = {name: _agents(name, case) for name, case in CASES.items()}
    stepping = {name: _stepping(name, rows) for name, rows in ROWS.items()}
    methods = {
        seeds: _kept(
            f"{seeds} seeds", {method: partial(ours, seeds=seeds, method=method) for method in METHODS}
        )
        for seeds in (1, 5, STACK)
    }
    sweeps = {name: _sweep(name, points) for name, points in SWEEPS.items()}
    parts = {name: profile_parts.measure(case, STACK) for name, case in CASES.items()}
    bounds = {name: operations.measure(case, STACK) for name, case in CASES.items()}
    rows = {name: STACK * case.config["n_envs"] for name, case in CASES.items()}
    iterations = {name: count / agents[name][OURS].rate for name, count in rows.items()}
    FOLDER.mkdir(parents=True, exist_ok=True)
    draw_ratios(agents, FOLDER / "agents.png")
    draw_sweeps(sweeps, FOLDER / "growth.png")
    peak = operations.peak()
    measured = Measured(agents, stepping, methods, sweeps, parts, bounds, iterations, peak, STACK, TURNS)
    floors = measured.floors
    draw_floors({name: iterations[name] / floors[name] for name in CASES}, FOLDER / "floor.png")
    written = page.text(measured)
    files.write_text(FOLDER / "README.md", written)
    print(written)
    shutil.rmtree(RAW)


def _kept(name: str, contestants: dict[str, Callable[[], Turn]]) -> dict[str, Result]:
    """The results of a contest, which stay in RAW until the page is written."""
    print(name, flush=True)
    path = RAW / f"{name}.json"
    if not path.is_file():
        results = contest(contestants, TURNS)
        files.write_text(path, json.dumps({one: asdict(result) for one, result in results.items()}))
    return {one: Result(**result) for one, result in json.loads(path.read_text()).items()}


def _stepping(name: str, rows: tuple[int, ...]) -> dict[str, Result]:
    """Of the plain environment first, then of what steps several rows."""
    contestants: dict[str, Callable[[], Turn]] = {"plain": partial(plain_steps, name)}
    for count in rows:
        if name in VECTORISED:
            contestants[f"Gymnasium's {count:,}"] = partial(vectorised_steps, name, count)
        contestants[f"our {count:,}"] = partial(batched_steps, name, count)
    return _kept(name, contestants)


def _agents(name: str, case: Case) -> dict[str, Result]:
    contestants: dict[str, Callable[[], Turn]] = {
        OURS: partial(ours, case, STACK),
        ALONE: partial(ours, case, 1),
        "Stable-Baselines3": partial(library, "Stable-Baselines3", case),
        SINGLE: partial(single, case),
    }
    if WITH_SBX:
        contestants["SBX"] = partial(library, "SBX", case)
    return _kept(name, contestants)


def _sweep(name: str, points: dict[int, dict[str, Any]]) -> dict[int, Cost]:
    """CPU seconds of an iteration of the loop, in which every environment of every seed takes a step, and MB."""
    found = _kept(name, {str(point): partial(ours, **asked) for point, asked in points.items()})
    costs = {}
    for point, asked in points.items():
        rows = asked.get("seeds", 5) * asked.get("case", cartpole_defaults()).config["n_envs"]
        costs[point] = rows / found[str(point)].rate, found[str(point)].memory
    return costs


if __name__ == "__main__":
    main()
