"""A copy of the project that tests may run and change."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Project:
    """A copy of the project, results included."""

    root: Path

    def snakemake(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Snakemake on the study `test`; output and errors are both in `stdout`."""
        command = [sys.executable, "-m", "snakemake", "--configfile", "config/test.yaml", "--cores", "2"]
        return subprocess.run(
            [*command, *arguments], cwd=self.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def planned(self, *arguments: str) -> set[str]:
        """The jobs of a dry run, by rule and wildcards: `train small_gravity dqn jrpl seeds_0-1`."""
        done = self.snakemake("--dry-run", *arguments)
        assert done.returncode == 0, done.stdout
        jobs = re.findall(r"^(?:local)?rule (\w+):\n((?:    .*\n)*)", done.stdout, flags=re.MULTILINE)
        named = set()
        for rule, lines in jobs:
            wildcards = re.search(r"^    wildcards: (.*)$", lines, flags=re.MULTILINE)
            values = dict(pair.split("=") for pair in wildcards[1].split(", ")) if wildcards else {}
            values.pop("study", None)
            named.add(" ".join([rule, *values.values()]))
        return named - {"all", "figures", "tune"}

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace text in a file of the project."""
        text = (self.root / path).read_text()
        assert old in text
        (self.root / path).write_text(text.replace(old, new))
