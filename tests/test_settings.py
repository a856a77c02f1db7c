from pathlib import Path

import pytest

from meta_rl import registry, settings
from meta_rl.settings import Setting

SOURCE = '''
"""A member."""
import does_not_exist

@dataclass(frozen=True)
class Config:
    """Its settings."""

    step: Annotated[float, (0, 1), "step size"] = 2.5e-4
    hidden: Annotated[tuple[int, ...], (1, 64), "units"] = (120, 84)
    loss: Annotated[str, ("huber", "squared"), "error"] = "squared"
    clip: Annotated[float | None, (0, 1e9), "norm"] = None
    offset: Annotated[int, (-5, 5), "offset"] = -1
'''


def write(path: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> str:
    (path / f"{path.name}_member.py").write_text(source)
    monkeypatch.syspath_prepend(path)
    return f"{path.name}_member"


def test_settings_are_read_without_importing_the_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = settings.read(write(tmp_path, monkeypatch, SOURCE))
    assert list(found) == ["step", "hidden", "loss", "clip", "offset"]
    assert found["step"] == Setting("step", "float", (0, 1), "step size", 2.5e-4)
    assert found["hidden"] == Setting("hidden", "tuple[int, ...]", (1, 64), "units", (120, 84))
    assert found["loss"].limits == ("huber", "squared")
    assert found["offset"].default == -1


def test_json_schemas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings.read(write(tmp_path, monkeypatch, SOURCE))
    schemas = {name: settings.json_schema(one) for name, one in found.items()}
    number = {"type": "number", "minimum": 0, "maximum": 1, "default": 2.5e-4, "description": "step size"}
    assert schemas["step"] == number
    assert schemas["hidden"]["items"] == {"type": "integer", "minimum": 1, "maximum": 64}
    assert schemas["hidden"]["default"] == [120, 84]
    assert schemas["loss"]["enum"] == ["huber", "squared"]
    assert schemas["clip"]["type"] == ["number", "null"]


@pytest.mark.parametrize(
    "field",
    ["size: int = 3", "size: Annotated[int, (1, 2), 'x']", "size: Annotated[int, (1, 2), 'x'] = len('ab')"],
)
def test_a_malformed_field_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, field: str) -> None:
    module = write(tmp_path, monkeypatch, f"class Config:\n    {field}\n")
    with pytest.raises(ValueError, match="'size: "):
        settings.read(module)


def test_a_module_needs_a_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="has no class Config"):
        settings.read(write(tmp_path, monkeypatch, ""))
    with pytest.raises(ValueError, match="no such module"):
        settings.read("meta_rl_nowhere")


@pytest.mark.parametrize("kind", ["agent", "method"])
def test_what_is_read_is_what_the_module_has(kind: str) -> None:
    for name, entry in registry.KINDS[kind].items():
        config = registry.load(kind, name).Config()
        assert {one.name: one.default for one in settings.read(entry.module).values()} == vars(config)


SEARCH = """
SEARCH = {
    "step": ((1e-4, 1e-2), "log", "decades"),
    "hidden": (((16,), (32, 32)), "choice", "capacity"),
    "loss": (("huber", "squared"), "choice", "outliers"),
}
LENGTHS = ("offset",)
"""


def test_search_spaces_are_read_without_importing_the_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = write(tmp_path, monkeypatch, SOURCE + SEARCH)
    found = settings.search(module)
    assert found["step"] == settings.Dimension((1e-4, 1e-2), "log", "decades")
    assert found["hidden"].values == ((16,), (32, 32))
    assert settings.lengths(module) == ("offset",)
    known = settings.read(module)
    schema = settings.search_schema(known["step"], found["step"])
    assert schema["items"] == {"type": "number", "minimum": 1e-4, "maximum": 1e-2}
    assert settings.search_schema(known["hidden"], found["hidden"])["items"] == {"enum": [[16], [32, 32]]}


def test_a_module_need_not_be_tuned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = write(tmp_path, monkeypatch, SOURCE)
    assert settings.search(module) == {}
    assert settings.lengths(module) == ()


@pytest.mark.parametrize(
    "line",
    [
        '"stepp": ((1e-4, 1e-2), "log", "x")',  # no such setting
        '"step": ((1e-4, 2.0), "log", "x")',  # outside its limits
        '"step": ((0.0, 0.5), "log", "x")',
        '"step": ((0.5, 0.1), "linear", "x")',
        '"step": ((0.1, 0.5), "cubic", "x")',
        '"hidden": ((16, 32), "linear", "x")',
        '"hidden": (((0,), (32, 32)), "choice", "x")',
        '"loss": (("hinge", "huber"), "choice", "x")',
        '"step": ((0.1, 0.5), "log")',
    ],
)
def test_a_wrong_search_space_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    module = write(tmp_path, monkeypatch, f"{SOURCE}\nSEARCH = {{{line}}}\n")
    with pytest.raises(ValueError, match=r"SEARCH\['"):
        settings.search(module)


FURTHER = """
from {package} import plain, critic as kind

class Config(kind.Config, plain.Config):
    clip: Annotated[float, (0, 10), "norm"] = 5.0

LENGTHS = ("heads",)
"""
CRITIC = """
class Config:
    heads: Annotated[int, (2, 9), "heads"] = 3
    loss: Annotated[str, ("absolute", "huber"), "another error"] = "absolute"

SEARCH = {"loss": (("absolute", "huber"), "choice", "outliers")}
"""


def test_a_config_goes_on_from_those_of_other_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fields stand in Python's order; what stands further to the left counts, and the module's own most."""
    package = tmp_path / f"{tmp_path.name}_package"
    package.mkdir()
    sources = {"plain": SOURCE + SEARCH, "critic": CRITIC, "both": FURTHER.format(package=package.name)}
    for name, source in {"__init__": "", **sources}.items():
        (package / f"{name}.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    module = f"{package.name}.both"
    found = settings.read(module)
    assert list(found) == ["step", "hidden", "loss", "clip", "offset", "heads"]
    assert found["loss"].limits == ("absolute", "huber")
    assert found["clip"].default == 5.0
    assert found["step"] == settings.read(f"{package.name}.plain")["step"]
    searched = settings.search(module)
    assert list(searched) == ["step", "hidden", "loss"]
    assert searched["loss"].values == ("absolute", "huber")
    assert settings.lengths(module) == ("offset", "heads")


@pytest.mark.parametrize("base", ["Config", "elsewhere.Config", "plain.Settings", "len('ab')"])
def test_what_a_config_goes_on_from_must_be_one_that_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base: str
) -> None:
    source = f"from meta_rl.agents import dqn as plain\nclass Config({base}):\n    pass\n"
    with pytest.raises(ValueError, match=r"Config goes on from .*, no module\.Config that it imports"):
        settings.read(write(tmp_path, monkeypatch, source))


@pytest.mark.parametrize("name", registry.AGENTS)
def test_every_agent_can_be_tuned(name: str) -> None:
    module = registry.entry("agent", name).module
    assert settings.search(module)
    assert set(settings.lengths(module)) <= set(settings.read(module))
