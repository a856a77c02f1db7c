"""What no schema can say of a study: what does not fit together, before any job runs."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from meta_rl import registry
from meta_rl.study import budgets
from meta_rl.study.size_problems import problems as size_problems
from meta_rl.study.space_problems import problems as space_problems
from meta_rl.study.tuning_problems import problems as tuning_problems
from meta_rl.study.uncertainty_problems import problems as uncertainty_problems

# Folders of a study beside those of its benchmarks.
_RESERVED = ("checkpoints", "figures", "jobs", "logs", "tables", "tuned")


def problems(study: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a study that is complete with its defaults, by the keys that say so."""
    seen: set[str] = set()
    folders = Counter(name.lower() for name in study["benchmarks"])  # some disks do not tell cases apart
    for name, benchmark in study["benchmarks"].items():
        if name.lower() in _RESERVED:
            yield f"benchmarks.{name}: is the name of another folder of the study; choose another"
        elif folders[name.lower()] > 1:
            yield f"benchmarks.{name}: another one has the same name but for upper and lower case; rename one"
        environment = registry.load("environment", benchmark["environment"])
        yield from space_problems(name, benchmark, study["references"])
        yield from _agent_problems(name, benchmark, environment.spaces.discrete)
        yield from _method_problems(name, benchmark, study["methods"])
        yield from _snapshot_problems(name, benchmark["settings"])
        for problem in _budget_problems(name, benchmark, study):
            if problem not in seen:  # benchmarks share agents and budgets
                seen.add(problem)
                yield problem
        if "tune" in study:
            yield from tuning_problems(name, benchmark, study)
    yield from _seed_problems(**study["seeds"], repetitions=study.get("tune", {}).get("repetitions", 1))
    if "uncertainty" in study:
        yield from uncertainty_problems(study)
    yield from _figure_problems(study)
    yield from size_problems(study)


def _agent_problems(name: str, benchmark: dict[str, Any], discrete: bool) -> Iterator[str]:
    kind = "discrete" if discrete else "continuous"
    able = [agent for agent, entry in registry.AGENTS.items() if kind in entry.actions]
    for agent in benchmark["agents"]:
        if agent not in able:
            yield (
                f"benchmarks.{name}.agents: {agent} cannot take the {kind} actions of "
                f"{benchmark['environment']}; choose from {', '.join(able)}"
            )


def _method_problems(name: str, benchmark: dict[str, Any], methods: dict[str, str]) -> Iterator[str]:
    for method, member in methods.items():
        if benchmark["contexts"]["train"] < 2 and "wrong_context" in registry.METHODS[member].needs:
            yield f"benchmarks.{name}.contexts.train: is 1, but {method} is told another one; use 2 or more"


def _snapshot_problems(name: str, settings: dict[str, Any]) -> Iterator[str]:
    """Every snapshot plays as many episodes."""
    episodes, snapshots = settings["evaluate"]["episodes"], settings["train"]["snapshots"]
    if episodes % snapshots:
        yield (
            f"evaluate.episodes (of {name}): is {episodes}, which does not divide over {snapshots} snapshots; use a "
            "multiple of train.snapshots"
        )


def _figure_problems(study: dict[str, Any]) -> Iterator[str]:
    able = registry.figures(doubts="uncertainty" in study)
    for name in study["figures"]:
        if name not in able:
            yield f"figures: {name} shows doubt, of which the study has none; add the key uncertainty, or leave it out"


def _seed_problems(
    test: dict[str, int], tuning: dict[str, int], per_job: int, repetitions: int
) -> Iterator[str]:
    """No tuning seed is a test seed; each repetition of the tuning has `tuning.count` seeds of its own."""
    if test["count"] % per_job:
        yield (
            f"seeds.test.count: is {test['count']}, which does not divide into jobs of {per_job} seeds; "
            "use a multiple of seeds.per_job"
        )
    last = tuning["first"] + tuning["count"] * repetitions
    if test["first"] < last and tuning["first"] < test["first"] + test["count"]:
        yield (
            f"seeds.tuning: has seeds in common with seeds.test ({test['first']} to "
            f"{test['first'] + test['count'] - 1}); choose first and count so that they are disjoint"
        )


def _budget_problems(name: str, benchmark: dict[str, Any], study: dict[str, Any]) -> Iterator[str]:
    """What pretraining leaves of a run's budget must be whole steps, and enough to learn."""
    for agent in benchmark["agents"]:
        for one in budgets.trainings(name, benchmark, agent, study):
            where = one.key
            if one.steps < one.value:
                where += f" - {one.paid} for pretraining {one.name} in {name}"
            left = {where: one.steps}
            yield from budgets.problems(agent, one.settings, left, one.at)
            asked = benchmark["settings"]["method_settings"].get(one.name, {})
            yield from budgets.sequence_problems(one.name, asked, one.settings, left, one.at)
