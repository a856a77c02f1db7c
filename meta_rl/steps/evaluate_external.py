"""Play a block of runs that were trained elsewhere in their train and all held-out contexts."""

import runpy
from pathlib import Path
from typing import Any

from meta_rl import job
from meta_rl.errors import UserError
from meta_rl.outside.adapt import adapted
from meta_rl.outside.playing import Stage, evaluate
from meta_rl.study import provenance
from meta_rl.study.external import PYTHON, sum_of
from meta_rl.tables import contexts as contexts_table
from meta_rl.tables import evaluation as evaluation_table
from meta_rl.tables import io
from meta_rl.training.block import label_of
from meta_rl.training.evaluation import sets_of


def main(
    files: list[Path], held_out: Path, train_contexts: Path, spec: dict[str, Any], evaluation: Path
) -> str:
    """The record says what each run has spent, if the study knows. `files`: all that the runs are made from."""
    _check(files, spec["runs"])
    own, shared = (io.read(path, contexts_table.TABLE) for path in (train_contexts, held_out))
    stage = Stage(spec)
    seeds, sets = sets_of(own, shared, stage.setup.names)
    policies = {
        int(seed): adapted(_policy(run, spec, int(seed)), stage, run.get("vec_normalize"), spec["trusted"])
        for seed, run in spec["runs"].items()
    }
    label = label_of(spec, seeds)
    if any(policy.looped for policy in policies.values()):
        print(f"{label}: takes one observation at a time, so rows are played one after the other", flush=True)
    played = evaluate(policies, sets, seeds, stage, spec)
    spent = dict.fromkeys(spec["runs"], spec["env_steps"]) if spec["env_steps"] else {}
    record = provenance.record("evaluate_external", spec) | {"failures": {}, "env_steps": spent}
    io.write(played, evaluation_table.TABLE, evaluation, record)
    return f"{label}: {len(played)} episodes"


def _check(files: list[Path], runs: dict[str, Any]) -> None:
    """What was planned is what is there."""
    planned = {path: summed for run in runs.values() for path, summed in run["files"].items()}
    if sorted(planned) != sorted(map(str, files)):
        raise UserError(f"the job lists {', '.join(map(str, files))}, but its runs are made from other files")
    for path, summed in planned.items():
        if sum_of(path) != summed:
            raise UserError(f"{path}: was changed while the workflow ran; run it again")


def _policy(run: dict[str, Any], spec: dict[str, Any], seed: int) -> Any:
    """A path, or what the function `build` of a file makes for the seed."""
    if spec["loader"] != PYTHON:
        return run["policy"]
    if not spec["trusted"]:
        raise UserError(f"{run['policy']}: is Python that is run; add `trusted: true` to the study")
    build = runpy.run_path(run["policy"]).get("build")
    if not callable(build):
        raise UserError(
            f"{run['policy']}: has no function `build`; define build(seed), which returns a policy"
        )
    return build(seed)


if __name__ == "__main__":
    job.run(main)
