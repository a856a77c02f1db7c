"""Write what a study's tunings searched, cost and found as one page for people."""

from pathlib import Path
from typing import Any

import pandas as pd

from meta_rl import files, inputs, job
from meta_rl.pages import tuning
from meta_rl.tables import io
from meta_rl.tables.trials import TABLE


def main(trials: list[Path], tuned: list[Path], spec: dict[str, Any], page: Path) -> str:
    """Write `page` (HTML, self-contained). Spec: as of the page."""
    frame = pd.concat([io.read(path, TABLE) for path in trials], ignore_index=True)
    chosen = [inputs.read_json(path) for path in tuned]
    html = tuning.page(spec, frame, chosen)
    files.write_text(page, html)
    return f"{frame.groupby(['benchmark', 'agent', 'method', 'repetition']).ngroups} tunings on a page"


if __name__ == "__main__":
    job.run(main)
