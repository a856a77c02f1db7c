"""The file of a job: all that it must know, written while the workflow plans, and read by `meta_rl/job.py`.

It is an input of its job, so whatever changes in it makes the job run again: the spec, the lists of files, what is
read, or the hash of the code. And it keeps what grows with a study off the command line, which Linux limits to 131,071
bytes.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from meta_rl.files import checksum
from meta_rl.study import lineage, provenance
from meta_rl.study.study import Study


def place(rule: str, wildcards: Mapping[str, str]) -> str:
    """The name of a job, and of its files in `jobs/` and `logs/`: `train/cartpole_tau/dqn/jrpl/seeds_0-4`."""
    values = [value for name, value in wildcards.items() if name != "study"]
    return "/".join([rule, *(values or ["study"])])


def path(study: Study, rule: str, wildcards: Mapping[str, str]) -> Path:
    """The file of a job."""
    return Path("results", study.name, "jobs", f"{place(rule, wildcards)}.json")


def text(study: Study, rule: str, wildcards: Mapping[str, str], lists: Mapping[str, list[str]]) -> str:
    """What the file of a job says, in one line; `lists` are the files that it reads or writes, by their names there."""
    spec = study.spec(rule, **wildcards)
    # Snakemake sees neither imports nor what a command runs. Comments and formatting do not count.
    code = provenance.code_hash(rule, spec)
    told = {
        "code": code,
        "spec": spec,
        "lists": lists,
        "made": lineage.made(study, rule, wildcards),
        "inputs": lineage.inputs(study, rule, wildcards, lists),
    }
    said = json.dumps(told, sort_keys=True)
    return json.dumps(told | {"checksum": checksum([said.encode()])}, sort_keys=True) + "\n"
