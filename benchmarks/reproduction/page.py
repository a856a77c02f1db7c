"""docs/reproduction/table.md, from the results of the studies that `make reproduce` runs.

python -m benchmarks.reproduction.page results docs/reproduction
"""

import math
import sys
from pathlib import Path

from benchmarks.reproduction.claims import CLAIMS, Claim, outcome
from meta_rl import files
from meta_rl.pages.comparisons import number
from meta_rl.tables.markdown import table


def main(results: Path, folder: Path) -> None:
    """Write `table.md`: a line a claim."""
    lines = [_line(claim, results) for claim in CLAIMS]
    header = ("study", "the paper says", "measured", "due", "mean [95 % interval]", "runs", "verdict")
    text = f"Written by `benchmarks/reproduction/page.py` from the tables of the studies.\n\n{table(header, lines)}\n"
    files.write_text(folder / "table.md", text)


def _line(claim: Claim, results: Path) -> list[str]:
    found = outcome(claim, results / claim.study)
    digits = 0 if abs(found.estimate) >= 10 else 2
    measured = f"{number(found.estimate, digits)} [{number(found.low, digits)}, {number(found.high, digits)}]"
    due = f"{_end(claim.low)} to {_end(claim.high)}"
    return [claim.study, claim.says, claim.measures, due, measured, str(found.runs), f"**{found.verdict}**"]


def _end(value: float) -> str:
    return "any" if math.isinf(value) else number(value, 1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
