"""The data dictionary: complete, and the page in results/ is the one that the schemas give."""

import subprocess
import sys
from pathlib import Path

from meta_rl.tables import dictionary

ROOT = Path(dictionary.__file__).parents[2]
NO_TABLES = {"__init__", "columns", "context_frames", "dictionary", "io", "markdown", "schema"}


def test_every_schema_file_is_in_the_dictionary_under_its_own_name():
    files = {path.stem for path in (ROOT / "meta_rl" / "tables").glob("*.py")}
    assert sorted(table.name for table in dictionary.TABLES) == sorted(files - NO_TABLES)


def test_the_page_in_results_is_up_to_date():
    command = [sys.executable, "-m", "meta_rl.tables.dictionary"]
    page = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, encoding="utf-8").stdout
    assert page == (ROOT / "results" / "README.md").read_text(encoding="utf-8"), (
        "run python -m meta_rl.tables.dictionary > results/README.md"
    )


def test_every_column_has_a_row_of_four_cells():
    page = dictionary.dictionary()
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert [row.split("|")[1].strip() for row in rows] == [
        f"`{column.name}`" for table in dictionary.TABLES for column in table.columns
    ]
    assert all(row.count("|") == 5 for row in rows)


def test_types_units_and_rules_are_told():
    page = dictionary.dictionary()
    assert "| `value` | float | see `unit` | the parameter's value in this context |" in page
    assert "| `status` | string: `ok`, `diverged` |  |" in page
    assert "| `episode_length` | int ≥ 1 | steps |" in page
    assert "| `seed` | int ≥ 0 or null |  | run whose train context this is;" in page
    assert "| `obs` | float32 vector |  | observation before the action |" in page
