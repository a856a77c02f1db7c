"""What `make tuning-comparison` tunes, and at which size."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from meta_rl.contexts import VALIDATION
from meta_rl.study import config
from meta_rl.study.study import Study

METHOD = "none"  # what is compared is how settings are found, not methods


@dataclass(frozen=True)
class Size:
    """`trainings`: the budget of a tuning, in trainings to the end; `short`: part of that of the shortest candidate.

    A third and a ninth of `env_steps` are whole steps of all rows (and whole rollouts of PPO's default), so that
    DEHB's shorter candidates waste nothing and both optimisers can spend the same.
    """

    repetitions: int
    tuning_seeds: int
    test_seeds: int
    contexts: dict[str, int]
    episodes: int
    env_steps: dict[str, int]
    trainings: int
    short: float


class Case(NamedTuple):
    """A published benchmark, an agent with settings of its own or the defaults, and what narrows its search space."""

    benchmark: str
    agent: str
    settings: dict[str, Any]
    search: dict[str, Any]


CASES = {
    # The spaces of agents without what makes a training ten times as long.
    "CartPole": Case(
        "cartpole_length",
        "dqn",
        {},
        {
            "hidden": [[64, 64], [120, 84]],
            "batch": [32, 128],
            "train_every": [8, 64],
            "replay": [10_000, 30_000],
        },
    ),
    "Pendulum": Case("pendulum_length", "ppo", {}, {"hidden": [[64, 64]], "epochs": [3, 10]}),
}
SIZES = {
    "full": Size(
        repetitions=5, tuning_seeds=5, test_seeds=10,
        contexts={"train": 50, VALIDATION: 32, "interpolation": 50, "extrapolation": 100}, episodes=4,
        env_steps={"CartPole": 99_000, "Pendulum": 55_296}, trainings=16, short=0.11,
    ),
    "tiny": Size(
        repetitions=3, tuning_seeds=2, test_seeds=2,
        contexts={"train": 3, VALIDATION: 2, "interpolation": 2, "extrapolation": 2}, episodes=1,
        env_steps={"CartPole": 12_000, "Pendulum": 6_144}, trainings=4, short=0.3,
    ),
}  # fmt: skip


def study(size: Size, name: str, optimiser: str = "dehb") -> Study:
    """Repetition i has the i-th block of tuning seeds, and the i-th of test seeds."""
    case, steps = CASES[name], size.env_steps[name]
    budget = {"min": int(size.short * steps), "max": steps, "total": size.trainings * steps}
    raw = {
        "study": "tuning-comparison",
        "benchmarks": {case.benchmark: {"contexts": size.contexts, "agents": [case.agent]}},
        "methods": [METHOD],
        "seeds": {
            "test": {"first": 0, "count": size.repetitions * size.test_seeds},
            "tuning": {"first": 1000, "count": size.tuning_seeds},
            "per_job": size.test_seeds,
        },
        "train": {"env_steps": steps},
        "evaluate": {"episodes": size.episodes},
        "references": {"grid": 1, "seeds": 1, "env_steps": steps},
        "figures": ["iqm"],
        "agents": {case.agent: case.settings},
        "tune": {
            "optimiser": optimiser,
            "repetitions": size.repetitions,
            "env_steps": budget,
            "search": {case.agent: case.search},
        },
    }
    return Study(config.check(raw, "benchmarks/tuning/comparison.py"))
