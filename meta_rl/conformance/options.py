"""Whom the tests are about, as options of pytest, which installing meta_rl gives it:

pytest --pyargs meta_rl.conformance --member my_method --plugin my_method.py
"""

import pytest

from meta_rl import plugins
from meta_rl.errors import UserError


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("meta_rl")
    group.addoption(
        "--member", action="append", default=[], metavar="NAME", help="keep its tests alone; may be repeated"
    )
    group.addoption(
        "--plugin", action="append", default=[], metavar="FILE", help="a file with members; may be repeated"
    )


def pytest_configure(config: pytest.Config) -> None:
    try:
        plugins.add(config.getoption("--plugin"))
    except UserError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of the members that are asked for; their names are parts of those of the cases."""
    members = set(config.getoption("--member"))
    if not members:
        return
    cases = [set(item.callspec.id.split("-")) if hasattr(item, "callspec") else set() for item in items]
    if missing := members - set().union(*cases):
        raise pytest.UsageError(f"no test here is about {', '.join(sorted(missing))}; is it registered?")
    kept = [item for item, of in zip(items, cases, strict=True) if of & members]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept
