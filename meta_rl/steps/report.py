"""Snakemake's report of the study: figures, tables, steps and run times as one page that opens offline."""

import subprocess
import sys
from pathlib import Path

from meta_rl import job
from meta_rl.errors import UserError


def main(study: Path, snakefile: Path, contents: list[Path], tuning: Path | None, report: Path) -> str:
    """Write `report` about `contents` and the page of a `tuning`, results of the study in the file `study`.

    The workflow that runs this step holds the lock of the folder; a report only reads, so it needs none.
    """
    shown = [*contents, tuning] if tuning else contents
    command = [sys.executable, "-m", "snakemake", *map(str, shown), "--nolock", "--snakefile", str(snakefile)]
    options = ["--configfile", str(study), "--report", str(report)]
    done = subprocess.run([*command, *options], capture_output=True, text=True)
    if done.returncode:
        raise UserError(f"{report}: Snakemake cannot write it; it says:\n{done.stderr.strip()}")
    return f"{len(shown)} results in {report}"


if __name__ == "__main__":
    job.run(main)
