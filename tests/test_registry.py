import importlib.util
import subprocess
import sys

import pytest

from meta_rl import registry, settings
from meta_rl.errors import UserError
from meta_rl.study import budgets


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, members in registry.KINDS.items() for name in members]
)
def test_every_entry_names_a_module_of_the_package(kind: str, name: str) -> None:
    module, _, member = registry.entry(kind, name).module.partition(":")
    assert importlib.util.find_spec(module) is not None
    if member:
        assert registry.load(kind, name) is getattr(importlib.import_module(module), member)


def test_load_imports_the_module() -> None:
    assert registry.load("environment", "cartpole").__name__ == "meta_rl.envs.cartpole"


@pytest.mark.parametrize("name", registry.AGENTS)
def test_an_agent_takes_some_kind_of_action(name: str) -> None:
    actions = registry.entry("agent", name).actions
    assert actions
    assert actions <= {"discrete", "continuous"}


def test_an_unknown_name_gets_a_suggestion() -> None:
    with pytest.raises(UserError, match="unknown method 'jprl'; did you mean 'jrpl'"):
        registry.entry("method", "jprl")


def test_costs_no_import_beyond_the_standard_library() -> None:
    names = ("registry", "benchmarks.published", "study.provenance", "job")
    code = f"import sys; import {', '.join(f'meta_rl.{name}' for name in names)}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "torch", "pandas", "yaml"} & set(done.stdout.split())


@pytest.mark.parametrize("name", registry.FIGURES)
def test_a_figure_gets_the_tables_that_it_reads(name: str) -> None:
    figure = registry.load("figure", name)
    assert registry.entry("figure", name).needs == {table.name for table in figure.TABLES}


@pytest.mark.parametrize("name", [name for name, entry in registry.METHODS.items() if entry.control])
def test_a_control_has_the_settings_of_its_method_and_pays_as_much(name: str) -> None:
    method = registry.METHODS[name]
    control = registry.METHODS[method.control]
    own = settings.read(method.module)
    assert settings.read(control.module) == own
    assert control.pretrain == method.pretrain
    assert control.infers == method.infers
    assert not control.control
    given = {key: one.default for key, one in own.items()}
    both = [budgets.pretraining(one, given, 7) for one in (name, method.control)]
    assert both[0] == both[1]
    assert (both[0] > 0) == bool(method.pretrain)
