"""What the subcommands `run`, `tune` and `resume` ask of Snakemake, and in which folder."""

import subprocess
import sys
from pathlib import Path

from meta_rl.commands import places, resume
from meta_rl.study import config

_WHERE = ("--cores", "-c", "--jobs", "-j", "--profile", "--executor", "-e")  # options that say where jobs run


def run(study: str, options: list[str]) -> int:
    """Run the whole study and show what it found about its results."""
    path = places.study(study)
    name = config.load(path)["study"]
    status = _snakemake("all", path, options)
    check = Path(resume.option(options, "--directory", "-d") or ".", "results", name, "check.txt")
    if not status and check.is_file() and not {"--dry-run", "--dryrun", "-n"} & set(options):
        print(check.read_text(encoding="utf-8"), end="")
    return status


def tune(study: str, options: list[str]) -> int:
    """Tune the study."""
    return _snakemake("tune", places.study(study), options)


def again(study: str, options: list[str]) -> int:
    """Go on after Snakemake was killed."""
    return resume.main(_options(places.study(study), options))


def _snakemake(target: str, study: Path, options: list[str]) -> int:
    return subprocess.run([sys.executable, "-m", "snakemake", target, *_options(study, options)]).returncode


def _options(study: Path, options: list[str]) -> list[str]:
    """Snakemake's, with the user's own behind them, which win; on all cores unless they say where."""
    usual = [] if any(one.partition("=")[0] in _WHERE for one in options) else ["--cores", "all"]
    snakefile = places.folder("workflow") / "Snakefile"
    # `--quiet` takes all words that follow it, so it comes first.
    return [
        "--quiet",
        "rules",
        "host",
        "--snakefile",
        str(snakefile),
        "--configfile",
        str(study),
        *usual,
        *options,
    ]
