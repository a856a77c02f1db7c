"""A study: read from YAML, checked from end to end before any job runs, and completed with its defaults.

`python -m meta_rl.study.config > config/schema.json` writes the schema that editors use.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from meta_rl import plugins, registry, settings
from meta_rl.benchmarks.published import BENCHMARKS
from meta_rl.contexts import BOX, EXTRAPOLATION
from meta_rl.errors import UserError, unknown
from meta_rl.study import external, variants
from meta_rl.study.canonical import canonical
from meta_rl.study.loader import read
from meta_rl.study.problems import problems as study_problems
from meta_rl.study.rollouts import notices
from meta_rl.study.schema import (
    BUDGETS_OF_DOUBT,
    EPISODES,
    OPTIMISERS,
    OVERRIDES,
    PER_JOB,
    PLACES,
    PRETRAINING,
    SCORED,
    SNAPSHOTS,
    SPECIALISTS,
    TUNING,
    schema,
)
from meta_rl.study.violations import violations

_FIXED = ("environment", "features", "train_set", "boxes")  # by a published name


def load(path: str | Path) -> dict[str, Any]:
    """The checked study in a file. Raises UserError with a line for everything that is wrong."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"{path}: cannot be read ({error}); give the path of a study such as config/quick.yaml"
        ) from None
    return check(read(text, str(path)), str(path))


def check(raw: Any, source: str) -> dict[str, Any]:
    """A complete copy of a study. Raises UserError with a line for everything that is wrong in `source`."""
    if not isinstance(raw, dict):
        found = "is empty" if raw is None else "is no mapping of keys to values"
        raise UserError(f"{source}: {found}; start from a copy of config/quick.yaml")
    raw = _plugged(raw, Path(source).parent)
    problems = (
        list(violations(raw))
        or [*_unpublished(raw), *_taken(raw), *variants.problems(raw), *external.name_problems(raw)]
        or list(_untuned(raw))
    )
    if not problems:
        study = _complete(raw)
        problems = list(study_problems(study)) + list(external.problems(study))
    if problems:
        raise UserError("\n".join(f"{source}: {problem}" for problem in problems))
    return study


def _plugged(raw: dict[str, Any], folder: Path) -> dict[str, Any]:
    """With the members of its plugins registered, whose paths are then relative to where results are written."""
    files = raw.get("plugins")
    if not isinstance(files, list) or not all(isinstance(file, str) for file in files):
        return raw  # what is wrong with them, the schema says
    paths = [os.path.relpath(folder / file) for file in files]
    plugins.add(paths)
    return raw | {"plugins": paths}


def _complete(raw: dict[str, Any]) -> dict[str, Any]:
    """Defaults filled in, in the canonical form; settings only of the agents and methods that the study uses.

    `methods` are the registered ones by the study's names, by which `method_settings` have all of each; a control has
    its method's, unless the study gives it others. Each benchmark gets its `settings`: the study's, with what it
    overrides, and `tuned`, the settings of agents by method that stand instead.
    """
    study = json.loads(json.dumps(raw))
    study["benchmarks"] = dict(_benchmarks(study["benchmarks"]))
    seeds, train = study["seeds"], study["train"]
    study["seeds"] = {"tuning": TUNING, "per_job": min(PER_JOB, seeds["test"]["count"])} | seeds
    study["train"] = {"pretraining": PRETRAINING[0], "snapshots": SNAPSHOTS} | train
    episodes = EPISODES * study["train"]["snapshots"]
    study["evaluate"] = {"episodes": episodes, "observed": []} | study.get("evaluate", {})
    places = study.get("references", {"points": SPECIALISTS})
    study["references"] = {"seeds": 1, "env_steps": train["env_steps"]} | places
    study.setdefault("figures", registry.figures(doubts="uncertainty" in study))
    if "uncertainty" in study:
        study["uncertainty"] = _uncertainty(study["uncertainty"])
    if "external" in study:
        study["external"] = external.complete(study, study["benchmarks"])
    agents = sorted({agent for benchmark in study["benchmarks"].values() for agent in benchmark["agents"]})
    study["agents"] = _with_defaults("agents", agents, study)
    methods = study["methods"]
    study["methods"] = variants.members(methods)
    study["method_settings"] = variants.shared(study.get("method_settings", {}))
    members = study["method_settings"] = _with_defaults(
        "method_settings", sorted(set(study["methods"].values())), study
    )
    tuned, tune = study.pop("tuned", {}), study.pop("tune", None)
    tunings = {}
    for name, benchmark in study["benchmarks"].items():
        override = benchmark.pop("override", {})
        if "method_settings" in override:
            override = override | {"method_settings": variants.shared(override["method_settings"])}
        tunings[name] = _tuning(tune or {}, override.get("tune", {}), benchmark["agents"])
        usual = {key: study[key] for key in sorted(OVERRIDES)}
        if places := override.get("references", {}).keys() & set(PLACES):  # one of them replaces the other
            kept = {key: value for key, value in usual["references"].items() if key not in PLACES}
            usual["references"] = kept | dict.fromkeys(sorted(places))
        own = _merged(usual, override)
        own["agents"] = {agent: own["agents"][agent] for agent in benchmark["agents"]}
        own["method_settings"] = variants.settings(methods, own["method_settings"])
        own["tuned"] = {
            method: {agent: one for agent, one in of.items() if agent in own["agents"]}
            for method, of in tuned.get(name, {}).items()
            if method in study["methods"]
        }
        benchmark["settings"] = own
    study["method_settings"] = variants.settings(methods, members)
    if tune:
        study["tune"] = {
            "optimiser": tune.get("optimiser", OPTIMISERS[0]),
            "repetitions": tune.get("repetitions", 1),
            "benchmarks": tunings,
        }
    return canonical(study)


