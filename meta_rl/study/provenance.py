"""Which code a job runs, and what it ran on: the reason why a job is, or is not, out of date.

A job runs its step's module, the members that its spec names, and whatever those import inside meta_rl. Of a member
from elsewhere it is also what that imports inside its own package, or from the folder of a plugin.
Imports are read with `ast`; nothing is executed. Standard library only.
"""

import ast
import hashlib
import json
import platform
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import resolve_name
from pathlib import Path
from typing import Any

from meta_rl import inputs, registry, sources

_PACKAGE = Path(__file__).resolve().parents[1]
_LIBRARIES = ("numpy", "torch", "gymnasium", "Box2D", "mujoco", "metaworld", "pandas", "pyarrow")


def members(spec: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The (kind, name) pairs that a spec names under the keys `environment`, `agent`, `agents` and so on."""
    one = [
        (kind, spec[kind])
        for kind in ("environment", "agent", "method", "estimator", "figure")
        if kind in spec
    ]
    several = [(kind, name) for kind in ("agent", "controller") for name in spec.get(f"{kind}s", ())]
    return (*one, *several)


def closure(step: str, spec: Mapping[str, Any]) -> tuple[Path, ...]:
    """The source files that a job runs, sorted; without the registry, whose used entries count instead."""
    return tuple(sorted(_closure(step, members(spec))))


def code_hash(step: str, spec: Mapping[str, Any]) -> str:
    """Hash of the code that a job runs; comments, docstrings and formatting do not count."""
    return code_hash_of(step, members(spec))


def record(step: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """What a result carries with it. Holds no time and no host: equal runs leave equal bytes."""
    torch = sys.modules.get("torch")
    return {
        "step": step,
        "members": [list(member) for member in members(spec)],
        "code": code_hash(step, spec),
        "spec": dict(spec),
        "spec_hash": digest(spec),
        **inputs.record(),
        "plugins": _plugins(spec),
        "versions": {"python": platform.python_version(), **_installed()},
        "threads": torch.get_num_threads() if torch else 1,
        "cpu": _cpu(),
        "platform": platform.platform(),
    }


def _installed() -> dict[str, str]:
    """The libraries that decide about results, as far as they are there."""
    found = {}
    for name in _LIBRARIES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def digest(value: Any) -> str:
    """Short hash of a JSON value; the order of keys does not count."""
    text = json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def plugins(spec: Mapping[str, Any]) -> list[str]:
    """The files of a study's own that hold members which the spec names."""
    return sorted({file for member in members(spec) if (file := registry.entry(*member).file)})


def _plugins(spec: Mapping[str, Any]) -> dict[str, str]:
    """Who brings members from elsewhere: the version of a package, the hash of a file."""
    packages = {registry.entry(*member).package for member in members(spec)} - {""}
    files = {file: digest(Path(file).read_text(encoding="utf-8")) for file in plugins(spec)}
    return dict(package.split(" ") for package in sorted(packages)) | files


@cache
def _closure(step: str, used: tuple[tuple[str, str], ...]) -> dict[Path, str]:
    """The files, and what the hash calls them, wherever they lie."""
    todo = [f"meta_rl.steps.{step}", *(registry.entry(*member).module.partition(":")[0] for member in used)]
    found: dict[Path, str] = {}
    while todo:
        path = _source(module := todo.pop())
        if path and path not in found:
            todo.extend(_imports(path, module))
            # The scene of a simulator, the template of a page.
            beside = filter(Path.is_file, map(path.with_suffix, (".xml", ".html")))
            found |= {one: _called(one, module) for one in (path, *beside)}
            if not _ours(module):  # what a package runs when something in it is imported
                todo.extend(module.rsplit(".", parts)[0] for parts in range(1, module.count(".") + 1))
    return found


def _ours(module: str) -> bool:
    return module.partition(".")[0] == "meta_rl"


def _called(path: Path, module: str) -> str:
    return str(path.relative_to(_PACKAGE)) if _ours(module) else f"{module}{path.suffix}"


@cache
def code_hash_of(step: str, used: tuple[tuple[str, str], ...]) -> str:
    """The same for a step with these members."""
    entries = [_plain(registry.entry(*member)) for member in used]
    code = {called: _file_hash(path) for path, called in _closure(step, used).items()}
    return digest([entries, code])


def _plain(entry: registry.Entry) -> dict[str, Any]:
    """A registry line as JSON, without who brings it."""
    return {
        key: sorted(value) if isinstance(value, frozenset) else value
        for key, value in asdict(entry).items()
        if key not in ("package", "file")
    }


@cache
def _source(module: str) -> Path | None:
    """The file of a module of ours or of a plugin's; None for the registry, our packages and names inside a module."""
    if not _ours(module):
        return sources.source(module) if _of_plugin(module.partition(".")[0]) else None
    path = _PACKAGE.parent.joinpath(*module.split(".")).with_suffix(".py")
    return path if path.is_file() and path != Path(registry.__file__).resolve() else None


def _of_plugin(top: str) -> bool:
    """Whether a package or a module is a member's from elsewhere, or lies in the folder of a file with members."""
    lines = [line for members in registry.KINDS.values() for line in members.values()]
    if top in {line.module.partition(".")[0].partition(":")[0] for line in lines if line.package}:
        return True
    folders = set()
    for line in lines:
        if line.file:
            folders.add(Path(line.file).absolute().parents[line.module.partition(":")[0].count(".")])
    return any((folder / f"{top}.py").is_file() or (folder / top).is_dir() for folder in folders)


@cache
def _imports(path: Path, module: str) -> tuple[str, ...]:
    around = module if path.name == "__init__.py" else module.rpartition(".")[0]
    return tuple(_imported(ast.parse(path.read_text(encoding="utf-8")), around))


def _imported(tree: ast.AST, around: str) -> Iterator[str]:
    """Dotted names that are imported anywhere in a module of the package `around`; `from a import b` may mean a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            name = (
                resolve_name("." * node.level + (node.module or ""), around)
                if node.level
                else node.module or ""
            )
            yield from (name, *(f"{name}.{alias.name}" for alias in node.names))


@cache
def _file_hash(path: Path) -> str:
    return digest(_meaning(path))


def _meaning(path: Path) -> str:
    """A source file without what does not change a result."""
    if path.suffix != ".py":
        return path.read_text(encoding="utf-8")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and (
            ast.get_docstring(node, clean=False) is not None
        ):
            del node.body[0]
    return ast.dump(tree)


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")
