"""The pages of the estimators: one each, what the registry says in words, and the committed ones up to date."""

from pathlib import Path

import pytest

from meta_rl import registry, settings
from meta_rl.pages import estimators

COMMITTED = Path(__file__).parents[2] / "docs/uncertainty"


def test_the_committed_pages_are_those_of_the_code(tmp_path: Path) -> None:
    measured = COMMITTED / estimators.MEASURED
    (tmp_path / measured.name).write_text(measured.read_text())
    estimators.main(tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {f"{name}.md" for name in registry.ESTIMATORS} | {estimators.INDEX, estimators.MEASURED}
    for name in names:
        assert (tmp_path / name).read_text() == (COMMITTED / name).read_text(), f"{name}: run make docs"


@pytest.mark.parametrize("name", registry.ESTIMATORS)
def test_a_page_says_what_is_seen_fitted_and_set(name: str) -> None:
    entry = registry.ESTIMATORS[name]
    page = estimators.page(name, entry)
    assert ("sees: nothing" in page) == (name in registry.FLOORS)
    assert ("fitted on: nothing" in page) != entry.fits
    assert ("the true context" in page) == ("context" in entry.needs)
    assert ("privileged: " in page) == bool(entry.needs & {"context", "shortfall"})
    assert ("with a budget of 0: no doubt" in page) == ("transitions" in entry.needs)
    for split in ("validation", "calibration"):
        assert (split in page.split("- fitted on")[1].split("\n")[0]) == (split in entry.needs)
    for setting in settings.read(entry.module):
        assert f"| `{setting}` |" in page


def test_members_of_one_module_have_texts_of_their_own() -> None:
    pages = [estimators.page(name, entry) for name, entry in registry.ESTIMATORS.items()]
    first = {page.split("\n\n")[1] for page in pages}
    assert len(first) == len(pages)


def test_a_published_estimator_names_its_source() -> None:
    for name in (
        "rnd",
        "dynamics_disagreement",
        "dynamics_surprise",
        "deedee",
        "latent_distance",
        "mbtl",
        "task_deup",
        "conformal",
    ):
        described = estimators.page(name, registry.ESTIMATORS[name]).split("- sees")[0]
        assert any(str(year) in described for year in range(2018, 2026))
