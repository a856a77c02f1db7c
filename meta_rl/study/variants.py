"""The methods of a study: those of the registry, and variants, which have a name and settings of the study's own.

methods: [none, jrpl, {short_jrpl: {method: jrpl, window: 3}}]
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from meta_rl import registry
from meta_rl.errors import unknown

# What stands in the column `method` of the metrics table beside methods.
RESERVED = ("reference", "specialist")

Settings = dict[str, Any]


def given(methods: list[Any]) -> list[tuple[str, Settings]]:
    """Each entry's name, and what it says of it: the registered `method`, and settings of its own."""
    return [(one, {"method": one}) if isinstance(one, str) else next(iter(one.items())) for one in methods]


def members(methods: list[Any]) -> dict[str, str]:
    """The registered method behind every name."""
    return {name: one["method"] for name, one in given(methods)}


def settings(methods: list[Any], of_members: dict[str, Settings]) -> dict[str, Settings]:
    """The settings behind every name: those of its member, with what a variant has of its own."""
    found = {}
    for name, one in given(methods):
        own = {key: value for key, value in one.items() if key != "method"}
        found[name] = of_members[one["method"]] | own
    return found


def shared(given: dict[str, Settings]) -> dict[str, Settings]:
    """What a study sets, by method, with a method's settings for its control, where that has none of its own."""
    pairs = {
        name: entry.control for name, entry in registry.METHODS.items() if entry.control and name in given
    }
    return given | {control: given[name] | given.get(control, {}) for name, control in pairs.items()}


def controls(study: dict[str, Any]) -> dict[str, str]:
    """The control in a checked study of each method that has one there: by the registry, and with the same settings."""
    every = [benchmark["settings"]["method_settings"] for benchmark in study["benchmarks"].values()]
    found: dict[str, str] = {}
    for name, member in study["methods"].items():
        for other, its_member in study["methods"].items():
            if its_member == registry.METHODS[member].control and all(
                _alike(of[name], of[other]) for of in every
            ):
                found.setdefault(name, other)
    return found


def _alike(one: Settings, other: Settings) -> bool:
    """Whether what both can set is equal."""
    return all(one[key] == other[key] for key in one.keys() & other.keys())


def problems(raw: dict[str, Any]) -> Iterator[str]:
    """What is wrong with the names of variants, and with those that the block `tuned` takes for methods."""
    names = [name for one in raw["methods"] if isinstance(one, dict) for name in one]
    folders = Counter(name.lower() for name in names)  # some disks do not tell cases apart
    for name in names:
        if name.lower() in registry.METHODS:
            yield f"methods.{name}: has the name of a registered method; choose another"
        elif name.lower() in RESERVED:
            yield f"methods.{name}: has a name that the metrics table keeps for the references; choose another"
        elif folders[name.lower()] > 1:
            yield f"methods.{name}: is named twice; choose another name for one of them"
    known = {*names, *registry.METHODS}
    for benchmark, tuned in raw.get("tuned", {}).items():
        for name in tuned:
            if name not in known:
                yield f"tuned.{benchmark}: {unknown('method', name, known)}"
