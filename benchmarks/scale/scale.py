"""What planning and starting jobs costs, and what a study costs: `make scale` writes the tables of docs/cluster.md.

python -m benchmarks.scale.scale plan        a dry run of 5,000 trainings
python -m benchmarks.scale.scale overhead    an empty job, here and on Slurm where there is one
python -m benchmarks.scale.scale cost        core hours of config/config.yaml, from a part of it
"""

import heapq
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import yaml

from meta_rl.benchmarks.published import BENCHMARKS
from meta_rl.contexts import ContextSpace
from meta_rl.registry import AGENTS, METHODS, load
from meta_rl.study import attempt, demand
from meta_rl.study.config import check
from meta_rl.study.config import load as load_study
from meta_rl.study.status import expected, log_of
from meta_rl.study.study import Study
from meta_rl.tables import markdown

ROOT = Path(__file__).resolve().parents[2]
_TRAININGS = 5000
_JOBS = 8  # empty ones


def study(trainings: int) -> dict:
    """All benchmarks with every agent that fits and all methods, in blocks of 5 seeds: about so many trainings."""
    benchmarks, kinds = {}, 0
    for name, published in BENCHMARKS.items():
        environment = load("environment", published.environment)
        kind = "discrete" if environment.spaces.discrete else "continuous"
        agents = [agent for agent, entry in AGENTS.items() if kind in entry.actions]
        space = ContextSpace.of(environment.features, *published.space)
        counts = {"train": 10, **dict.fromkeys(space.regions, 0)}
        counts |= {split: 12 * parts for split, parts in space.regions.items()}
        benchmarks[name] = {"contexts": counts, "agents": agents}
        if not space.gridded:
            benchmarks[name]["override"] = {"references": {"points": 27}}
        kinds += len(agents) * len(METHODS)
    seeds = -(-trainings // kinds)
    return {
        "study": "scale",
        "benchmarks": benchmarks,
        "methods": list(METHODS),
        "seeds": {
            "test": {"first": 0, "count": 5 * -(-seeds // 5)},
            "tuning": {"first": 1000, "count": 5},
            "per_job": 5,
        },
        "train": {"env_steps": 512000},
        "evaluate": {"episodes": 5},
        "references": {"grid": 3, "seeds": 1, "env_steps": 512000},
        "figures": ["iqm"],
    }


def plan(trainings: int = _TRAININGS) -> str:
    """A dry run in an empty folder: jobs, seconds to know and to list them, and memory."""
    described = study(trainings)
    runs = sum(len(one["agents"]) for one in described["benchmarks"].values()) * len(METHODS)
    runs *= described["seeds"]["test"]["count"]
    with tempfile.TemporaryDirectory() as folder:
        for name in ("meta_rl", "workflow", "environment.yml"):
            Path(folder, name).symlink_to(ROOT / name)
        Path(folder, "study.yaml").write_text(yaml.safe_dump(described))
        command = [sys.executable, "-m", "snakemake", "all", "--dry-run", "--quiet", "rules"]
        start, planned, lines = time.monotonic(), 0.0, []
        with subprocess.Popen(
            [*command, "--configfile", "study.yaml"],
            cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        ) as dry_run:  # fmt: skip
            assert dry_run.stdout is not None
            for line in dry_run.stdout:
                lines.append(line)
                if line.startswith("Job stats") and not planned:
                    planned = time.monotonic() - start
        seconds = time.monotonic() - start
    if dry_run.returncode:
        sys.exit("".join(lines))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    jobs = next(line.split()[1] for line in lines if line.startswith("total"))
    row = (
        f"{runs:,}",
        f"{int(jobs):,}",
        f"{planned:.1f}",
        f"{seconds:.1f}",
        f"{used.ru_utime + used.ru_stime:.1f}",
        f"{used.ru_maxrss / 1024:.0f}",
    )
    header = ("trainings", "jobs", "planned after, s", "all listed after, s", "CPU s in all", "MB")
    return markdown.table(header, [row])


_EMPTY = """
rule all:
    input: expand("{{number}}.txt", number=range({jobs}))
rule empty:
    output: "{{number}}.txt"
    resources: mem_mb=500, runtime=5
    shell: "touch {{output}}"
"""


def overhead(jobs: int = _JOBS) -> str:
    """Empty jobs one after the other: seconds and CPU seconds that each costs."""
    places = {"this machine, --cores 1": ["--cores", "1"]}
    if shutil.which("sinfo") and subprocess.run(["sinfo"], capture_output=True).returncode == 0:
        slurm = ["--executor", "slurm", "--jobs", str(jobs), "--slurm-init-seconds-before-status-checks", "2"]
        places["Slurm, all at once"] = [*slurm, "--slurm-status-command", "squeue", "--slurm-no-account"]
    rows = []
    for name, arguments in places.items():
        with tempfile.TemporaryDirectory(dir=Path.home()) as folder:
            Path(folder, "Snakefile").write_text(_EMPTY.format(jobs=jobs))
            seconds = {count: _run(folder, arguments, count) for count in (1, jobs)}
        rows.append(
            (
                name,
                f"{seconds[1]:.1f}",
                f"{seconds[jobs]:.1f}",
                f"{(seconds[jobs] - seconds[1]) / (jobs - 1):.2f}",
            )
        )
    return markdown.table(("where", "1 job, s", f"{jobs} jobs, s", "each further job, s"), rows)


def _run(folder: str, arguments: list[str], jobs: int) -> float:
    targets = [f"{number}.txt" for number in range(jobs)]
    start = time.monotonic()
    command = [sys.executable, "-m", "snakemake", *targets, "--forceall", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return time.monotonic() - start


def reduced() -> dict:
    """A part of the study in config/config.yaml: one benchmark, one block, a tenth or a fifth of each job's work."""
    whole = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    name = "cartpole_length"
    part = whole | {"study": "costs", "benchmarks": {name: whole["benchmarks"][name]}}
    for key in ("train", "references"):
        part[key] = whole[key] | {"env_steps": whole[key]["env_steps"] // 10}
    part["evaluate"] = whole["evaluate"] | {"episodes": whole["evaluate"]["episodes"] // 5}
    part["method_settings"] = {"iida": {"updates": 500}}  # a tenth of the default
    part["train"]["pretraining"] = "additional"  # it is not shorter
    part["train"]["snapshots"] = 1  # of any number, an evaluation takes as long
    del part["tune"]
    part["seeds"]["test"]["count"] = 5
    return part


def cost(results: Path | None = None) -> str:
    """What the whole study costs, from the run times of the reduced one, which is run if there are none.

    A job takes what the one of its stage and method took, times the ratio of the work in them
    (meta_rl/study/demand.py).
    """
    with tempfile.TemporaryDirectory() as folder:
        if results is None:
            for name in ("meta_rl", "workflow", "environment.yml"):
                Path(folder, name).symlink_to(ROOT / name)
            Path(folder, "costs.yaml").write_text(yaml.safe_dump(reduced()))
            command = [sys.executable, "-m", "snakemake", "all", "--configfile", "costs.yaml", "--cores", "1"]
            subprocess.run(command, cwd=folder, check=True)
        return _cost(results or Path(folder, "results/costs"))


def _cost(results: Path) -> str:
    part, whole = Study(check(reduced(), "costs")), Study(load_study(ROOT / "config/config.yaml"))
    measured = {}
    for rule, place, where in _jobs(part):
        *_, last = attempt.attempts(results / "logs" / rule / f"{place}.log")
        used = last["cpu_s"], last["peak_mb"]
        measured[rule, where.get("method")] = (*used, demand.seconds(part, rule, **where))
    stages: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    chains: defaultdict[tuple[str, ...], float] = defaultdict(float)
    for rule, place, where in _jobs(whole):
        taken, memory, work = measured[rule, where.get("method")]
        taken *= demand.seconds(whole, rule, **where) / work if work else 1
        stages[rule].append((taken, memory))
        # One after the other: generator, trajectories, encoder, training and evaluation of a block.
        run = tuple(where.get(name, "") for name in ("benchmark", "agent", "method", "block"))
        chains[run if "method" in where else (rule, place)] += taken
    rows = [
        (
            rule,
            str(len(jobs)),
            f"{max(jobs)[0] / 60:.1f}",
            f"{max(job[1] for job in jobs):.0f}",
            _hours(sum(job[0] for job in jobs)),
        )
        for rule, jobs in stages.items()
    ]
    rows.append(("all", str(sum(map(len, stages.values()))), "", "", _hours(sum(chains.values()))))
    lengths = sorted(chains.values(), reverse=True)
    spread = [(f"{cores:,}", _hours(_makespan(lengths, cores))) for cores in (1, 10, 100, 1000)]
    header = ("stage", "jobs", "longest, minutes", "largest, MB", "core hours")
    return "\n\n".join([markdown.table(header, rows), markdown.table(("cores", "hours"), spread)])


def _jobs(study: Study) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Rule, place among the logs and run times, and wildcards of every job of a study."""
    for (rule, _), paths in expected(study).items():
        for path in map(Path, paths):
            place = log_of(study, rule, path).relative_to(Path("results", study.name, "logs", rule))
            yield rule, str(place.with_suffix("")), {} if rule == "plot" else study.wildcards(path)


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.2f}"


def _makespan(lengths: list[float], cores: int) -> float:
    """Longest first, each to the core that is free first."""
    free = [0.0] * cores
    for length in lengths:
        heapq.heappush(free, heapq.heappop(free) + length)
    return max(free)


if __name__ == "__main__":
    what, *rest = sys.argv[1:] or ["all"]
    if what in ("plan", "all"):
        print(plan(*map(int, rest)), end="\n\n")
    if what in ("overhead", "all"):
        print(overhead(), end="\n\n")
    if what in ("cost", "all"):
        print(cost(*map(Path, rest)))
