"""The settings of agents and methods, read from the source of their `Config` without importing torch.

A Config is a frozen dataclass whose fields carry type, range or choices, meaning and default:

    learning_rate: Annotated[float, (0, 1), "Adam step size"] = 2.5e-4
    hidden: Annotated[tuple[int, ...], (1, 4096), "units per hidden layer"] = (120, 84)
    loss: Annotated[str, ("squared", "huber"), "error of the temporal difference"] = "squared"
    max_gradient_norm: Annotated[float | None, (0, 1e9), "clip to this L2 norm"] = None
"""

import ast
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_NUMBERS = {"int": "integer", "float": "number"}


@dataclass(frozen=True)
class Setting:
    """One field. `limits` are the inclusive lowest and highest number, or all the strings allowed."""

    name: str
    type: str  # as written: `int`, `float`, `str`, `tuple[int, ...]`, each also with ` | None`
    limits: tuple[Any, ...]
    meaning: str
    default: Any


@cache
def read(module: str) -> dict[str, Setting]:
    """The settings of a member's module, in the order of its Config; a ValueError if one is malformed.

    `module` may be `module:name`, as in the registry: the members of one module share its Config.
    """
    spec = find_spec(module.partition(":")[0])
    if spec is None or spec.origin is None:
        raise ValueError(f"{module}: there is no such module")
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == "Config":
            fields = [field for field in node.body if isinstance(field, ast.AnnAssign)]
            return {setting.name: setting for setting in (_setting(module, field) for field in fields)}
    raise ValueError(f"{module}: has no class Config")


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
        schema = {"type": "array", "items": schema}
    default = list(setting.default) if isinstance(setting.default, tuple) else setting.default
    return schema | {"default": default, "description": setting.meaning}


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
