"""Where the source of a module is: found, and not run. Standard library only."""

from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path


def source(module: str) -> Path | None:
    """The file of a module (of a package, its `__init__.py`); None if there is no such module, or none in Python.

    Unlike `importlib.util.find_spec` it does not import the packages around the module.
    """
    name, *rest = module.split(".")
    try:
        spec = find_spec(name)
    except ValueError:  # a module without a spec, such as __main__
        return None
    for part in rest:
        if spec is None or spec.submodule_search_locations is None:
            return None
        name = f"{name}.{part}"
        spec = PathFinder.find_spec(name, list(spec.submodule_search_locations))
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    return Path(spec.origin)
