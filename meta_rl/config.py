"""A study: read from YAML, checked from end to end before any job runs, and completed with its defaults.

`python -m meta_rl.config > config/schema.json` writes the schema that editors use;
`python -m meta_rl.config FILE` checks a study and prints its name.
"""

import json
import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from meta_rl import registry
from meta_rl.benchmarks import BENCHMARKS
from meta_rl.config_schema import OVERRIDES, PER_JOB, schema, violations
from meta_rl.contexts import AXES, BOX, RESULTS, ContextSpace, Feature
from meta_rl.errors import UserError, unknown

# Folders of a study beside those of its benchmarks.
_RESERVED = ("benchmarks", "checkpoints", "code", "figures", "logs", "tables")


def load(path: str | Path) -> dict[str, Any]:
    """The checked study in a file. Raises UserError with a line for everything that is wrong."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"{path}: cannot be read ({error}); give the path of a study such as config/quick.yaml"
        ) from None
    try:
        raw = yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        raise UserError(f"{path}: {' '.join(str(error).split())}; correct the YAML there") from None
    return check(raw, str(path))


def check(raw: Any, source: str) -> dict[str, Any]:
    """A complete copy of a study. Raises UserError with a line for everything that is wrong in `source`."""
    if not isinstance(raw, dict):
        found = "is empty" if raw is None else "is no mapping of keys to values"
        raise UserError(f"{source}: {found}; start from a copy of config/quick.yaml")
    problems = list(violations(raw)) or [*_unpublished(raw), *_taken(raw)]
    if not problems:
        study = _complete(raw)
        problems = list(_problems(study))
    if problems:
        raise UserError("\n".join(f"{source}: {problem}" for problem in problems))
    return study


def _complete(raw: dict[str, Any]) -> dict[str, Any]:
    """Defaults filled in; settings only of the agents and methods that the study uses.

    Each benchmark gets its `settings`: the study's, with what it overrides.
    """
    study = json.loads(json.dumps(raw))
    study["benchmarks"] = dict(_benchmarks(study["benchmarks"]))
    study["seeds"].setdefault("per_job", PER_JOB)
    agents = sorted({agent for benchmark in study["benchmarks"].values() for agent in benchmark["agents"]})
    study["agents"] = _with_defaults("agents", agents, study)
    study["method_settings"] = _with_defaults("method_settings", study["methods"], study)
    for benchmark in study["benchmarks"].values():
        own = _merged({key: study[key] for key in sorted(OVERRIDES)}, benchmark.pop("override", {}))
        own["agents"] = {agent: own["agents"][agent] for agent in benchmark["agents"]}
        benchmark["settings"] = own
    return study


def _benchmarks(given: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Published ranges and default ones filled in; a list of train context counts makes one benchmark of each."""
    for name, benchmark in given.items():
        if name in BENCHMARKS:
            published = BENCHMARKS[name]
            benchmark |= {
                "environment": published.environment,
                "features": published.ranges,
                "train_set": published.train_set,
            }
        benchmark.setdefault("train_set", BOX)
        for feature in benchmark["features"].values():
            low, high = feature["train"]
            feature.setdefault("extrapolation", [[low / 2, low], [high, high * 2]])
        counts = benchmark["contexts"]["train"]
        if isinstance(counts, int):
            yield name, benchmark
        else:
            for count in counts:
                yield f"{name}_n{count}", benchmark | {"contexts": benchmark["contexts"] | {"train": count}}


def _merged(settings: dict[str, Any], override: dict[str, Any]) -> dict[str, Any]:
    """Settings with some replaced, down to single keys."""
    both = {
        key: _merged(settings[key], value) if isinstance(value, dict) else value
        for key, value in override.items()
        if key in settings  # of an agent or method that the study does not use
    }
    return json.loads(json.dumps(settings | both))


def _with_defaults(key: str, used: list[str], study: dict[str, Any]) -> dict[str, Any]:
    members = schema()["properties"][key]["properties"]
    given = study.get(key, {})
    return {
        name: {key: one["default"] for key, one in members[name]["properties"].items()} | given.get(name, {})
        for name in used
    }


