"""The numbers of the table in docs/uncertainty/metrics.md."""

import re
from pathlib import Path

import pytest

from meta_rl.metrics.doubt.bias import bias
from meta_rl.metrics.doubt.selective import augrc, aurc

PAGE = Path(__file__).parents[3] / "docs" / "uncertainty" / "metrics.md"
AREAS = {"nAURC": aurc, "nAUGRC": augrc}
ROWS = re.findall(
    r"^\| (nAU\w+) \| (\d+) \| ([\d.]+) \| ([\d.]+) \|(.*)\|$", PAGE.read_text(encoding="utf-8"), re.M
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: "-".join(row[:4]))
def test_the_page_states_what_the_simulation_gives(row: tuple[str, ...]) -> None:
    name, contexts, correlation, noise, numbers = row
    found = bias(AREAS[name], int(contexts), float(correlation), float(noise))
    assert [number.strip() for number in numbers.split("|")] == [
        f"{found.truth:.3f}", f"{found.bias:+.3f}", f"{found.spread:.3f}", f"{found.floor:.3f}",
    ]  # fmt: skip


def test_the_page_has_the_sizes_that_matter() -> None:
    assert {(name, contexts) for name, contexts, *_ in ROWS} == {
        (name, contexts) for name in AREAS for contexts in ("30", "100", "300")
    }


def test_an_uninformative_doubt_has_no_bias() -> None:
    found = bias(aurc, 30, 0.0, repetitions=300)
    assert abs(found.bias) < 4 * found.error
