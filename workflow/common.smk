# What the rules share: the study, the environment of their commands, and functions for inputs and params.
import ast
import os
import re
import sys
from pathlib import Path

HERE = Path(workflow.basedir).parent  # a checkout, or the installed package
ROOT = [] if (HERE / "registry.py").is_file() else [str(HERE)]
sys.path[:0] = ROOT  # the code of this copy, installed or not

from meta_rl import registry
from meta_rl.errors import UserError
from meta_rl.files import write_text
from meta_rl.sources import source
from meta_rl.study import access, demand, jobs, reserve
from meta_rl.study.config import load
from meta_rl.study.paths import TABLES
from meta_rl.study.rollouts import notices
from meta_rl.study.study import Study

NOTHING = "(?!)"  # matches no text
SNAKEFILE = os.path.relpath(HERE / "workflow/Snakefile")
# Jobs run the Python that runs Snakemake, whatever is activated. (The rest of their environment: meta_rl/study/attempt.py.)
os.environ.update(
    PATH=os.pathsep.join(
        [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    ),
    PYTHONPATH=os.pathsep.join(filter(None, [*ROOT, os.environ.get("PYTHONPATH")])),
)


def study_file() -> str:
    """The one file that holds the study. (`configfile:` would merge the default into the one that is given.)"""
    if workflow.config_settings.config or len(workflow.configfiles) > 1:
        raise UserError(
            "a study is one file: give one --configfile, and no --config; edit a copy of the file instead"
        )
    return os.path.relpath(
        next(iter(workflow.configfiles), HERE / "config/config.yaml")
    )


try:
    STUDY_FILE = study_file()
    STUDY = Study(load(STUDY_FILE))
    if workflow.is_main_process:
        access.check(Path("results", STUDY.name))
        reserve.keep()
except UserError as error:
    sys.exit(f"error: {error}")


wildcard_constraints:
    study=re.escape(STUDY.name),
    benchmark="|".join(STUDY.benchmarks),
    agent="|".join(registry.AGENTS),
    method="|".join(map(re.escape, STUDY.methods)),
    external="|".join(map(re.escape, STUDY.external)) or NOTHING,
    block=r"seeds_\d+-\d+",
    part=r"held_out|validation|seeds_\d+-\d+",
    figure="|".join(registry.FIGURES),
    estimator="|".join(registry.ESTIMATORS),


def job(rule, writes=None, **reads):
    """Inputs: the lists of files that the job `reads`, and its own file, which holds them and those that it `writes`.

    The file is rewritten when its text changes only, and then its job runs again.
    """

    def inputs(wildcards):
        lists = {name: of(wildcards) for name, of in reads.items()}
        written = {name: of(wildcards) for name, of in (writes or {}).items()}
        path = jobs.path(STUDY, rule, wildcards)
        text = jobs.text(STUDY, rule, wildcards, lists | written)
        if not path.is_file() or path.read_text() != text:
            try:
                write_text(path, text)
            except UserError as error:
                sys.exit(f"error: {error}")
            # Snakemake may have looked into the folder before, and would miss the file.
            workflow.iocache.exists_local[str(path)] = True
        return lists | {"job": str(path)}

    return unpack(inputs)


def files(pattern, *fixed):
    """A list: all the files of a pattern that agree with the job in the `fixed` wildcards."""
    return lambda wildcards: STUDY.files(
        pattern, **{name: wildcards[name] for name in fixed}
    )


def foreign(wildcards):
    """A list: all that a block of runs from outside is made from."""
    runs = STUDY.spec("evaluate_external", **wildcards)["runs"]
    return sorted({path for one in runs.values() for path in one["files"]})


def memory(rule):
    """Resources: the MB that the job needs, twice as much at each attempt."""
    return lambda wildcards, attempt: 2 ** (attempt - 1) * demand.mem_mb(
        STUDY, rule, **wildcards
    )


def runtime(rule):
    """Resources: the minutes that the job needs, twice as many at each attempt."""
    return lambda wildcards, attempt: 2 ** (attempt - 1) * demand.minutes(
        STUDY, rule, **wildcards
    )


def encoder(wildcards):
    """Input: the encoder of a method that is pretrained; no other method has one."""
    if STUDY.entry(wildcards.method).pretrain:
        return "results/{study}/{benchmark}/{agent}/{method}/{block}/encoder.pt"
    return []


def generator(wildcards):
    """Input: the agents that collect trajectories, where no random policy does."""
    if STUDY.generated(wildcards.benchmark, wildcards.method):
        return "results/{study}/{benchmark}/{agent}/{method}/{block}/generator.pt"
    return []


def monitor(wildcards):
    """Input: what an estimator has learnt, if it learns."""
    if registry.ESTIMATORS[wildcards.estimator].fits:
        return "results/{study}/{benchmark}/{agent}/{method}/{block}/monitors/{estimator}.pt"
    return []


def references(part, *needs):
    """Input: the references of one part, for an estimator that needs all of these."""
    return lambda wildcards: (
        f"results/{{study}}/{{benchmark}}/references/{part}.parquet"
        if set(needs) <= registry.ESTIMATORS[wildcards.estimator].needs
        else []
    )


def doubts_of_others(wildcards):
    """A list: what an estimator is fitted on and told, if it learns from others."""
    pattern = "results/{study}/{benchmark}/{agent}/{method}/{block}/uncertainty/{other}.parquet"
    return STUDY.files(pattern, **wildcards)


def tables(wildcards):
    """A list: the tables that a figure reads."""
    needs = sorted(registry.FIGURES[wildcards.figure].needs)
    return expand(
        "results/{study}/tables/{table}.parquet", study=wildcards.study, table=needs
    )


def contents(wildcards):
    """A list: what the report shows."""
    figures = STUDY.files("results/{study}/figures/{figure}.png")
    return [*figures, *STUDY.files("results/{study}/summary.html")]


def tunings(wildcards):
    """Input: all that a tuning leaves."""
    if not STUDY.tuning_blocks:
        sys.exit(
            f"error: {STUDY_FILE}: has no key 'tune'; config/README.md tells what it holds"
        )
    patterns = (
        "results/{study}/tuned/{benchmark}/{agent}/{method}/{tuning_block}/trials.parquet",
        "results/{study}/tuned/{benchmark}/{agent}/{method}/settings.json",
        "results/{study}/tuned/tuning.html",
    )
    return [path for pattern in patterns for path in STUDY.files(pattern)]


def tuning_page(wildcards):
    """Params: the page about the study's tuning, where it was tuned. As an input it would be tuned for every report."""
    page = f"results/{STUDY.name}/tuned/tuning.html"
    return [page] if STUDY.tuning_blocks and os.path.exists(page) else []


def caption(figure):
    """Params: what a figure shows, the first paragraph of its module's docstring."""
    path = source(registry.FIGURES[figure].module.partition(":")[0])
    return ast.get_docstring(ast.parse(path.read_text())).split("\n\n")[0]
