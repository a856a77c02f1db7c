"""The page that `make bench` writes."""

import platform
from collections.abc import Iterator
from importlib.metadata import version
from typing import NamedTuple

from benchmarks.speed.contest import Result
from benchmarks.speed.operations import Bound
from benchmarks.speed.pictures import Cost
from meta_rl.tables.markdown import table


class Measured(NamedTuple):
    """Everything that the page is made of. The first of the `agents`' contestants is ours, a stack of `stack` seeds."""

    agents: dict[str, dict[str, Result]]
    stepping: dict[str, dict[str, Result]]
    methods: dict[int, dict[str, Result]]
    sweeps: dict[str, dict[int, Cost]]
    parts: dict[str, dict[str, float]]
    bounds: dict[str, Bound]
    iterations: dict[str, float]  # CPU seconds in which every environment of every seed takes a step
    peak: float  # multiplications and additions per second of a core
    stack: int
    turns: int

    @property
    def floors(self) -> dict[str, float]:
        """CPU seconds of an iteration's matrix products at the peak."""
        return {name: bound.arithmetic / self.peak for name, bound in self.bounds.items()}


def text(measured: Measured) -> str:
    """Markdown."""
    return "\n\n".join(_parts(measured)) + "\n"


def _parts(measured: Measured) -> Iterator[str]:
    agents, stepping, methods, sweeps, parts, bounds, iterations, _, stack, turns = measured
    floors = measured.floors
    ours, *others = dict.fromkeys(name for results in agents.values() for name in results)
    packages = ["torch", "gymnasium", "numpy", "stable-baselines3", *(["sbx-rl"] if "SBX" in others else [])]
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    yield "# Speed"
    spread = max((one.high - one.low) / one.rate for results in agents.values() for one in results.values())
    yield (
        "Environment steps per CPU second on one thread, updates included, measured by `make bench`: the contestants\n"
        f"of a row are processes that take turns; median of {turns} turns, which differ by up to {spread:.0%} of it.\n"
        f"{platform.machine()}, Python {platform.python_version()}, {versions}."
    )
    yield "## Agents"
    header = ["", ours, *others]
    rows = []
    for name, results in agents.items():
        best = results[ours].rate
        cells = [_three(best)]
        for other in others:
            one = results[other]
            cells.append(f"{_three(one.rate)} ({best / one.rate:.1f})")
        rows.append([name, *cells])
    yield table(header, rows)
    yield (
        f"A stack's steps are those of its {stack} runs together. In brackets: how many times as many they are as the\n"
        "contestant's, which has one run. Settings are the same on all sides, `CASES` in benchmarks/speed/speed.py:\n"
        "DQN and PPO on CartPole, DDPG and SAC on Pendulum, batches of 64 (DDPG and SAC: 128); but SBX's DQN does not\n"
        "clip, and the loop's PPO, like CleanRL's, takes no value from where the time limit cuts an episode."
    )
    yield "![Times as fast as other libraries](agents.png)"
    yield (
        "Memory that the work adds to a process, in MB per run, with what it imports (PyTorch's optimisers bring its\n"
        "compiler with their first step) and compiles (SBX); the replay memories, of 20,000 steps, are partly full:"
    )
    yield table(
        header,
        [
            [name, f"{results[ours].memory / stack:,.0f}", *(f"{results[one].memory:,.0f}" for one in others)]
            for name, results in agents.items()
        ],
    )
    yield "## Where the time goes"
    yield f"Parts of the time of a stack of {stack}, in per cent:"
    names = list(next(iter(parts.values())))
    yield table(
        ["", *names], [[case, *(f"{share[part]:.0%}" for part in names)] for case, share in parts.items()]
    )
    yield (
        "What bounds it: in an iteration every environment of every seed takes a step. The floor is what its matrix\n"
        f"products would take at the peak of the core, {measured.peak / 1e9:.0f} GFLOP/s in this run. What is left\n"
        "goes to the operations that PyTorch is asked for and to the loop; more seeds in a stack share it."
    )
    yield table(
        ["", "an iteration, ms", "floor, ms", "times the floor", "operations"],
        [
            [
                name,
                f"{1e3 * iterations[name]:.2f}",
                f"{1e3 * floors[name]:.2f}",
                f"{iterations[name] / floors[name]:.1f}",
                f"{bound.operations:.0f}",
            ]
            for name, bound in bounds.items()
        ],
    )
    yield "![Times the floor of the arithmetic](floor.png)"
    yield "## Methods"
    names = list(next(iter(methods.values())))
    yield (
        "Microseconds per environment step of a seed, DQN on CartPole with our defaults, `jrpl` with its window of 20, "
        "`iida` of 128:"
    )
    yield table(
        ["seeds in the stack", *names],
        [
            [str(seeds), *(f"{1e6 / methods[seeds][method].rate:,.0f}" for method in names)]
            for seeds in methods
        ],
    )
    yield "## Growth"
    yield "Time per step of the whole stack and memory that the work adds, against what makes a job larger:"
    yield "![Time and memory against seeds, environments, width and window](growth.png)"
    yield table(["", "from", "to", "time grows", "memory grows"], [*map(_growth, sweeps, sweeps.values())])
    yield "## Environments"
    yield (
        "Random actions, resets included; in brackets: times the rate of the one environment that Gymnasium or the\n"
        "simulator's package makes. Each of our rows has its own context, those of Gymnasium's vectorised CartPole\n"
        "share the default one. Simulators have a worker per row. [bodies.md](bodies.md) has those of MuJoCo."
    )
    yield table(
        ["environment", "plain, steps per second", "rows side by side"],
        [[f"`{name}`", *_rates(results)] for name, results in stepping.items()],
    )


def _rates(results: dict[str, Result]) -> tuple[str, str]:
    (_, plain), *others = results.items()
    cells = [f"{name}: {_three(one.rate)} ({one.rate / plain.rate:.3g})" for name, one in others]
    return _three(plain.rate), "; ".join(cells)


def _three(number: float) -> str:
    """Three significant digits."""
    return f"{float(f'{number:.3g}'):,.0f}"


def _growth(name: str, costs: dict[int, Cost]) -> list[str]:
    first, *_, last = costs
    grown = (after / before for before, after in zip(costs[first], costs[last], strict=True))
    return [name, str(first), str(last), *(f"{times:.1f} times" for times in grown)]
