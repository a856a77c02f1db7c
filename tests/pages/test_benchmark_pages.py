"""The pages of the published benchmarks: all are written, say what is declared, and link to what exists."""

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from context_spaces import published
from PIL import Image

from meta_rl import registry
from meta_rl.benchmarks.published import BENCHMARKS
from meta_rl.envs.base import Environment
from meta_rl.figures import context_space, style
from meta_rl.pages import benchmarks

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "docs" / "benchmarks"
ENVIRONMENTS: dict[str, Environment] = {name: registry.load("environment", name) for name in registry.ENVS}

every_environment = pytest.mark.parametrize("name", ENVIRONMENTS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Written where the committed pages are: links lead out of the folder."""
    root = tmp_path_factory.mktemp("project")
    (root / "config").mkdir()
    (root / "config" / "README.md").write_text("")
    folder = root / "docs" / "benchmarks"
    folder.mkdir(parents=True)
    shutil.copy(COMMITTED / benchmarks.MEASURED, folder)
    shutil.copytree(COMMITTED.parent / "worth", folder.parent / "worth")
    benchmarks.main(folder)
    return folder


def links(page: Path) -> list[str]:
    return re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """As GitHub names headings that are plain words."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {heading.lower().replace(" ", "-") for heading in headings}


def table(text: str) -> list[list[str]]:
    """The cells of all lines that are rows of a table."""
    return [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]


def test_there_is_a_page_for_each_environment_and_a_picture_for_each_benchmark(folder: Path) -> None:
    written = {path.name for path in folder.iterdir()} - {benchmarks.MEASURED}
    pages, pictures = {f"{name}.md" for name in ENVIRONMENTS}, {f"{name}.png" for name in BENCHMARKS}
    assert written == pages | pictures | {"README.md"}


@every_environment
def test_a_page_says_what_the_environment_declares(folder: Path, name: str) -> None:
    text, environment = (folder / f"{name}.md").read_text(encoding="utf-8"), ENVIRONMENTS[name]
    assert text.startswith(f"# {name}\n\n")
    assert len(text.split("\n\n")[1]) > 20  # what it is
    declared = text.split("\n## Benchmarks\n")[0]
    rows = {row[0]: row for row in table(declared) if len(row) == 4}
    for feature in environment.features:
        cells = [f"{feature.default:g}", f"[{feature.low:g}, {feature.high:g}]", feature.unit]
        assert rows[f"`{feature.name}`"][1:] == cells
    for feature, reason in (*environment.deviations.items(), *environment.refused.items()):
        assert f"\n- `{feature}`: {reason}\n" in text
    for feature, (multiplier, reason) in environment.limits.items():
        where = f"beyond x{multiplier:g} of `{feature}`, all else at its default"
        assert f"\n- {where}, nothing can succeed: {reason}\n" in text
    for controller in ("random", *environment.controllers):
        assert re.search(rf"^- `{controller}`: \w.+[.:)]$", text, re.MULTILINE)
    for figure in (environment.horizon, f"{environment.success:g}", environment.spaces.observation):
        assert f" {figure}" in text
    assert ("the context acts on the reward" in text) == environment.spaces.rewarded
    if environment.carl:
        assert f"carl-bench's {environment.carl}" in text


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_is_described_on_the_page_of_its_environment(folder: Path, name: str) -> None:
    benchmark, space = BENCHMARKS[name], published(name)
    page = (folder / f"{benchmark.environment}.md").read_text(encoding="utf-8")
    text = page.split(f"### {name}\n")[1].split("\n## ")[0].split("\n### ")[0]
    rows = {row[0]: row[1:] for row in table(text)}
    for factor in space.factors:
        cells = rows[", ".join(f"`{feature.name}`" for feature in factor.features)]
        pieces = [*factor.train, *factor.interpolation, *factor.extrapolation]
        told = [said for cell in cells for said in cell.split("; ") if said]
        for (low, high), said in zip(pieces, told, strict=True):
            place = f"x{low:g}" if low == high else f"x[{low:g}, {high:g}]"
            assert said.startswith(place)
            if len(factor.features) == 1:
                (feature,) = factor.features
                ends = dict.fromkeys(f"{feature.default * end:.4g}" for end in (low, high))
                assert said == f"{place} ({' to '.join(ends)} {feature.unit})"
    told = (benchmark.note, benchmark.source, benchmark.differs)
    for said in (*benchmark.agents, *told, f"({name}.png)"):
        assert said in text
    assert (" At full size it takes a cluster." in text) == benchmark.cluster
    assert ("Which of its contexts can be solved is not known" in text) == (
        not ENVIRONMENTS[benchmark.environment].controllers
    )
    if len(space.features) > 1:
        assert f"Train set {benchmark.train_set} " in text
        assert all(region in text for region in space.regions)


def test_links_resolve(folder: Path) -> None:
    """Also to headings on other pages."""
    found = 0
    for page in folder.glob("*.md"):
        for link in links(page):
            path, _, anchor = link.partition("#")
            target = page.parent / path
            assert target.is_file(), (page.name, link)
            assert not anchor or anchor in anchors(target), (page.name, link)
            found += 1
    assert found >= 2 * len(BENCHMARKS)


def test_the_index_leads_to_every_benchmark_and_every_page(folder: Path) -> None:
    found = links(folder / "README.md")
    for name, benchmark in BENCHMARKS.items():
        assert f"{benchmark.environment}.md#{name}" in found
    assert {f"{name}.md" for name in ENVIRONMENTS} <= {link.partition("#")[0] for link in found}


def test_pictures_are_pictures(folder: Path) -> None:
    for path in folder.glob("*.png"):
        with Image.open(path) as image:
            image.load()
            colours = image.convert("RGB").getcolors(maxcolors=2**20)
        assert len(colours) > 20, path.name


def test_what_was_measured_is_on_the_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = {
        "benchmark": ["pendulum_length"] * 2, "region": ["extrapolation", "interpolation"],
        "contexts": [100, 100], "episodes": [10, 10], "solvable_true": [78, 100], "solvable_false": [3, 0],
        "solvable_unknown": [19, 0], "informative": [100, 99], "random": [-1352.0, -1219.0],
        "reference": [-271.5, -199.8], "context_value": [280.6, 80.88],
    }  # fmt: skip
    monkeypatch.setattr(benchmarks, "BENCHMARKS", {"pendulum_length": BENCHMARKS["pendulum_length"]})
    pd.DataFrame(measured).to_csv(tmp_path / benchmarks.MEASURED, index=False)
    benchmarks.main(tmp_path)
    rows = table((tmp_path / "pendulum.md").read_text(encoding="utf-8"))
    assert ["extrapolation", "100", "10", "78", "3", "19", "-1352", "-271.5", "280.6"] in rows
    assert ["interpolation", "100", "10", "100", "0", "0", "-1219", "-199.8", "80.88"] in rows
    assert "worth of the context" not in (tmp_path / "cartpole.md").read_text(encoding="utf-8")
    assert benchmarks.MEASURED in links(tmp_path / "README.md")


def test_what_agents_make_of_the_context_is_on_the_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A benchmark is of tier A by one of its regions; one that was not measured is nothing."""
    found = {
        "benchmark": ["pendulum_sign", "pendulum_sign", "pendulum_length"],
        "region": ["single_extrapolation", "interpolation", "interpolation"],
        "share": [0.5, 0.05, 0.2], "tier": ["A", "sanity check", "sanity check"],
    }  # fmt: skip
    chosen = ("pendulum_length", "pendulum_sign", "pendulum_packer")
    monkeypatch.setattr(benchmarks, "BENCHMARKS", {name: BENCHMARKS[name] for name in chosen})
    (tmp_path / "worth").mkdir()
    pd.DataFrame(found).to_csv(tmp_path / benchmarks.WORTH, index=False)
    benchmarks.main(tmp_path / "benchmarks")
    index = (tmp_path / "benchmarks/README.md").read_text().splitlines()
    cells = [line.split("|") for line in index if line.startswith("| [`")]
    rows = {cell[1].split("`")[1]: cell[5].strip() for cell in cells}
    assert rows == {"pendulum_length": "sanity check", "pendulum_sign": "A", "pendulum_packer": ""}
    text = (tmp_path / "benchmarks/pendulum.md").read_text()
    assert ": single extrapolation 0.50 (tier A); interpolation 0.05 (sanity check).\n" in text
    assert text.count("docs/worth") == 2


@pytest.mark.parametrize(
    ("name", "marks"),
    [("lunarlander_gravity", 2), ("cartpole_gravity_length", 3), ("cartpole_gravity_length_c", 4)],
)
def test_a_picture_shows_each_region_the_train_range_and_the_default(name: str, marks: int) -> None:
    space = published(name)
    with style.context():
        (ax,) = context_space.draw(space).axes
    *regions, default = ax.get_lines()
    assert [line.get_label() for line in regions] == list(space.regions)
    assert len(regions) == marks
    plane = len(space.features) > 1
    for line in regions:
        drawn = space.draw_held_out(line.get_label(), len(line.get_xdata()))
        assert line.get_xdata().tolist() == drawn[:, 0].tolist()
        if plane:
            assert line.get_ydata().tolist() == drawn[:, 1].tolist()
    assert default.get_xdata() == space.defaults[0]
    (shade,) = ax.patches
    low, high = space.bounds()
    corners = shade.get_bbox() if plane else shade.get_extents().transformed(ax.transData.inverted())
    assert (corners.x0, corners.x1) == pytest.approx((low[0], high[0]))
    if plane:
        assert (corners.y0, corners.y1) == pytest.approx((low[1], high[1]))
    assert ax.get_xlabel().startswith(space.names[0])


def test_the_committed_pages_are_those_of_the_registry(folder: Path) -> None:
    """If this fails, run `make docs`."""
    for page in folder.glob("*.md"):
        assert (COMMITTED / page.name).read_text(encoding="utf-8") == page.read_text(encoding="utf-8"), (
            page.name
        )
    assert {path.name for path in COMMITTED.iterdir()} == {path.name for path in folder.iterdir()}