def _uncertainty(said: dict[str, Any]) -> dict[str, Any]:
    """Each estimator of the study with all its settings."""
    members = schema()["properties"]["uncertainty"]["properties"]["settings"]["properties"]
    given = said.get("settings", {})
    settings = {
        name: {key: one["default"] for key, one in members[name]["properties"].items()} | given.get(name, {})
        for name in said["estimators"]
    }
    return {"budgets": list(BUDGETS_OF_DOUBT), "episodes": SCORED} | said | {"settings": settings}


def _tuning(tune: dict[str, Any], override: dict[str, Any], agents: list[str]) -> dict[str, Any]:
    """The budgets and the search spaces of one benchmark."""
    search = {}
    for agent in agents:
        narrow = tune.get("search", {}).get(agent, {}) | override.get("search", {}).get(agent, {})
        search[agent] = {
            name: {"values": _chosen(one, narrow.get(name)), "scale": one.scale}
            for name, one in settings.search(registry.AGENTS[agent].module).items()
        }
    steps = tune.get("env_steps", {}) | override.get("env_steps", {})
    return json.loads(json.dumps({"env_steps": steps, "search": search}))


def _chosen(dimension: settings.Dimension, narrow: list[Any] | None) -> list[Any]:
    """The ends of a range, or choices in their order in SEARCH."""
    known = json.loads(json.dumps(dimension.values))
    if narrow is None or dimension.scale != "choice":
        return known if narrow is None else narrow
    return [value for value in known if value in narrow]


def _benchmarks(given: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Published ranges and default ones filled in; a list of train context counts makes one benchmark of each."""
    for name, benchmark in given.items():
        if name in BENCHMARKS:
            published = BENCHMARKS[name]
            fixed = (published.environment, *published.space)
            benchmark |= dict(zip(_FIXED, fixed, strict=True))
        benchmark.setdefault("train_set", BOX)
        benchmark.setdefault("smoke", False)
        boxes = benchmark.setdefault("boxes", {})
        for factor in benchmark["features"].values():
            outside = []
            if "values" in factor:
                factor.setdefault("interpolation", [])
            elif EXTRAPOLATION not in boxes:
                low, high = factor["train"]
                outside = [[low / 2, low], [high, high * 2]]
            factor.setdefault("extrapolation", outside)
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
        own = benchmark.keys() & set(_FIXED)
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


def _untuned(raw: dict[str, Any]) -> Iterator[str]:
    """What is said of a tuning that the study does not have."""
    for name, benchmark in raw["benchmarks"].items():
        if "tune" in benchmark.get("override", {}) and "tune" not in raw:
            yield f"benchmarks.{name}.override.tune: replaces nothing, as the study has no tune; add it"
    known = [name for name, _ in _benchmarks(json.loads(json.dumps(raw["benchmarks"])))]
    for name in raw.get("tuned", {}):
        if name not in known:
            yield f"tuned: {unknown('benchmark', name, known)}"


def main(path: str | Path) -> None:
    """Check a study and print its name; what its owner should know goes to stderr."""
    study = load(path)
    for line in notices(study, str(path)):
        print(line, file=sys.stderr)
    print(study["study"])


if __name__ == "__main__":
    print(json.dumps(schema(), indent=2))
