"""Runs that were trained elsewhere, as methods of a study: what it says of them, and what is wrong with that.

external: {my_ppo: {policy: runs/{seed}/model.zip, loader: stable_baselines3, trusted: true}}

Standard library only: files are opened here, and nothing in them is run.
"""

import json
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

from meta_rl import registry
from meta_rl.errors import UserError, unknown
from meta_rl.files import checksum
from meta_rl.study.variants import RESERVED, given

# A zip of Stable-Baselines3; or a file of Python with a function `build(seed)` that returns any policy which
# `meta_rl.evaluate` takes.
STABLE_BASELINES3, PYTHON = LOADERS = ("stable_baselines3", "python")
OBSERVE = ("plain", "flat", "dict")  # as in the Gymnasium ids
_FIELDS = ("seed", "benchmark")
_TRAINED_WITH = "_last_original_obs"  # of a model: not null if its environments were wrapped by VecNormalize

Study = dict[str, Any]


def schema(name: dict[str, Any], count: dict[str, Any]) -> dict[str, Any]:
    """What a study may say; `name` and `count` are the schemas of those."""
    path = {"type": "string", "description": "file by run: {seed} and {benchmark} stand for those of a run"}
    properties = {
        "policy": path,
        "loader": {"enum": list(LOADERS), "title": "loader", "default": STABLE_BASELINES3},
        "trusted": {
            "type": "boolean",
            "default": False,
            "description": "whether code in the files may be run: a zip of Stable-Baselines3 is unpickled",
        },
        "vec_normalize": path
        | {"description": "what VecNormalize.save wrote, where a model was trained with it"},
        "files": {
            "type": "array",
            "items": path,
            "uniqueItems": True,
            "default": [],
            "description": "other files that the policies are made from: when one changes, they play again",
        },
        "agent": {
            "enum": sorted(registry.AGENTS),
            "title": "agent",
            "description": "the study's agent beside whose methods it stands; needed where benchmarks have several",
        },
        "benchmarks": {
            "type": "array",
            "items": {"type": "string"},
            "minItems": 1,
            "uniqueItems": True,
            "description": "those of the study that it was trained for; all unless given",
        },
        "observe": {"enum": list(OBSERVE), "title": "observe", "default": OBSERVE[0]},
        "env_steps": count | {"description": "what each run has paid for, if it is known"},
    }
    one = {
        "type": "object",
        "properties": properties,
        "required": ["policy"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "propertyNames": name,
        "additionalProperties": one,
        "description": "runs that were trained elsewhere, by the name that they have as a method",
    }


def complete(raw: Study, benchmarks: dict[str, Any]) -> dict[str, Any]:
    """With defaults, where the study says nothing; the agent stays out where there is a choice."""
    found = {}
    for name, said in raw.get("external", {}).items():
        one = {"loader": STABLE_BASELINES3, "trusted": False, "files": [], "observe": OBSERVE[0]} | said
        one["benchmarks"] = sorted(said.get("benchmarks", benchmarks))
        agents = {tuple(benchmarks[each]["agents"]) for each in one["benchmarks"] if each in benchmarks}
        if "agent" not in one and len(agents) == 1 and len(only := agents.pop()) == 1:
            one["agent"] = only[0]
        found[name] = one
    return found


def name_problems(raw: Study) -> Iterator[str]:
    """A name is that of a method, and of no other one."""
    taken = {name.lower() for name, _ in given(raw["methods"])} | registry.METHODS.keys() | set(RESERVED)
    for name in raw.get("external", {}):
        if name.lower() in taken:
            yield f"external.{name}: is the name of a method, or kept for the references; choose another"
        taken.add(name.lower())


def problems(study: Study) -> Iterator[str]:
    """What is wrong with a study that is complete with its defaults: files count, which must be there."""
    for name, one in study.get("external", {}).items():
        at = f"external.{name}"
        wrong = [*_place_problems(at, one, study["benchmarks"]), *_path_problems(at, one)]
        if not one["trusted"]:
            wrong.append(_distrust(at, one["loader"]))
        yield from wrong or _file_problems(at, one, study)


def _place_problems(at: str, one: dict[str, Any], benchmarks: dict[str, Any]) -> Iterator[str]:
    for benchmark in one["benchmarks"]:
        if benchmark not in benchmarks:
            yield f"{at}.benchmarks: {unknown('benchmark', benchmark, benchmarks)}"
        elif "agent" not in one:
            agents = ", ".join(benchmarks[benchmark]["agents"])
            yield f"{at}: lacks 'agent'; say beside which agent of {benchmark} it stands: {agents}"
            return
        elif one["agent"] not in benchmarks[benchmark]["agents"]:
            yield f"{at}.agent: {unknown(f'agent of {benchmark}', one['agent'], benchmarks[benchmark]['agents'])}"


def _path_problems(at: str, one: dict[str, Any]) -> Iterator[str]:
    for key, path in _paths(one):
        try:
            fields = [field for _, field, _, _ in Formatter().parse(path) if field is not None]
        except ValueError as error:
            yield f"{at}.{key}: '{path}' is no pattern ({error}); write {{seed}} for the number of a run"
            continue
        for field in fields:
            if field not in _FIELDS:
                yield f"{at}.{key}: {unknown('field', field, _FIELDS)}"


def _distrust(at: str, loader: str) -> str:
    what = "is unpickled, which can run any code that is in it"
    if loader == PYTHON:
        what = "is Python that is run"
    return f"{at}.policy: {what}; if you know where it is from, add `trusted: true`"


def _file_problems(at: str, one: dict[str, Any], study: Study) -> Iterator[str]:
    test = study["seeds"]["test"]
    for benchmark in one["benchmarks"]:
        for seed in range(test["first"], test["first"] + test["count"]):
            told = {"benchmark": benchmark, "seed": seed}
            for key, pattern in _paths(one):
                if not (path := Path(pattern.format(**told))).is_file():
                    yield f"{at}.{key}: {path} (run {seed} of {benchmark}) does not exist; give the file of each run"
                    return
            path = Path(one["policy"].format(**told))
            if one["loader"] == STABLE_BASELINES3 and (wrong := _model_problem(path, one)):
                yield f"{at}.{wrong}"
                return


def _model_problem(path: Path, one: dict[str, Any]) -> str | None:
    """What the settings in a model's zip tell without being unpickled."""
    try:
        with zipfile.ZipFile(path) as archive:
            told = json.loads(archive.read("data"))
    except (zipfile.BadZipFile, KeyError, ValueError):
        return f"policy: {path} is no model of Stable-Baselines3; give what `model.save` wrote"
    if told.get(_TRAINED_WITH) is not None and "vec_normalize" not in one:
        return (
            f"policy: {path} was trained with VecNormalize, whose running statistics are another file than the "
            "model's; add vec_normalize, the path of what VecNormalize.save wrote"
        )
    return None


def _paths(one: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each pattern, with its key."""
    yield "policy", one["policy"]
    if "vec_normalize" in one:
        yield "vec_normalize", one["vec_normalize"]
    yield from (("files", pattern) for pattern in one["files"])


def runs(one: dict[str, Any], benchmark: str, seeds: range) -> dict[str, dict[str, Any]]:
    """By seed: the paths of `policy` and `vec_normalize`, and the checksum of each file that the run is made from."""
    found = {}
    for seed in seeds:
        told = {"benchmark": benchmark, "seed": seed}
        paths = {key: pattern.format(**told) for key, pattern in _paths(one) if key != "files"}
        every = sorted({pattern.format(**told) for _, pattern in _paths(one)})
        found[str(seed)] = paths | {"files": {path: sum_of(path) for path in every}}
    return found


def sum_of(path: str) -> str:
    """The checksum of a file. A UserError if it is gone."""
    try:
        said = Path(path).stat()
        return _sum_of(path, said.st_mtime_ns, said.st_size)
    except FileNotFoundError:
        raise UserError(f"{path}: does not exist, but the study takes it from outside") from None


@cache
def _sum_of(path: str, _changed: int, _size: int) -> str:
    return checksum([Path(path).read_bytes()])
