"""Gymnasium's modules as if they had been written with other constants: references that share no code with rows."""

import ast
import importlib.util
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType


def edited(module: str, values: Mapping[str, str]) -> ModuleType:
    """A copy of the module that `import` does not know, with other right-hand sides {target: expression}.

    A target is a name or an attribute as it is written (`FPS`, `self.power`), also as one of several in a line.
    Raises ValueError if one is not assigned exactly once.
    """
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    found: dict[str, int] = dict.fromkeys(values, 0)
    for assignment in ast.walk(tree):
        if isinstance(assignment, ast.Assign):
            for target, place in _targets(assignment):
                if target in values:
                    found[target] += 1
                    place[0][place[1]] = ast.parse(values[target], mode="eval").body
            if len(assignment.targets) == 1 and (target := ast.unparse(assignment.targets[0])) in values:
                found[target] += 1
                assignment.value = ast.parse(values[target], mode="eval").body
    wrong = [target for target, count in found.items() if count != 1]
    if wrong:
        raise ValueError(f"{module}: not assigned exactly once: {', '.join(wrong)}")
    copy = importlib.util.module_from_spec(spec)
    exec(compile(ast.fix_missing_locations(tree), spec.origin, "exec"), vars(copy))
    return copy


def _targets(assignment: ast.Assign) -> Iterator[tuple[str, tuple[list[ast.expr], int]]]:
    """Of a line like `a, b = 1, 2` each target, and where its value stands."""
    (target, *_), value = assignment.targets, assignment.value
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for place, name in enumerate(target.elts):
            yield ast.unparse(name), (value.elts, place)
