"""What a study multiplies to more than any machine could hold, found before anything of it is made."""

from collections.abc import Iterator
from itertools import pairwise, starmap
from operator import mul
from typing import Any

from meta_rl import registry
from meta_rl.study import budgets

# Far above what is sensible: Snakemake takes some 30 kB for a job, a stack some 100 kB for each training with the
# smallest networks, and a row of a table some 100 bytes.
_JOBS, _STACKED, _ROWS, _ROWS_IN_ALL = 10**6, 10**6, 10**10, 10**12
_STEPS = 10**9  # of a run, as in the schema

# A key, the number that it makes with others, how many there may be, and of what.
Product = tuple[str, int, int, str]


def problems(study: dict[str, Any]) -> Iterator[str]:
    """A line for each product that is too large, of a study that is complete with its defaults."""
    found = [("", _of_seeds(study))]
    for name, benchmark in study["benchmarks"].items():
        found += [(f" (of {name})", of(benchmark, study)) for of in (_of_trainings, _of_episodes)]
    for where, products in found:
        for key, number, most, what in products:
            if number > most:
                yield f"{key}{where}: makes {number} {what}; must be at most {most}"


def _of_seeds(study: dict[str, Any]) -> Iterator[Product]:
    seeds, repetitions = study["seeds"], study.get("tune", {}).get("repetitions", 0)
    kinds = len(study["methods"]) * sum(len(one["agents"]) for one in study["benchmarks"].values())
    blocks = -(-seeds["test"]["count"] // seeds["per_job"])
    of = "jobs of all benchmarks, agents and methods"
    yield "seeds.test.count", kinds * blocks, _JOBS, f"{of}, with {seeds['per_job']} seeds each"
    yield "tune.repetitions", kinds * repetitions, _JOBS, of
    yield "seeds.per_job", seeds["per_job"], _STACKED, "trainings in a job"
    yield "seeds.tuning.count", seeds["tuning"]["count"], _STACKED, "trainings in a job"


def _of_trainings(benchmark: dict[str, Any], study: dict[str, Any]) -> Iterator[Product]:
    own, contexts = benchmark["settings"], benchmark["contexts"]["train"]
    seeds = max(study["seeds"]["per_job"], study["seeds"]["tuning"]["count"])
    special = budgets.specialists(own["references"], benchmark["features"])
    yield "references", special, _STACKED, "trainings in a job"
    for agent, settings in own["agents"].items():
        key = "replay" if "replay" in settings else "n_steps"
        kept = settings[key] * (1 if key == "replay" else settings["n_envs"])
        weights = sum(starmap(mul, pairwise(settings["hidden"])))
        yield f"agents.{agent}.{key}", max(seeds, special) * kept, _ROWS, "transitions in a job"
        yield f"agents.{agent}.hidden", max(seeds, special) * weights, _ROWS, "weights in a job"
    for method, settings in own["method_settings"].items():
        pretrained = bool(registry.METHODS[study["methods"][method]].pretrain)
        collected = seeds * contexts * settings["transitions"] if pretrained else 0
        steps = budgets.total(own["train"], study["methods"][method], settings, contexts)
        yield f"method_settings.{method}.transitions", collected, _ROWS, "transitions in a job"
        yield f"train.env_steps, with the pretraining of {method}", steps, _STEPS, "env_steps"


def _of_episodes(benchmark: dict[str, Any], study: dict[str, Any]) -> Iterator[Product]:
    seeds, own, agents = study["seeds"], benchmark["settings"], len(benchmark["agents"])
    # Regimes in which a method plays that infers the context.
    inferring = 2 + len(own["evaluate"]["observed"])
    played = [inferring if registry.METHODS[member].infers else 1 for member in study["methods"].values()]
    members = agents * budgets.specialists(own["references"], benchmark["features"])
    episodes = sum(benchmark["contexts"].values()) * own["evaluate"]["episodes"]
    key, per_job = "evaluate.episodes", seeds["per_job"]
    yield key, per_job * episodes * max(played), _ROWS, "episodes in a job"
    yield key, per_job * episodes * members * 2, _ROWS, "episodes of references in a job"
    yield key, seeds["test"]["count"] * episodes * agents * sum(played), _ROWS_IN_ALL, "episodes of all runs"
