"""Does tuning with DEHB beat the default settings, and random search of the same budget? `make tuning-comparison`.

    python -m benchmarks.tuning.comparison [full | tiny]

Each repetition has tuning seeds and test seeds of its own. It tunes twice, with DEHB and with random search, and
trains the two incumbents and the defaults on its test seeds, which then play in test contexts. All by the steps of
the workflow, in results/tuning-comparison/{size}; what is finished there stays, and a killed tuning goes on. `full`
writes docs/tuning_comparison, `tiny`, which takes minutes and whose numbers mean nothing, a page beside its results.
"""

import multiprocessing
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any, NamedTuple

os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import pandas as pd

from benchmarks.tuning import page
from benchmarks.tuning.cases import CASES, METHOD, SIZES, study
from meta_rl.contexts import VALIDATION
from meta_rl.metrics import tuning
from meta_rl.steps import evaluate, sample_contexts, train, tune_settings
from meta_rl.study import provenance
from meta_rl.study.paths import HELD_OUT
from meta_rl.study.study import Study
from meta_rl.tables import io
from meta_rl.tables.evaluation import TABLE as EVALUATION
from meta_rl.tables.trials import TABLE as TRIALS

ROOT = Path(__file__).parents[2]
OPTIMISERS = ("random", "dehb")
CONTESTANTS = ("default", *OPTIMISERS)


class Job(NamedTuple):
    """A tuning by an optimiser, or a test of what a contestant found."""

    size: str
    case: str
    contestant: str
    repetition: int
    test: bool

    @property
    def folder(self) -> Path:
        parts = self.size, self.case, self.contestant, f"repetition_{self.repetition}"
        return ROOT.joinpath("results/tuning-comparison", *parts)

    @property
    def result(self) -> Path:
        return self.folder / ("evaluation.parquet" if self.test else "trials.parquet")

    @property
    def study(self) -> Study:
        optimiser = self.contestant if self.contestant in OPTIMISERS else "dehb"
        return study(SIZES[self.size], self.case, optimiser)

    @property
    def wildcards(self) -> dict[str, str]:
        of = self.study
        blocks = list(of.blocks if self.test else of.tuning_blocks)
        case = CASES[self.case]
        block = blocks[self.repetition]
        return {"benchmark": case.benchmark, "agent": case.agent, "method": METHOD, "block": block}

    @property
    def training(self) -> dict[str, Any]:
        """The spec of the training of a test, with the settings that the contestant found."""
        spec = self.study.spec("train", **self.wildcards)
        if self.contestant == "default":
            return spec
        trials = io.read(self._replace(test=False).result, TRIALS)
        (best,) = tuning.incumbents(tuning.scores(trials)).to_dict("records")
        return spec | {"agent_settings": spec["agent_settings"] | page.settings(best)}

    @property
    def wanted(self) -> dict[str, Any]:
        """The part of the record by which a finished job is known again."""
        if not self.test:
            spec = self.study.spec("tune_settings", **self.wildcards)
            return {"spec": spec, "code": provenance.code_hash("tune_settings", spec)}
        training = self.training
        trained = {"spec": training, "code": provenance.code_hash("train", training)}
        spec = self.study.spec("evaluate", **self.wildcards) | {"training": trained}
        return {"spec": spec, "code": provenance.code_hash("evaluate", spec)}

    @property
    def finished(self) -> bool:
        if not self.result.is_file():
            return False
        record = io.record(self.result)
        return {key: record[key] for key in ("spec", "code")} == self.wanted


def main(size: str) -> None:
    """Run what is missing, as many jobs side by side as there are cores, and write the page."""
    for test in (False, True):
        todo = [job for job in _jobs(size, test) if not job.finished]
        print(f"{len(todo)} {'tests' if test else 'tunings'} to do", flush=True)
        _run_all(todo)
    lacking = [job.folder for test in (False, True) for job in _jobs(size, test) if not job.finished]
    if lacking:
        sys.exit(f"error: the code changed meanwhile, run again: {', '.join(map(str, lacking))}")
    studies = {name: study(SIZES[size], name) for name in CASES}
    results = page.Results(_joined(size, False), _joined(size, True), studies)
    target = ROOT / "docs/tuning_comparison" if size == "full" else ROOT / "results/tuning-comparison" / size
    page.write(results, target, size)
    print((target / "README.md").read_text())


def _jobs(size: str, test: bool) -> Iterator[Job]:
    for repetition in range(SIZES[size].repetitions):
        for case in CASES:
            for contestant in CONTESTANTS if test else OPTIMISERS:
                yield Job(size, case, contestant, repetition, test)


def _run_all(jobs: list[Job]) -> None:
    """An error in one of them is raised when the others are done."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=spawn, max_tasks_per_child=1) as pool:
        futures = [pool.submit(_run, job) for job in jobs]
        for future in as_completed(futures):
            print(future.exception() or future.result(), flush=True)
    for future in futures:
        future.result()


def _run(job: Job) -> str:
    import torch

    torch.set_num_threads(1)
    return _test(job) if job.test else _tune(job)


def _tune(job: Job) -> str:
    contexts = _contexts(job, job.wildcards["block"]), _contexts(job, VALIDATION)
    spec = job.study.spec("tune_settings", **job.wildcards)
    journal = job.folder / "journal.parquet"
    return f"{job.contestant} {job.repetition}: {tune_settings.main(*contexts, spec, journal, job.result)}"


def _test(job: Job) -> str:
    own, held_out = _contexts(job, job.wildcards["block"]), _contexts(job, HELD_OUT)
    wanted = job.wanted
    policy, played = job.folder / "policy.pt", job.folder / "played.parquet"
    train.main(own, None, job.training, job.folder / "checkpoint.pt", policy, job.folder / "learning.parquet")
    spec = job.study.spec("evaluate", **job.wildcards)
    done = evaluate.main(policy, held_out, own, spec, played, job.folder / "encodings.parquet")
    failures = io.record(played)["failures"]
    if failures:
        raise RuntimeError(f"{played}: without the runs {failures} contestants cannot be compared")
    io.write(io.read(played, EVALUATION), EVALUATION, job.result, io.record(played) | wanted)
    return f"{job.contestant} {job.repetition}: {done}"


def _contexts(job: Job, part: str) -> Path:
    path = job.folder / f"contexts_{part}.parquet"
    sample_contexts.main(job.study.spec("sample_contexts", **job.wildcards, part=part), path)
    return path


def _joined(size: str, test: bool) -> pd.DataFrame:
    table = EVALUATION if test else TRIALS
    frames = [
        io.read(job.result, table).assign(case=job.case, contestant=job.contestant, repetition=job.repetition)
        for job in _jobs(size, test)
    ]
    return pd.concat(frames, ignore_index=True)


if __name__ == "__main__":
    chosen = sys.argv[1] if len(sys.argv) > 1 else "full"
    if chosen not in SIZES:
        sys.exit(f"error: unknown size {chosen}; choose from {', '.join(SIZES)}")
    main(chosen)
