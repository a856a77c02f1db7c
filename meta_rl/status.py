"""How far is a study? `make status STUDY=quick`, or `python -m meta_rl.status config/quick.yaml`, also while it runs.

Done is what has its results; what runs, and what failed, is read from the newest log of Snakemake in this folder,
and how long jobs take from the run times that it keeps. What is out of date and waits to be made again counts as done.
"""

import csv
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter

from meta_rl import markdown
from meta_rl.config import load
from meta_rl.errors import UserError
from meta_rl.study import OUTPUTS, Study

_LOGS = Path(".snakemake/log")
_REASONS = (  # words in a log, and what they mean
    (r"exceeded memory limit|oom.kill|Out Of Memory|OUT_OF_MEMORY", "out of memory"),
    (r"DUE TO TIME LIMIT|TIMEOUT", "time limit"),
    (r"No space left on device|Disk quota exceeded", "disk full"),
    (r"NODE_FAIL|NODE FAILURE", "node failed"),
    (r"CANCELLED", "cancelled"),
    (r"killed \(SIGKILL\)", "killed, most often because memory ran out"),
)
_EVENT = re.compile(r"^\[\w{3} \w{3} .*\d{4}\]\n", re.MULTILINE)  # [Tue Nov 24 19:05:04 2026]
Place = tuple[str, str]  # rule and benchmark, which is empty for a job of the whole study


@dataclass
class Job:
    """One of the jobs of a log."""

    rule: str
    wildcards: dict[str, str]
    state: str = "running"  # or submitted, which a log does not tell apart
    errors: list[str] = field(default_factory=list)  # one for every attempt that failed
    logs: list[Path] = field(default_factory=list)  # of the last attempt that failed

    @property
    def place(self) -> Place:
        return self.rule, self.wildcards.get("benchmark", "")

    def __str__(self) -> str:
        values = [value for name, value in self.wildcards.items() if name != "study"]
        return " ".join([self.rule, *values])


def jobs(log: str) -> list[Job]:
    """The jobs that the text of a log of Snakemake speaks of, in the order of their first start."""
    found: dict[str, Job] = {}
    for event in _EVENT.split(log):
        head, _, body = event.partition("\n")
        if started := re.match(r"(?:local)?rule (\w+):", head):
            number = _value(body, "jobid")
            pairs = (pair.split("=", 1) for pair in _value(body, "wildcards").split(", ") if pair)
            job = found.setdefault(number, Job(started[1], dict(pairs)))
            job.state = "running"
        elif (finished := re.match(r"Finished jobid: (\d+)", head)) and finished[1] in found:
            found[finished[1]].state = "done"
        elif head.startswith("Error in rule ") and (number := _value(body, "jobid")) in found:
            job = found[number]
            job.state = "failed"
            job.logs = [Path(path) for path in re.split(r", | \(check", _value(body, "log")) if "/" in path]
            job.errors.append(_reason(event, job.logs))
    return list(found.values())


def report(study: Study, log: str, running: bool) -> str:
    """A table of stages and benchmarks, and the jobs that failed, with their logs."""
    known = jobs(log)
    rows, left, slots = [], 0.0, 0
    seconds = _seconds(study)
    for (rule, benchmark), outputs in expected(study).items():
        mine = [job for job in known if job.place == (rule, benchmark)]
        done = sum(Path(path).exists() for path in outputs)
        active = sum(job.state == "running" for job in mine) if running else 0
        failed = sum(job.state == "failed" for job in mine)
        times = seconds.get((rule, benchmark)) or seconds.get((rule, ""), [])
        mean = sum(times) / len(times) if times else None
        missing = len(outputs) - done
        slots += active
        left += missing * (mean or 0)
        rows.append(
            (
                rule,
                benchmark,
                len(outputs),
                done,
                active,
                failed,
                _time(mean),
                _time(missing * mean if mean else 0),
            )
        )
    columns = ("stage", "benchmark", "jobs", "done", "running", "failed", "each", "left")
    lines = [markdown.table(columns, [[str(cell) for cell in row] for row in rows])]
    total, finished = sum(map(len, expected(study).values())), sum(row[3] for row in rows)
    lines.append(
        f"{finished} of {total} jobs done; about {_time(left / max(slots, 1))} left at {max(slots, 1)} at a time"
    )
    lines += [line for job in known if job.errors for line in _failure(job)]
    return "\n".join(lines)


def _failure(job: Job) -> Iterator[str]:
    now = "failed" if job.state == "failed" else f"now {job.state}"
    yield f"{job}: {now}; attempts that failed: {', '.join(job.errors)}"
    yield from (f"  {path}" for path in job.logs)


def _reason(event: str, logs: list[Path]) -> str:
    texts = [event.partition("shell:")[0]]
    texts += [path.read_text(errors="replace")[-20000:] for path in logs if path.is_file()]
    for words, meaning in _REASONS:
        if any(re.search(words, text) for text in texts):
            return meaning
    errors = [
        line for text in texts[::-1] for line in text.splitlines() if re.match(r"error: |\w*Error: ", line)
    ]
    return errors[-1] if errors else "see its logs"


def expected(study: Study) -> dict[Place, list[str]]:
    """The first result of every job, by stage and benchmark."""
    found: defaultdict[Place, list[str]] = defaultdict(list)
    for rule, patterns in OUTPUTS.items():
        for pattern in patterns:
            whole = "benchmark" not in {name for _, name, _, _ in Formatter().parse(pattern)}
            for benchmark in [""] if whole else study.benchmarks:
                if paths := study.files(pattern, **({} if whole else {"benchmark": benchmark})):
                    found[rule, benchmark] += paths
    return found


def _seconds(study: Study) -> dict[Place, list[float]]:
    """Run times of finished jobs, by stage and benchmark, and by stage alone."""
    found: defaultdict[Place, list[float]] = defaultdict(list)
    folder = Path("results", study.name, "benchmarks")
    for path in folder.rglob("*.tsv"):
        rule, benchmark, *_ = *path.relative_to(folder).with_suffix("").parts, ""
        with path.open(encoding="utf-8", newline="") as file:
            times = [float(row["s"]) for row in csv.DictReader(file, delimiter="\t")]
        for place in {(rule, benchmark), (rule, "")}:
            found[place] += times
    return found


def _value(body: str, name: str) -> str:
    found = re.search(rf"^ +{name}: (.*)$", body, flags=re.MULTILINE)
    return found[1] if found else ""


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "?"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def main(arguments: list[str]) -> None:
    study = Study(load(arguments[0] if arguments else "config/config.yaml"))
    logs = sorted(_LOGS.glob("*.snakemake.log"), key=lambda path: path.stat().st_mtime)
    mine = [path for path in logs if f"study={study.name}" in path.read_text(errors="replace")]
    text = mine[-1].read_text(errors="replace") if mine else ""
    running = bool(text) and "Complete log(s):" not in text
    print(report(study, text, running))
    if text:
        print(f"Snakemake {'is at work, or was killed' if running else 'has ended'}; its log: {mine[-1]}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except UserError as error:
        sys.exit(f"error: {error}")
