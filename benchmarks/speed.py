"""How fast environments step and stacks train, beside other libraries: `make bench`.

    python benchmarks/speed.py

Everything is measured in this one run, on one thread per process, by processes that take turns (contest.py): CPU
seconds, median of the turns. It writes docs/speed.md with its pictures and takes 20 minutes.
"""

import importlib.util
import json
import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import profile_parts
from case import Case, training
from contest import Result, Turn, contest
from pictures import Cost, draw_ratios, draw_sweeps

from meta_rl import files, registry
from meta_rl.envs.base import Spaces

ROOT = Path(__file__).parents[1]
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
    "DDPG 2x64": Case("ddpg", "pendulum", "Pendulum-v1", 1_000_000, _PENDULUM),
    "SAC 2x64": Case("sac", "pendulum", "Pendulum-v1", 1_000_000, _PENDULUM),
    "PPO 2x64": Case(
        "ppo", "cartpole", "CartPole-v1", 1_000_000, {"observations": "raw", "n_envs": 8, "n_steps": 128}
    ),
}


def _cartpole_defaults(**settings: Any) -> Case:
    return Case("dqn", "cartpole", "CartPole-v1", 1_000_000, settings)


# Rows of each environment, and steps of a turn with few and with many.
_CLASSIC, _SIMULATOR = (64, 1024), (1, 4, 16)
ROWS = dict.fromkeys(("cartpole", "mountaincar", "pendulum"), _CLASSIC) | dict.fromkeys(
    ("lunarlander", "striker", "metaworld_push"), _SIMULATOR
)
_STEPS = (100, 1000)
# What `ours` gets at each point. The rest are our defaults.
SWEEPS: dict[str, dict[int, dict[str, Any]]] = {
    "seeds": {count: {"seeds": count} for count in (1, 2, 4, 8, 16, 32, 64)},
    "environments per seed": {
        count: {"case": _cartpole_defaults(n_envs=count)} for count in (1, 2, 5, 10, 20, 40)
    },
    "units per hidden layer": {
        width: {"case": _cartpole_defaults(hidden=[width, width])} for width in (32, 64, 128, 256, 512)
    },
    "window (jrpl)": {
        window: {"method": "jrpl", "method_settings": {"window": window}} for window in (5, 10, 20, 40, 80)
    },
}


