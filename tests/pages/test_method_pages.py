"""The pages of the methods: one each, what the registry says in words, and the committed ones up to date."""

from pathlib import Path

import pytest

from meta_rl import registry, settings
from meta_rl.pages import methods

COMMITTED = Path(__file__).parents[2] / "docs/methods"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("methods")
    for measured in COMMITTED.glob("*.csv"):
        (folder / measured.name).write_text(measured.read_text())
    methods.main(folder)
    return folder


def test_the_committed_pages_are_those_of_the_code(folder: Path) -> None:
    names = {path.name for path in folder.iterdir()}
    assert names == {path.name for path in COMMITTED.iterdir()}
    assert names >= {f"{name}.md" for name in registry.METHODS} | {"README.md"}
    for name in names:
        assert (folder / name).read_text() == (COMMITTED / name).read_text(), f"{name}: run make docs"


@pytest.mark.parametrize("name", registry.METHODS)
def test_a_page_says_what_is_told_trained_spent_and_set(name: str) -> None:
    entry = registry.METHODS[name]
    page = methods.page(name, entry)
    assert ("told: nothing" in page) == (not entry.needs)
    trained = entry.joint or (entry.pretrain and name != "iida_untrained")
    assert ("trained: never" in page) != bool(trained)
    assert ("steps of its agent: nothing" in page) == (not entry.pretrain)
    assert ("evaluated: `probe10` with" in page) == (entry.pretrain == "vine")
    assert ("the same in `cold`" in page) != entry.infers
    for setting in settings.read(entry.module):
        assert f"| `{setting}` |" in page


@pytest.mark.parametrize("name", ["iida", "epi", "jrpl", "cgate", "adapter", "recurrent"])
def test_a_published_method_names_its_source_and_its_deviations(name: str) -> None:
    page = " ".join(methods.page(name, registry.METHODS[name]).split())
    assert any(f"{year}" in page.split("told:")[0] for year in range(2019, 2025))
    assert "Deviations from the paper" in page


def test_controls_are_told_apart_from_what_they_control() -> None:
    pages = {name: methods.page(name, registry.METHODS[name]).split("- told")[0] for name in registry.METHODS}
    controls = {entry.control for entry in registry.METHODS.values()} - {""}
    for name in ("default", *controls):
        assert pages[name].split("\n\n")[1].startswith("A control: ")
    assert len(set(pages.values())) == len(pages)
