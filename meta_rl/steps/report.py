"""Snakemake's report of the study: figures, tables, steps and run times as one page that opens offline."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from meta_rl import files, job
from meta_rl.errors import UserError


def main(study: Path, snakefile: Path, contents: list[Path], tuning: Path | None, report: Path) -> str:
    """Write `report` about `contents` and the page of a `tuning`, results of the study in the file `study`.

    The workflow that runs this step holds the lock of the folder; a report only reads, so it needs none.
    """
    shown = [*contents, tuning] if tuning else contents
    command = [sys.executable, "-m", "snakemake", *map(str, shown), "--nolock", "--snakefile", str(snakefile)]
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, "report.html")
        options = ["--configfile", str(study), "--report", str(made)]
        done = subprocess.run([*command, *options], capture_output=True, text=True)
        if done.returncode:
            print(done.stderr)
            last = done.stderr.strip().rpartition("\n")[2]
            raise UserError(f"{report}: Snakemake cannot make it: {last or 'it does not say why'}")
        with files.atomic(report) as temporary:
            shutil.copyfile(made, temporary)
    return f"{len(shown)} results in {report}"


if __name__ == "__main__":
    job.run(main)
