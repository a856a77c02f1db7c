"""What is knowing the context worth? `make worth`.

    python -m benchmarks.worth.worth results/worth docs/worth [BENCHMARK ...] [--processes N]

measures what is missing, and writes the page from all that is there. Candidates take turns, each with its outermost
region first. A finished region is kept in the first folder until its settings or our code change, so that an
interrupted measurement goes on.
"""

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")

import torch

from benchmarks.worth.candidates import CANDIDATES, Candidate
from benchmarks.worth.kept import Job, keep
from benchmarks.worth.measure import measure, regions
from benchmarks.worth.page import write


def main(arguments: Sequence[str]) -> None:
    """Of all candidates, unless some are named."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.worth.worth")
    parser.add_argument("kept", type=Path, help="folder of finished regions")
    parser.add_argument("page", type=Path, help="folder of tables and figure")
    parser.add_argument("names", nargs="*", metavar="BENCHMARK", help="all candidates unless named")
    parser.add_argument("--processes", type=int, default=2, help="regions side by side (2)")
    given = parser.parse_args(arguments)
    turns = zip_longest(*(_jobs(one, given.kept) for one in CANDIDATES))
    every = [job for turn in turns for job in turn if job]
    if unknown := sorted(set(given.names) - {one.benchmark for one in CANDIDATES}):
        sys.exit(f"error: no candidate is named {', '.join(unknown)}; see benchmarks/worth/candidates.py")
    named = [job for job in every if not given.names or job.candidate.benchmark in given.names]
    todo = [job for job in named if not job.record]
    with multiprocessing.get_context("spawn").Pool(given.processes, maxtasksperchild=1) as pool:
        for done in pool.imap(_measure, todo):
            print(done, flush=True)
    write(every, given.page)


def _jobs(candidate: Candidate, kept: Path) -> list[Job]:
    """The outermost region first."""
    name = candidate.benchmark
    return [Job(candidate, region, kept / f"{name}_{region}") for region in reversed(regions(name))]


def _measure(job: Job) -> str:
    torch.set_num_threads(1)
    start = time.process_time()
    measured = measure(job.candidate, job.region)
    spent = time.process_time() - start
    keep(job, measured, spent)
    return f"{job.candidate.benchmark} {job.region}: {spent:.0f} CPU seconds"


if __name__ == "__main__":
    main(sys.argv[1:])
