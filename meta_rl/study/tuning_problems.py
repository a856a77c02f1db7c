"""What is wrong with the tuning of a study, found before anything is trained. Torch-free."""

from collections.abc import Iterator
from itertools import chain, product
from typing import Any

from meta_rl.contexts import VALIDATION
from meta_rl.study import budgets
from meta_rl.study.candidates import ETA, rungs, shortened

# Settings that must fit each other: every combination of them is looked at.
_COUPLED = ("n_envs", "n_steps", "minibatch", "replay")


def problems(name: str, benchmark: dict[str, Any], study: dict[str, Any]) -> Iterator[str]:
    """A line for everything, about one benchmark of a completed study that has `tune`."""
    tune = study["tune"]["benchmarks"][name]
    steps, train = tune["env_steps"], benchmark["settings"]["train"]["env_steps"]
    where = f"tune.env_steps (of {name})"
    if VALIDATION not in benchmark["contexts"]:
        yield f"benchmarks.{name}.contexts: lacks 'validation', on which candidates are scored; add it"
    if steps["max"] > train:
        yield f"{where}: max is {steps['max']}; must be at most train.env_steps, {train}"
    if steps["min"] * ETA > steps["max"]:
        yield f"{where}: min is {steps['min']}; must be at most a third of max, {steps['max'] // ETA}"
    elif steps["total"] < 2 * steps["max"]:
        yield f"{where}: total is {steps['total']}; must be at least twice max, {2 * steps['max']}"
    else:
        for agent in benchmark["agents"]:
            wrong = list(_ranges(agent, tune["search"][agent]))
            yield from wrong or _misfits(name, agent, benchmark, study["methods"], tune)


def _ranges(agent: str, search: dict[str, Any]) -> Iterator[str]:
    for name, one in search.items():
        ends = one["values"]
        if one["scale"] != "choice" and len(ends) == 2 and ends[0] >= ends[1]:
            yield (
                f"tune.search.{agent}.{name}: runs from {ends[0]} to {ends[1]}; give the lower end first, "
                "or one value to fix it"
            )
    if all(len(one["values"]) == 1 for one in search.values()):
        yield f"tune.search.{agent}: leaves nothing to tune; leave a setting more than one value"


def _misfits(
    name: str, agent: str, benchmark: dict[str, Any], methods: dict[str, str], tune: dict[str, Any]
) -> Iterator[str]:
    """The first combination of settings that the shortest candidates of a method cannot be trained with."""
    own, search = benchmark["settings"], tune["search"][agent]
    shortest = rungs(tune["env_steps"]["min"], tune["env_steps"]["max"])[-1]
    coupled = [key for key in _COUPLED if key in search]
    contexts = benchmark["contexts"]["train"]
    for method, member in methods.items():
        whole = {
            "agent": agent,
            "agent_settings": own["agents"][agent],
            "method": member,
            "method_settings": own["method_settings"][method],
            "env_steps": budgets.total(own["train"], member, own["method_settings"][method], contexts),
        }
        for values in product(*(search[key]["values"] for key in coupled)):
            chosen = dict(zip(coupled, values, strict=True))
            spec, paid = shortened(whole, shortest, contexts, chosen)
            where = f"tune.env_steps (of {name}): min gives candidates of {shortest}, which with {method}"
            left = {where: spec["env_steps"] - paid}
            if steps := spec["method_settings"].get("generator_steps"):
                left[f"{where}, as a generator,"] = steps
            of = (spec["agent_settings"], left, f"tune.search.{agent}")
            found = next(
                chain(
                    budgets.problems(agent, *of),
                    budgets.sequence_problems(method, spec["method_settings"], *of),
                ),
                None,
            )
            if found:
                yield found
                return