def _unpublished(raw: dict[str, Any]) -> Iterator[str]:
    """A published name keeps its meaning, and any other needs one."""
    for name, benchmark in raw["benchmarks"].items():
        own = benchmark.keys() & {"environment", "features", "train_set"}
        if name in BENCHMARKS and own:
            yield (
                f"benchmarks.{name}: is a published benchmark, which fixes {', '.join(sorted(own))}; "
                "leave them out, or choose another name"
            )
        elif name not in BENCHMARKS and not {"environment", "features"} <= own:
            yield (
                f"benchmarks.{name}: {unknown('published benchmark', name, BENCHMARKS)}; "
                "name one, or give environment and features"
            )


def _taken(raw: dict[str, Any]) -> Iterator[str]:
    """The names that a list of train context counts makes must be free."""
    for name, benchmark in raw["benchmarks"].items():
        counts = benchmark["contexts"]["train"]
        for made in [f"{name}_n{count}" for count in counts] if isinstance(counts, list) else []:
            if made in raw["benchmarks"]:
                yield f"benchmarks.{made}: is also what contexts.train makes of {name}; choose another name"


def _problems(study: dict[str, Any]) -> Iterator[str]:
    """What no schema can say."""
    seen: set[str] = set()
    for name, benchmark in study["benchmarks"].items():
        if name.lower() in _RESERVED:  # some disks do not tell cases apart
            yield f"benchmarks.{name}: is the name of another folder of the study; choose another"
        problems = list(
            feature_problems(f"benchmarks.{name}", benchmark["environment"], benchmark["features"])
        )
        yield from problems
        environment = registry.load("environment", benchmark["environment"])
        if not problems:
            yield from _split_problems(name, benchmark, environment.features)
        yield from _agent_problems(name, benchmark, environment.spaces.discrete)
        for problem in _budget_problems(name, benchmark, study):
            if problem not in seen:  # benchmarks share agents and budgets
                seen.add(problem)
                yield problem
    yield from _seed_problems(**study["seeds"])


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


def _seed_problems(test: dict[str, int], tuning: dict[str, int], per_job: int) -> Iterator[str]:
    if test["count"] % per_job:
        yield (
            f"seeds.test.count: is {test['count']}, which does not divide into jobs of {per_job} seeds; "
            "use a multiple of seeds.per_job"
        )
    if test["first"] < tuning["first"] + tuning["count"] and tuning["first"] < test["first"] + test["count"]:
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
    """Pretraining is part of a method's budget; what it leaves must be whole steps, and enough to learn."""
    own = benchmark["settings"]
    at = {key: f"benchmarks.{name}.override." * (own[key] != study[key]) for key in ("train", "references")}
    budgets = {f"{at['references']}references.env_steps": own["references"]["env_steps"]}
    for method in study["methods"]:
        total, where = own["train"]["env_steps"], f"{at['train']}train.env_steps"
        if registry.METHODS[method].pretrain:
            spent = own["method_settings"][method]["transitions"] * benchmark["contexts"]["train"]
            where += f" - {spent} for pretraining {method} in {name}"
            total -= spent
        budgets[where] = total
    for agent in benchmark["agents"]:
        settings = own["agents"][agent]
        rows = settings["n_envs"]
        rollout = settings.get("n_steps", 0) * rows  # of an on-policy agent, which learns from whole ones
        least = settings.get("learning_starts", max(0, rollout - 1))
        for where, total in budgets.items():
            if total <= least:
                yield f"{where}: leaves {agent} {total} env_steps; must be more than {least}, from where it learns"
            elif total % rows:
                yield f"{where}: is {total}, which is not whole steps of {rows} environments (agents.{agent}.n_envs)"
        if rollout % settings.get("minibatch", 1):
            yield (
                f"agents.{agent}.minibatch: is {settings['minibatch']}, which does not divide a rollout of "
                f"{settings['n_steps']} steps of {rows} environments; use a divisor of {rollout}"
            )
        if settings.get("replay", 0) % rows:
            yield (
                f"agents.{agent}.replay: is {settings['replay']}, which does not hold whole steps of {rows} "
                f"environments; use a multiple of agents.{agent}.n_envs"
            )


class _Loader(yaml.SafeLoader):
    """YAML that refuses a key given twice and reads 1e-3 as a number (YAML 1.1 takes it for a text)."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if str(key.value) in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key '{key.value}' is given twice", key.start_mark
                )
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        print(json.dumps(schema(), indent=2))
    else:
        try:
            print(load(sys.argv[1])["study"])
        except UserError as error:
            sys.exit(f"error: {error}")
