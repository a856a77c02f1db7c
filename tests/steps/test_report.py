from pathlib import Path

import pytest

from meta_rl.errors import UserError
from meta_rl.steps import report

SNAKEFILE = Path(__file__).parents[2] / "workflow/Snakefile"


def test_a_report_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    missing = tmp_path / "missing.yaml"
    with pytest.raises(UserError, match=r"report.html: Snakemake cannot make it: [^\n]*missing.yaml[^\n]*$"):
        report.main(missing, SNAKEFILE, [tmp_path / "figure.png"], None, tmp_path / "report.html")
