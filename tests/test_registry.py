import importlib.util
import subprocess
import sys

import pytest

from meta_rl import registry
from meta_rl.errors import UserError


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, members in registry.KINDS.items() for name in members]
)
def test_every_entry_names_a_module_of_the_package(kind: str, name: str) -> None:
    assert importlib.util.find_spec(registry.entry(kind, name).module) is not None


def test_load_imports_the_module() -> None:
    assert registry.load("environment", "cartpole").__name__ == "meta_rl.envs.cartpole"


def test_an_unknown_name_gets_a_suggestion() -> None:
    with pytest.raises(UserError, match="unknown method 'jprl'; did you mean 'jrpl'"):
        registry.entry("method", "jprl")


def test_costs_no_import_beyond_the_standard_library() -> None:
    code = "import sys; import meta_rl.registry, meta_rl.provenance, meta_rl.job; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "torch", "pandas", "yaml"} & set(done.stdout.split())


@pytest.mark.parametrize("name", registry.FIGURES)
def test_a_figure_gets_the_tables_that_it_reads(name: str) -> None:
    figure = registry.load("figure", name)
    assert registry.entry("figure", name).needs == {table.name for table in figure.TABLES}
