"""What members say of themselves that tests ask for, and which ones are not ours."""

import importlib
from typing import Any

from meta_rl import registry


def said(kind: str, name: str, attribute: str, usual: Any) -> Any:
    """An attribute of a member, or else of its module, which several may share; `usual` where neither has it."""
    module = importlib.import_module(registry.entry(kind, name).module.partition(":")[0])
    return getattr(registry.load(kind, name), attribute, getattr(module, attribute, usual))


def elsewhere(kind: str) -> list[str]:
    """Members of installed packages and of files."""
    return [name for name, entry in registry.KINDS[kind].items() if entry.package or entry.file]
