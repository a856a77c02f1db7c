"""Which code a job runs, and what it ran on: the reason why a job is, or is not, out of date.

A job runs its step's module, the members that its spec names, and whatever those import inside meta_rl.
Imports are read with `ast`; nothing is executed. Standard library only.
"""

import ast
import hashlib
import json
import platform
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from meta_rl import inputs, registry

_PACKAGE = Path(__file__).resolve().parents[1]
_LIBRARIES = (
    "numpy",
    "torch",
    "numba",
    "llvmlite",
    "gymnasium",
    "Box2D",
    "mujoco",
    "metaworld",
    "pandas",
    "pyarrow",
)


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
    return _closure(step, members(spec))


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
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _LIBRARIES}},
        "threads": torch.get_num_threads() if torch else 1,
        "cpu": _cpu(),
        "platform": platform.platform(),
    }


def digest(value: Any) -> str:
    """Short hash of a JSON value; the order of keys does not count."""
    text = json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def _closure(step: str, used: tuple[tuple[str, str], ...]) -> tuple[Path, ...]:
    todo = [f"meta_rl.steps.{step}", *(registry.entry(*member).module.partition(":")[0] for member in used)]
    found: set[Path] = set()
    while todo:
        path = _source(todo.pop())
        if path and path not in found:
            found.add(path)
            todo.extend(_imports(path))
            beside = map(
                path.with_suffix, (".xml", ".html")
            )  # the scene of a simulator, the template of a page
            found.update(filter(Path.is_file, beside))
    return tuple(sorted(found))


@cache
def code_hash_of(step: str, used: tuple[tuple[str, str], ...]) -> str:
    """The same for a step with these members."""
    entries = [_plain(registry.entry(*member)) for member in used]
    code = {str(path.relative_to(_PACKAGE)): _file_hash(path) for path in _closure(step, used)}
    return digest([entries, code])


def _plain(entry: registry.Entry) -> dict[str, Any]:
    """A registry line as JSON."""
    return {
        key: sorted(value) if isinstance(value, frozenset) else value for key, value in asdict(entry).items()
    }


@cache
def _source(module: str) -> Path | None:
    """The file of a module; None for the registry, for a package and for a name inside a module."""
    path = _PACKAGE.parent.joinpath(*module.split(".")).with_suffix(".py")
    return path if path.is_file() and path != Path(registry.__file__).resolve() else None


@cache
def _imports(path: Path) -> tuple[str, ...]:
    return tuple(_imported(ast.parse(path.read_text(encoding="utf-8"))))


def _imported(tree: ast.AST) -> Iterator[str]:
    """Dotted names of meta_rl that are imported anywhere; `from a import b` may mean the module a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] == "meta_rl")


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
