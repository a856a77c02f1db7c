"""The settings of agents and methods, read from the source of their `Config` without importing torch.

A Config is a frozen dataclass whose fields carry type, range or choices, meaning and default:

    learning_rate: Annotated[float, (0, 1), "Adam step size"] = 2.5e-4
    hidden: Annotated[tuple[int, ...], (1, 4096), "units per hidden layer"] = (120, 84)
    loss: Annotated[str, ("squared", "huber"), "error of the temporal difference"] = "squared"
    max_gradient_norm: Annotated[float | None, (0, 1e9), "clip to this L2 norm"] = None

Two literals may stand beside it: SEARCH, what tuning may change, with range or choices, scale and reason, and
LENGTHS, the settings that last for a part of the training, so that a shorter one shortens them.

    SEARCH = {
        "learning_rate": ((1e-4, 1e-2), "log", "its best value spans decades"),
        "hidden": (((64, 64), (120, 84)), "choice", "capacity, at the usual depth"),
    }
    LENGTHS = ("learning_starts",)

A Config may go on from those of other modules, whose fields, SEARCH and LENGTHS it then has, too. Where one is named
again, what stands further to the left counts, and most of all the module's own.

    from meta_rl.agents import dqn
    from meta_rl.agents.critics import ensemble

    class Config(ensemble.Config, dqn.Config): ...
"""

import ast
from dataclasses import dataclass
from functools import cache
from typing import Any

from meta_rl.sources import source

_LONGEST = 20  # tuple: layers of a network
_NUMBERS = {"int": "integer", "float": "number"}


@dataclass(frozen=True)
class Setting:
    """One field. `limits` are the inclusive lowest and highest number, or all the strings allowed."""

    name: str
    type: str  # as written: `int`, `float`, `str`, `tuple[int, ...]`, each also with ` | None`
    limits: tuple[Any, ...]
    meaning: str
    default: Any


@dataclass(frozen=True)
class Dimension:
    """What tuning may change: `values` are both ends of a range, or with the scale `choice` all choices."""

    values: tuple[Any, ...]
    scale: str
    reason: str


@cache
def read(module: str) -> dict[str, Setting]:
    """The settings of a member's module, in the order of its Config; a ValueError if one is malformed.

    `module` may be `module:name`, as in the registry: the members of one module share its Config.
    """
    found: dict[str, Setting] = {}
    for base in _bases(module):
        found |= read(base)
    fields = [field for field in _config(module).body if isinstance(field, ast.AnnAssign)]
    return found | {setting.name: setting for setting in (_setting(module, field) for field in fields)}


@cache
def search(module: str) -> dict[str, Dimension]:
    """What tuning may change, by setting; empty if the module has no SEARCH, a ValueError if it is wrong."""
    known, found = read(module), dict[str, Dimension]()
    for base in _bases(module):
        found |= search(base)
    for name, line in _literal(module, "SEARCH", {}).items():
        try:
            found[name] = Dimension(*line)
            _check(known[name], found[name])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{module}: SEARCH['{name}'] is wrong ({error})") from error
    return found


@cache
def lengths(module: str) -> tuple[str, ...]:
    """The settings that a shorter training shortens."""
    inherited = (name for base in _bases(module) for name in lengths(base))
    return tuple(dict.fromkeys((*inherited, *_literal(module, "LENGTHS", ()))))


def json_schema(setting: Setting) -> dict[str, Any]:
    """The JSON schema of a setting's value."""
    kind, _, optional = setting.type.partition(" | ")
    item = kind.removeprefix("tuple[").removesuffix(", ...]")
    schema: dict[str, Any]
    if item == "str":
        schema = {"enum": [*setting.limits, *([None] if optional else [])]}
    else:
        low, high = setting.limits
        types = [_NUMBERS[item], "null"] if optional else _NUMBERS[item]
        schema = {"type": types, "minimum": low, "maximum": high}
    if item != kind:
        schema = {"type": "array", "items": schema, "maxItems": _LONGEST}
    default = list(setting.default) if isinstance(setting.default, tuple) else setting.default
    return schema | {"default": default, "description": setting.meaning}


def search_schema(setting: Setting, dimension: Dimension) -> dict[str, Any]:
    """The JSON schema of a narrower search: one value fixes the setting."""
    if dimension.scale == "choice":
        choices = [list(value) if isinstance(value, tuple) else value for value in dimension.values]
        return {"type": "array", "items": {"enum": choices}, "minItems": 1, "uniqueItems": True}
    low, high = dimension.values
    ends = {"type": _NUMBERS[setting.type], "minimum": low, "maximum": high}
    return {"type": "array", "items": ends, "minItems": 1, "maxItems": 2}


def _check(setting: Setting, dimension: Dimension) -> None:
    """Raise ValueError unless the dimension lies within the setting's limits."""
    scales = ("choice", "linear", "log") if setting.type in _NUMBERS else ("choice",)
    if dimension.scale not in scales:
        raise ValueError(f"the scale of a setting of type {setting.type} is one of {', '.join(scales)}")
    if dimension.scale != "choice" and not dimension.values[0] < dimension.values[1]:
        raise ValueError("a range runs from a lower to a higher end")
    if dimension.scale == "log" and dimension.values[0] <= 0:
        raise ValueError("a logarithmic range starts above 0")
    schema = json_schema(setting)
    for value in dimension.values:
        for one in value if isinstance(value, tuple) else (value,):
            item = schema.get("items", schema)
            allowed = one in item["enum"] if "enum" in item else item["minimum"] <= one <= item["maximum"]
            if not allowed:
                raise ValueError(f"{value} is outside the limits of its setting")


def _body(module: str) -> list[ast.stmt]:
    path = source(module.partition(":")[0])
    if path is None:
        raise ValueError(f"{module}: there is no such module")
    return ast.parse(path.read_text(encoding="utf-8")).body


def _config(module: str) -> ast.ClassDef:
    for node in _body(module):
        if isinstance(node, ast.ClassDef) and node.name == "Config":
            return node
    raise ValueError(f"{module}: has no class Config")


def _bases(module: str) -> list[str]:
    """The modules from whose Config that of a module goes on, the last one first, as Python collects their fields."""
    imported = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in _body(module)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    found = []
    for base in reversed(_config(module).bases):
        match base:
            case ast.Attribute(value=ast.Name(id=name), attr="Config") if name in imported:
                found.append(imported[name])
            case _:
                raise ValueError(
                    f"{module}: Config goes on from '{ast.unparse(base)}', no module.Config that it imports"
                )
    return found


def _literal(module: str, name: str, default: Any) -> Any:
    """The value of `name = literal` in a module."""
    for node in _body(module):
        match node:
            case ast.Assign(targets=[ast.Name(id=found)], value=value) if found == name:
                try:
                    return ast.literal_eval(value)
                except ValueError:
                    raise ValueError(f"{module}: {name} is not a literal") from None
    return default


def _setting(module: str, field: ast.AnnAssign) -> Setting:
    try:
        match field:
            case ast.AnnAssign(
                target=ast.Name(id=name),
                annotation=ast.Subscript(
                    value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[kind, limits, meaning])
                ),
                value=ast.expr() as default,
            ):
                literals = (ast.literal_eval(node) for node in (limits, meaning, default))
                return Setting(name, ast.unparse(kind), *literals)
    except ValueError:
        pass  # not a literal
    raise ValueError(
        f"{module}: '{ast.unparse(field)}' is not `name: Annotated[type, limits, meaning] = literal`"
    )
