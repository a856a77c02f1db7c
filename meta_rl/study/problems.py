"""What no schema can say of a study: what does not fit together, before any job runs."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from meta_rl import registry
from meta_rl.contexts import AXES, BOX, RESULTS, ContextSpace, Feature
from meta_rl.errors import unknown
from meta_rl.study import budgets
from meta_rl.study.tuning_problems import problems as tuning_problems

# Folders of a study beside those of its benchmarks.
_RESERVED = ("checkpoints", "figures", "jobs", "logs", "tables", "tuned")


def problems(study: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a study that is complete with its defaults, by the keys that say so."""
    seen: set[str] = set()
    for name, benchmark in study["benchmarks"].items():
        if name.lower() in _RESERVED:  # some disks do not tell cases apart
            yield f"benchmarks.{name}: is the name of another folder of the study; choose another"
        features = list(
            feature_problems(f"benchmarks.{name}", benchmark["environment"], benchmark["features"])
        )
        yield from features
        environment = registry.load("environment", benchmark["environment"])
        if not features:
            yield from _split_problems(name, benchmark, environment.features)
        yield from _agent_problems(name, benchmark, environment.spaces.discrete)
        yield from _method_problems(name, benchmark, study["methods"])
        for problem in _budget_problems(name, benchmark, study):
            if problem not in seen:  # benchmarks share agents and budgets
                seen.add(problem)
                yield problem
        if "tune" in study:
            yield from tuning_problems(name, benchmark, study)
    yield from _seed_problems(**study["seeds"], repetitions=study.get("tune", {}).get("repetitions", 1))


def feature_problems(where: str, environment: str, features: dict[str, Any]) -> Iterator[str]:
    """What is wrong with the features of a benchmark, {name: {"train": [a, b], "extrapolation": [...]}}."""
    module = registry.load("environment", environment)
    known = {one.name: one for one in module.features}
    for feature, ranges in features.items():
        at = f"{where}.features.{feature}"
        if feature in module.refused:
            yield f"{at}: cannot vary in {environment}: {module.refused[feature]}"
        elif feature not in known:
            yield f"{at}: {unknown('feature', feature, known)}"
        else:
            yield from _range_problems(at, ranges, known[feature])


def _agent_problems(name: str, benchmark: dict[str, Any], discrete: bool) -> Iterator[str]:
    kind = "discrete" if discrete else "continuous"
    able = [agent for agent, entry in registry.AGENTS.items() if kind in entry.actions]
    for agent in benchmark["agents"]:
        if agent not in able:
            yield (
                f"benchmarks.{name}.agents: {agent} cannot take the {kind} actions of "
                f"{benchmark['environment']}; choose from {', '.join(able)}"
            )


def _method_problems(name: str, benchmark: dict[str, Any], methods: list[str]) -> Iterator[str]:
    for method in methods:
        if benchmark["contexts"]["train"] < 2 and "wrong_context" in registry.METHODS[method].needs:
            yield f"benchmarks.{name}.contexts.train: is 1, but {method} is told another one; use 2 or more"


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


def _range_problems(where: str, ranges: dict[str, Any], feature: Feature) -> Iterator[str]:
    low, high = ranges["train"]
    named = [
        ("train", ranges["train"]),
        *(("extrapolation", interval) for interval in ranges.get("extrapolation", [])),
    ]
    for key, (start, end) in named:
        if start >= end:
            yield f"{where}.{key}: runs from {start:g} to {end:g}; give the lower multiplier first"
            continue
        if key == "extrapolation" and start < high and end > low:
            yield f"{where}.{key}: [{start:g}, {end:g}] overlaps with train; keep out of [{low:g}, {high:g}]"
        # With a negative default, the upper multiplier gives the lower value.
        least, most = sorted((feature.low / feature.default, feature.high / feature.default))
        for multiplier in (start, end):
            if not feature.low <= multiplier * feature.default <= feature.high:
                yield (
                    f"{where}.{key}: {multiplier:g} times the default is {multiplier * feature.default:g} "
                    f"{feature.unit}, outside [{feature.low:g}, {feature.high:g}]; "
                    f"use multipliers from {least:g} to {most:g}"
                )


def _split_problems(name: str, benchmark: dict[str, Any], features: tuple[Feature, ...]) -> Iterator[str]:
    """Every part of a region gets the same number of contexts, and no point two chances."""
    where = f"benchmarks.{name}"
    for feature, ranges in benchmark["features"].items():
        low, high = ranges["train"]
        if benchmark["train_set"] == AXES and not low <= 1 <= high:
            yield (
                f"{where}.features.{feature}.train: lacks 1, the default that train set C keeps while another "
                "feature varies; widen it, or choose another train set"
            )
        for (_, end), (start, _) in pairwise(sorted(ranges["extrapolation"])):
            if start < end:
                yield (
                    f"{where}.features.{feature}.extrapolation: intervals overlap between {start:g} and "
                    f"{end:g}; make them disjoint"
                )
    if len(benchmark["features"]) == 1 and benchmark["train_set"] != BOX:
        yield f"{where}.train_set: is {benchmark['train_set']}, which takes several features; leave it out"
        return
    regions = ContextSpace.of(features, benchmark["features"], benchmark["train_set"]).regions
    counts, train_set = benchmark["contexts"], benchmark["train_set"]
    for split in RESULTS:
        if split in counts and split not in regions:
            yield (
                f"{where}.contexts.{split}: does not exist for {len(benchmark['features'])} feature(s) and train "
                f"set {train_set}; its regions are {', '.join(regions)}"
            )
    for split, parts in regions.items():
        if split not in counts:
            yield f"{where}.contexts: lacks '{split}'; add it"
        elif counts[split] % parts:
            yield (
                f"{where}.contexts.{split}: is {counts[split]}, which does not divide over the {parts} parts of "
                "the region; use a multiple"
            )


def _budget_problems(name: str, benchmark: dict[str, Any], study: dict[str, Any]) -> Iterator[str]:
    """What pretraining leaves of a run's budget must be whole steps, and enough to learn."""
    own = benchmark["settings"]
    at = {key: f"benchmarks.{name}.override." * (own[key] != study[key]) for key in ("train", "references")}
    references = {f"{at['references']}references.env_steps": own["references"]["env_steps"]}
    trainings = []
    for method in study["methods"]:
        of = (method, own["method_settings"][method], benchmark["contexts"]["train"])
        total, spent = budgets.total(own["train"], *of), budgets.pretraining(*of)
        where = f"{at['train']}train.env_steps"
        if total - spent < own["train"]["env_steps"]:
            where += f" - {spent} for pretraining {method} in {name}"
        trainings.append((method, where, total - spent))
        if steps := own["method_settings"][method].get("generator_steps"):
            changed = own["method_settings"][method] != study["method_settings"][method]
            prefix = f"benchmarks.{name}.override." * changed
            trainings.append((method, f"{prefix}method_settings.{method}.generator_steps", steps))
    for agent in benchmark["agents"]:
        usual = own["agents"][agent]
        tuned = {method: of[agent] for method, of in own["tuned"].items() if agent in of}
        plain = {where: total for method, where, total in trainings if method not in tuned}
        yield from budgets.problems(agent, usual, references | plain, f"agents.{agent}")
        for method, where, total in trainings:
            if method in tuned:
                at_method = f"tuned.{name}.{method}.{agent}"
                yield from budgets.problems(agent, usual | tuned[method], {where: total}, at_method)
