"""What a study multiplies to more than any machine could hold, found before anything of it is made."""

from collections.abc import Iterator
from typing import Any

from meta_rl import registry
from meta_rl.contexts import DEVELOPMENT
from meta_rl.study import budgets
from meta_rl.study.demand import specialists

# Far above what is sensible: Snakemake takes some 30 kB for a job, a stack some 100 kB for each training with the
# smallest networks, and a row of a table some 100 bytes.
_JOBS, _STACKED, _ROWS, _ROWS_IN_ALL = 10**6, 10**6, 10**10, 10**12
_STEPS = 10**9  # of a run, as in the schema

Product = tuple[
    str, int, int, str
]  # a key, how many it makes with others, how many there may be, and of what


def problems(study: dict[str, Any]) -> Iterator[str]:
    """A line for each product that is too large, of a study that is complete with its defaults."""
    found = list(_jobs(study))
    for name in study["benchmarks"]:
        found += _trainings(name, study)
        found += _episodes(name, study)
    for key, number, most, what in found:
        if number > most:
            yield f"{key}: makes {number} {what}; must be at most {most}"


def _jobs(study: dict[str, Any]) -> Iterator[Product]:
    seeds, tune = study["seeds"], study.get("tune", {"repetitions": 0})
    kinds = len(study["methods"]) * sum(len(one["agents"]) for one in study["benchmarks"].values())
    blocks = -(-seeds["test"]["count"] // seeds["per_job"])
    of = "jobs of all benchmarks, agents and methods"
    yield "seeds.test.count", kinds * blocks, _JOBS, f"{of}, with {seeds['per_job']} seeds each"
    yield "tune.repetitions", kinds * tune["repetitions"], _JOBS, of
    yield "seeds.per_job", seeds["per_job"], _STACKED, "trainings in a job"
    yield "seeds.tuning.count", seeds["tuning"]["count"], _STACKED, "trainings in a job"


def _trainings(name: str, study: dict[str, Any]) -> Iterator[Product]:
    """Specialists, transitions that agents keep, and trajectories."""
    benchmark, most = (
        study["benchmarks"][name],
        max(study["seeds"]["per_job"], study["seeds"]["tuning"]["count"]),
    )
    own = benchmark["settings"]
    stacked = specialists(own["references"], benchmark["features"])
    yield f"references (of {name})", stacked, _STACKED, "trainings in a job"
    for agent, settings in own["agents"].items():
        kept = settings.get("replay") or settings["n_envs"] * settings["n_steps"]
        at = f"agents.{agent}.{'replay' if 'replay' in settings else 'n_steps'} (of {name})"
        yield at, max(most, stacked) * kept, _ROWS, "transitions in a job"
    for method, settings in own["method_settings"].items():
        rows = most * benchmark["contexts"]["train"] * settings.get("transitions", 0)
        yield f"method_settings.{method}.transitions (of {name})", rows, _ROWS, "transitions in a job"
        steps = budgets.total(
            own["train"], study["methods"][method], settings, benchmark["contexts"]["train"]
        )
        yield f"train.env_steps (of {name}), with pretraining {method}", steps, _STEPS, "env_steps"


def _episodes(name: str, study: dict[str, Any]) -> Iterator[Product]:
    benchmark, seeds = study["benchmarks"][name], study["seeds"]
    evaluate, at = benchmark["settings"]["evaluate"], f"evaluate.episodes (of {name})"
    contexts = sum(count for split, count in benchmark["contexts"].items() if split not in DEVELOPMENT)
    regimes = [
        2 + len(evaluate["observed"]) if "window" in registry.METHODS[member].needs else 1
        for member in study["methods"].values()
    ]
    each = contexts * evaluate["episodes"]
    yield at, seeds["per_job"] * each * max(regimes), _ROWS, "episodes in a job"
    whole = seeds["test"]["count"] * each * sum(regimes) * len(benchmark["agents"])
    yield at, whole, _ROWS_IN_ALL, "episodes of all runs"
    members = len(benchmark["agents"]) * specialists(
        benchmark["settings"]["references"], benchmark["features"]
    )
    yield at, 2 * seeds["per_job"] * each * members, _ROWS, "episodes of references in a job"
