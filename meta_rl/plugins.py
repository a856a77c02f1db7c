"""Members in files of a study's own, which it names under `plugins`: no package is needed, and no line of ours.

Such a file says what it holds in literals, under the registry's names. They are read, and nothing is run, as the
workflow reads them in every job:

    METHODS = {"mine": {"needs": {"context"}, "control": "mine_blind"}, "mine_blind": {"object": "Blind"}}

The keys are those of an `Entry` but for `module`, which is the file; `object` is what in it is the member, where that
is not the module itself. The file's folder (that around its package, if it lies in one) is where it imports from.
"""

import ast
import importlib
import os
import sys
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

from meta_rl import registry, settings
from meta_rl.entries import Entry
from meta_rl.errors import UserError, unknown
from meta_rl.sources import source

_KEYS = {field.name for field in fields(Entry)} - {"module", "package", "file"} | {"object"}
_CONFIGURED = ("method", "agent", "estimator")  # kinds whose modules have a Config


def add(paths: Iterable[str | Path]) -> None:
    """Register the members of files, which may be relative to the working directory.

    Raises UserError with file, key and remedy for the first that is wrong; nothing of that file is registered then.
    """
    importlib.invalidate_caches()  # a file may be new
    for path in paths:
        lines = read(Path(path))
        _check_settings(path, lines)
        registry.add(lines, str(path))


def read(path: Path) -> dict[tuple[str, str], Entry]:
    """The members of a file by kind and name. Makes its folder one that modules are imported from."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error}); give the path of a Python file") from None
    except (SyntaxError, ValueError) as error:
        raise UserError(f"{path}: is no Python ({error}); correct it there") from None
    module = _module(path)
    lines = {}
    for table, kind in registry.TABLES.items():
        for name, said in _literal(path, tree, table).items():
            lines[kind, str(name)] = _entry(f"{path}: {table}: {name}", said, module, str(path))
    if not lines:
        raise UserError(
            f"{path}: names no members; add a line such as METHODS = {{'{path.stem}': {{'needs': {{'context'}}}}}}"
        )
    return lines


def _module(path: Path) -> str:
    """The name by which a file is imported. Others of its folder are then, too."""
    folder, parts = path.absolute().parent, [path.stem]
    while (folder / "__init__.py").is_file():
        folder, parts = folder.parent, [folder.name, *parts]
    name = ".".join(parts)
    if not all(part.isidentifier() for part in parts):
        raise UserError(
            f"{path}: cannot be imported as '{name}'; rename it with letters, digits and '_' only"
        )
    if str(folder) not in sys.path:
        sys.path.append(str(folder))  # the last: a file of the same name as a library must not stand for it
    found = source(name)
    if found is None or not os.path.samefile(found, path):
        raise UserError(f"{path}: '{name}' is already the module {found}; rename the file")
    return name


def _literal(path: Path, tree: ast.Module, table: str) -> dict[str, Any]:
    for node in tree.body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=found)], value=value)
                | ast.AnnAssign(target=ast.Name(id=found), value=ast.expr() as value)
            ) if found == table:
                try:
                    said = ast.literal_eval(value)
                except ValueError:
                    said = None
                if isinstance(said, dict):
                    return said
                raise UserError(
                    f"{path}: {table}: is no literal {{name: {{key: value}}}}; write it so, as it is read and not run"
                )
    return {}


def _entry(where: str, said: Any, module: str, file: str) -> Entry:
    if not isinstance(said, dict):
        raise UserError(
            f"{where}: is {said!r}; must be a mapping such as {{'needs': {{'context'}}}}, or {{}}"
        )
    for key in said:
        if key not in _KEYS:
            raise UserError(f"{where}: {unknown('key', key, _KEYS)}")
    kept = {key: value for key, value in said.items() if key != "object"}
    for key in ("needs", "actions"):
        if isinstance(kept.get(key), set | list | tuple):
            kept[key] = frozenset(kept[key])
    within = said.get("object", "")
    return Entry(f"{module}:{within}" if within else module, file=file, **kept)


def _check_settings(path: str | Path, lines: dict[tuple[str, str], Entry]) -> None:
    """A study reads these from the source, too."""
    for (kind, _), line in lines.items():
        if kind in _CONFIGURED:
            try:
                for reads in (settings.read, settings.search, settings.lengths):
                    reads(line.module)
            except ValueError as error:
                raise UserError(f"{path}: {error}; CONTRIBUTING.md shows the form") from None
