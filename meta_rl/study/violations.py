"""What in a study its schema does not allow, in the words of the study."""

import json
import math
from collections.abc import Iterator
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, ValidationError, validators

from meta_rl import registry
from meta_rl.errors import brief, unknown
from meta_rl.study.schema import schema


def violations(raw: Any) -> Iterator[str]:
    """`<key.path>: <what is wrong>; <what would be right>` for every violation of the schema."""
    for error in _validator(_registered()).iter_errors(raw):
        if error.validator != "oneOf" or isinstance(
            error.instance, dict
        ):  # else it says that this is no mapping
            yield f"{_path(error)}{_explain(error)}"


def _path(error: ValidationError) -> str:
    path = "".join(f"[{key}]" if isinstance(key, int) else f".{brief(key)}" for key in error.absolute_path)
    return f"{path[1:]}: " if path else ""


def _explain(error: ValidationError) -> str:
    value: Any = error.instance
    rule: Any = error.validator_value
    schema: Any = error.schema
    shown = brief(json.dumps(value))
    match error.validator:
        case "additionalProperties":
            known = schema["properties"]
            return "; ".join(unknown("key", key, known) for key in value if key not in known)
        case "required":
            missing = ", ".join(f"'{key}'" for key in rule if key not in value)
            return f"lacks {missing}; add it"
        case "oneOf":
            keys = [key for one in rule for key in one["required"]]
            found = " and ".join(f"'{key}'" for key in keys if key in value) or "neither"
            return f"has {found}; must have one of {' and '.join(repr(key) for key in keys)}"
        case "enum":
            return unknown(schema.get("title", "choice"), value, map(str, rule))
        case "type":
            kinds = [rule] if isinstance(rule, str) else rule
            return f"is {shown}; must be {' or '.join(_KINDS[kind] for kind in kinds)}"
        case "minimum":
            return f"is {shown}; must be at least {rule}"
        case "maximum":
            return f"is {shown}; must be at most {rule}"
        case "pattern":
            return (
                f"'{brief(value)}' names a {schema['title']}; use letters, digits, '_' and '-' only, first a letter or "
                "digit, at most 100 in all"
            )
        case "uniqueItems":
            return "names something twice; name each once"
        case "minItems" | "minProperties":
            return f"has {len(value)} entries; must have at least {rule}"
        case "maxItems" | "maxProperties":
            return f"has {len(value)} entries; must have at most {rule}"
    return error.message


_KINDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a finite number",
    "object": "a mapping of keys to values",
    "string": "a text",
}


def _is_integer(_: Any, value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_: Any, value: Any) -> bool:
    # A whole number may be too large for a float, where `isfinite` fails; its limits are checked by other rules.
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and (isinstance(value, int) or math.isfinite(value))
    )


def _enum(_: Any, known: list[Any], value: Any, schema: Any) -> Iterator[ValidationError]:
    """Like the rule of JSON Schema, but that 5.0 is no 5, as for integers."""
    if not any(json.dumps(value) == json.dumps(one) for one in known):
        yield ValidationError("")


def _registered() -> tuple[tuple[str, str, str], ...]:
    """What the schema depends on; a study may bring members of its own."""
    return tuple(
        (kind, name, entry.module)
        for kind, members in registry.KINDS.items()
        for name, entry in members.items()
    )


@cache
def _validator(registered: tuple[tuple[str, str, str], ...]) -> Any:
    """JSON Schema takes 5.0 for an integer, and infinity and NaN (which JSON does not know) for numbers."""
    checker = Draft202012Validator.TYPE_CHECKER.redefine_many({"integer": _is_integer, "number": _is_number})
    return validators.extend(Draft202012Validator, {"enum": _enum}, type_checker=checker)(schema())
