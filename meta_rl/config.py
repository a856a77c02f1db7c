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
from meta_rl.config_schema import schema, violations
from meta_rl.contexts import Feature
from meta_rl.errors import UserError, unknown

# Folders of a study beside those of its benchmarks.
_RESERVED = ("benchmarks", "code", "figures", "logs", "tables")


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
    problems = list(violations(raw))
    if not problems:
        study = _complete(raw)
        problems = list(_problems(study))
    if problems:
        raise UserError("\n".join(f"{source}: {problem}" for problem in problems))
    return study


def _complete(raw: dict[str, Any]) -> dict[str, Any]:
    """Defaults filled in; settings only of the agents and methods that the study uses."""
    study = json.loads(json.dumps(raw))
    for benchmark in study["benchmarks"].values():
        for feature in benchmark["features"].values():
            low, high = feature["train"]
            feature.setdefault("extrapolation", [[low / 2, low], [high, high * 2]])
    agents = sorted({agent for benchmark in study["benchmarks"].values() for agent in benchmark["agents"]})
    study["agents"] = _with_defaults("agents", agents, study)
    study["method_settings"] = _with_defaults("method_settings", study["methods"], study)
    return study


def _with_defaults(key: str, used: list[str], study: dict[str, Any]) -> dict[str, Any]:
    members = schema()["properties"][key]["properties"]
    given = study.get(key, {})
    return {
        name: {key: one["default"] for key, one in members[name]["properties"].items()} | given.get(name, {})
        for name in used
    }


def _problems(study: dict[str, Any]) -> Iterator[str]:
    """What no schema can say."""
    seen: set[str] = set()
    for name, benchmark in study["benchmarks"].items():
        if name.lower() in _RESERVED:  # some disks do not tell cases apart
            yield f"benchmarks.{name}: is the name of another folder of the study; choose another"
        known = {one.name: one for one in registry.load("environment", benchmark["environment"]).features}
        for feature, ranges in benchmark["features"].items():
            where = f"benchmarks.{name}.features.{feature}"
            if feature not in known:
                yield f"{where}: {unknown('feature', feature, known)}"
            else:
                yield from _range_problems(where, ranges, known[feature])
        yield from _split_problems(name, benchmark)
        for problem in _budget_problems(name, benchmark, study):
            if problem not in seen:  # benchmarks share agents and budgets
                seen.add(problem)
                yield problem
    yield from _seed_problems(**study["seeds"])


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
        *(("extrapolation", interval) for interval in ranges["extrapolation"]),
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


def _split_problems(name: str, benchmark: dict[str, Any]) -> Iterator[str]:
    """Every side of the extrapolation region gets the same number of contexts, and no point two chances."""
    for feature, ranges in benchmark["features"].items():
        sides = sorted(ranges["extrapolation"])
        for (_, end), (start, _) in pairwise(sides):
            if start < end:
                yield (
                    f"benchmarks.{name}.features.{feature}.extrapolation: intervals overlap between {start:g} and "
                    f"{end:g}; make them disjoint"
                )
        if benchmark["contexts"]["extrapolation"] % len(sides):
            yield (
                f"benchmarks.{name}.contexts.extrapolation: is {benchmark['contexts']['extrapolation']}, which does "
                f"not divide over {len(sides)} intervals; use a multiple"
            )


def _budget_problems(name: str, benchmark: dict[str, Any], study: dict[str, Any]) -> Iterator[str]:
    """Pretraining is part of a method's budget; what it leaves must be whole steps, and enough to learn."""
    budgets = {"references.env_steps": study["references"]["env_steps"]}
    for method in study["methods"]:
        total, where = study["train"]["env_steps"], "train.env_steps"
        if registry.METHODS[method].pretrain:
            spent = study["method_settings"][method]["transitions"] * benchmark["contexts"]["train"]
            where += f" - {spent} for pretraining {method} in {name}"
            total -= spent
        budgets[where] = total
    for agent in benchmark["agents"]:
        settings = study["agents"][agent]
        rows, least = settings["n_envs"], settings.get("learning_starts", 0)
        for where, total in budgets.items():
            if total <= least:
                yield f"{where}: leaves {agent} {total} env_steps; must be more than {least}, from where it learns"
            elif total % rows:
                yield f"{where}: is {total}, which is not whole steps of {rows} environments (agents.{agent}.n_envs)"
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