def ours(case: Case | None = None, seeds: int = 5, **method: Any) -> Turn:
    """Environment steps of all seeds; without a case DQN on CartPole with our defaults."""
    case = case or _cartpole_defaults()
    trained = training(case, range(seeds), **method)
    trained.run(case.config.get("learning_starts", 0) + 100)
    rollout = case.config.get("n_steps", 1) * case.config["n_envs"]
    steps = max(rollout, 4096 // seeds)

    def turn() -> int:
        before = trained.env_steps
        trained.run(before + steps)
        return seeds * (trained.env_steps - before)

    return turn


def library(name: str, case: Case) -> Turn:
    """The same of one seed of Stable-Baselines3 or SBX."""
    from baselines import model

    learner = model(name, case, 0)
    learner.learn(2000)

    def turn() -> int:
        before = learner.num_timesteps
        learner.learn(1024, reset_num_timesteps=False)
        return learner.num_timesteps - before

    return turn


def single(case: Case) -> Turn:
    """The same of a loop in one file."""
    from single_file import runner

    run = runner(case, 0)
    run(2048)

    def turn() -> int:
        run(2048)
        return 2048

    return turn


def plain_steps(name: str) -> Turn:
    """Random actions in the one environment that ours must equal."""
    module = registry.load("environment", name)
    environment = module.plain({feature.name: feature.default for feature in module.features}).unwrapped
    environment.reset(seed=0)
    actions = _actions(module.spaces, _STEPS[1])

    def turn() -> int:
        age = 0
        for action in actions:
            *_, terminated, truncated, _ = environment.step(action)
            age += 1
            if terminated or truncated or age == module.horizon:
                environment.reset()
                age = 0
        return len(actions)

    return turn


def batched_steps(name: str, count: int) -> Turn:
    """Random actions in `count` rows with a context each; rows whose episode ended are reset, as in training."""
    module = registry.load("environment", name)
    rows, feature = (1, count), module.features[0]
    random = np.random.default_rng(0)
    contexts, noise = (
        feature.default * random.uniform(0.9, 1.1, (*rows, 1)),
        random.random((*rows, module.noise)),
    )
    actions = _actions(module.spaces, _STEPS[count > 100], *rows)
    every = np.ones(rows, dtype=bool)
    batch = module.build((feature.name,), rows)
    batch.reset(every, contexts, noise)

    def turn() -> int:
        for action in actions:
            step = batch.step(action)
            ended = step.terminated | step.truncated
            if ended.any():
                batch.reset(ended, contexts, noise)
        return len(actions) * count

    return turn


def _actions(spaces: Spaces, *shape: int) -> np.ndarray:
    random = np.random.default_rng(0)
    if spaces.discrete:
        return random.integers(0, spaces.action, shape)
    return random.uniform(-spaces.limit, spaces.limit, (*shape, spaces.action)).astype(np.float32)


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
    parts = {name: profile_parts.measure(CASES[name], STACK) for name in CASES}
    FOLDER.mkdir(parents=True, exist_ok=True)
    draw_ratios(agents, FOLDER / "agents.png")
    draw_sweeps(sweeps, FOLDER / "growth.png")
    page = "\n\n".join(_page(agents, stepping, methods, sweeps, parts)) + "\n"
    files.write_text(FOLDER / "README.md", page)
    print(page)
    shutil.rmtree(RAW)


def _kept(name: str, contestants: dict[str, Callable[[], Turn]]) -> dict[str, Result]:
    """The results of a contest, which stay in RAW until the page is written."""
    print(name, flush=True)
    path = RAW / f"{name}.json"
    if not path.is_file():
        results = contest(contestants, TURNS)
        files.write_text(path, json.dumps({one: asdict(result) for one, result in results.items()}))
    return {one: Result(**result) for one, result in json.loads(path.read_text()).items()}


def _stepping(name: str, rows: tuple[int, ...]) -> dict[int, Result]:
    """Of the plain environment, under 0, and of ours with each number of rows."""
    contestants: dict[str, Callable[[], Turn]] = {"0": partial(plain_steps, name)}
    contestants |= {str(count): partial(batched_steps, name, count) for count in rows}
    return {int(count): result for count, result in _kept(name, contestants).items()}


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
        rows = asked.get("seeds", 5) * asked.get("case", _cartpole_defaults()).config["n_envs"]
        costs[point] = rows / found[str(point)].rate, found[str(point)].memory
    return costs


def _page(
    agents: dict[str, dict[str, Result]],
    stepping: dict[str, dict[int, Result]],
    methods: dict[int, dict[str, Result]],
    sweeps: dict[str, dict[int, Cost]],
    parts: dict[str, dict[str, float]],
) -> Iterator[str]:
    packages = ["torch", "gymnasium", "numpy", "stable-baselines3", *(["sbx-rl"] if WITH_SBX else [])]
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    yield "# Speed"
    yield (
        "Environment steps per CPU second on one thread, updates included, all measured in one run of `make bench` by\n"
        "processes that take turns; median of "
        f"{TURNS} turns. {platform.machine()}, Python {platform.python_version()}, {versions}."
    )
    yield "## Agents"
    others = list(dict.fromkeys(name for results in agents.values() for name in results))[1:]
    header = ["", OURS, *others]
    rows = []
    for name, results in agents.items():
        best = results[OURS].rate
        cells = [f"{best:,.0f}"]
        for other in others:
            one = results[other]
            cells.append(f"{one.rate:,.0f} ({best / one.rate:.1f})")
        rows.append([name, *cells])
    yield _table(header, rows)
    yield (
        "In brackets: how many times as fast a stack of ours is. Settings are the same on all sides, `CASES` in\n"
        "benchmarks/speed.py: DQN and PPO on CartPole, DDPG and SAC on Pendulum, batches of 64 (DDPG and SAC: 128)."
    )
    yield "![Times as fast as other libraries](agents.png)"
    yield "Memory that a run adds to its process, in MB per seed (SBX's with what it compiles):"
    yield _table(
        header,
        [
            [name, f"{results[OURS].memory / STACK:,.0f}", *(f"{results[one].memory:,.0f}" for one in others)]
            for name, results in agents.items()
        ],
    )
    yield "## Where the time goes"
    yield f"Parts of the time of a stack of {STACK}, in per cent:"
    names = list(next(iter(parts.values())))
    yield _table(
        ["", *names], [[case, *(f"{share[part]:.0%}" for part in names)] for case, share in parts.items()]
    )
    yield "## Methods"
    yield (
        "Microseconds per environment step of a seed, DQN on CartPole with our defaults, `jrpl` with its window of 20, "
        "`iida` of 128:"
    )
    yield _table(
        ["seeds in the stack", *METHODS],
        [
            [str(seeds), *(f"{1e6 / methods[seeds][method].rate:,.0f}" for method in METHODS)]
            for seeds in methods
        ],
    )
    yield "## Growth"
    yield "Time per step of the whole stack and memory of the process, against what makes a job larger:"
    yield "![Time and memory against seeds, environments, width and window](growth.png)"
    yield _table(["", "from", "to", "time grows", "memory grows"], [*map(_growth, sweeps, sweeps.values())])
    yield "## Environments"
    yield (
        "Random actions, resets included; in brackets: times the rate of the one environment that Gymnasium or the\n"
        "simulator's package makes. Simulators have a worker per row."
    )
    yield _table(
        ["environment", "plain, steps per second", "meta_rl, by rows"],
        [
            [
                f"`{name}`",
                f"{results[0].rate:,.0f}",
                "; ".join(
                    f"{rows:,}: {one.rate:,.0f} ({one.rate / results[0].rate:.3g})"
                    for rows, one in results.items()
                    if rows
                ),
            ]
            for name, results in stepping.items()
        ],
    )


def _growth(name: str, costs: dict[int, Cost]) -> list[str]:
    first, *_, last = costs
    grown = (after / before for before, after in zip(costs[first], costs[last], strict=True))
    return [name, str(first), str(last), *(f"{times:.1f} times" for times in grown)]


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
