"""Pieces of a JSON schema."""

from collections.abc import Set
from typing import Any

from meta_rl import registry


def record(properties: dict[str, Any], optional: Set[str] = frozenset()) -> dict[str, Any]:
    required = [key for key in properties if key not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def one_of(*keys: str) -> dict[str, Any]:
    return {"oneOf": [{"required": [key]} for key in keys]}


def member(kind: str) -> dict[str, Any]:
    return {"enum": sorted(registry.KINDS[kind]), "title": kind}


def members(kind: str) -> dict[str, Any]:
    return {"type": "array", "items": member(kind), "minItems": 1, "uniqueItems": True}
