"""How far is a study? `make status STUDY=quick`, also while it runs.

Done is what has its results, and running what has a log but no result yet; what failed, and why, is read from the
newest log of Snakemake in this folder, and how long jobs take from the run times that it keeps. What is out of date
and waits to be made again counts as done.
"""

import csv
import re
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from string import Formatter

from meta_rl.errors import UserError
from meta_rl.study.config import load
from meta_rl.study.study import OUTPUTS, Study
from meta_rl.tables import markdown

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
class Failure:
    """A job of which attempts failed. Its name is the path of its log, which is the first of `logs`."""

    number: str
    logs: list[Path]
    errors: list[str] = field(default_factory=list)  # one for every attempt that failed
    again: bool = False  # was it started once more?


def failures(log: str) -> dict[Path, Failure]:
    """The failures that the text of a log of Snakemake speaks of, by the log of the job."""
    found: dict[Path, Failure] = {}
    for event in _EVENT.split(log):
        if event.startswith("Error in rule "):
            logs = [Path(path) for path in re.split(r", | \(check", _value(event, "log")) if "/" in path]
            if logs:
                failure = found.setdefault(logs[0], Failure(_value(event, "jobid"), logs))
                failure.logs, failure.again = logs, False
                failure.errors.append(_reason(event, logs))
        for number in re.findall(r"^Trying to restart job (\d+)", event, flags=re.MULTILINE):
            for failure in found.values():
                failure.again |= failure.number == number
    return found


def report(study: Study, log: str, running: bool, since: float = 0.0) -> str:
    """A table of stages and benchmarks, and the jobs that failed, with their logs.

    `log` is the text of Snakemake's log, `running` says whether it may be at work, `since` when it started (a time).
    """
    failed, seconds = failures(log), _seconds(study)
    rows, lines, left, slots = [], [], 0.0, 0
    for (rule, benchmark), outputs in expected(study).items():
        states: Counter[str] = Counter()
        for path in map(Path, outputs):
            own = log_of(study, rule, path)
            state = _state(path, own, failed.get(own), running, since)
            states[state] += 1
            if own in failed:
                job = " ".join(own.relative_to(_folder(study)).with_suffix("").parts)
                now = state if state == "failed" else f"now {state}"
                lines.append(f"{job}: {now}; attempts that failed: {', '.join(failed[own].errors)}")
                lines += [f"  {one}" for one in failed[own].logs]
        times = seconds.get((rule, benchmark)) or seconds.get((rule, ""), [])
        mean = sum(times) / len(times) if times else None
        missing = len(outputs) - states["done"]
        slots += states["running"]
        left += missing * (mean or 0)
        counts = len(outputs), states["done"], states["running"], states["failed"]
        rows.append((rule, benchmark, *counts, _time(mean), _time(missing * mean if mean else 0)))
    columns = ("stage", "benchmark", "jobs", "done", "running", "failed", "each", "left")
    table = markdown.table(columns, [[str(cell) for cell in row] for row in rows])
    total, finished = (sum(int(row[column]) for row in rows) for column in (2, 3))
    left_over = f"about {_time(left / max(slots, 1))} left at {max(slots, 1)} at a time"
    return "\n".join([table, f"{finished} of {total} jobs done; {left_over}", *lines])


def _state(path: Path, own: Path, failure: Failure | None, running: bool, since: float) -> str:
    """A job that runs has its log, from its first moment on, and not yet its result."""
    if path.exists():
        return "done"
    if failure and not (failure.again and running):
        return "failed"
    started = own.is_file() and own.stat().st_mtime >= since
    return "running" if running and (started or failure) else "waiting"


def log_of(study: Study, rule: str, path: Path) -> Path:
    """The log of the job that makes a result."""
    where = [path.stem] if rule == "plot" else list(study.wildcards(path).values())
    return _folder(study).joinpath(rule, *(where or ["study"])).with_suffix(".log")


def _folder(study: Study) -> Path:
    return Path("results", study.name, "logs")


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
    logs = sorted(_LOGS.glob("*.snakemake.log"))  # their names are the times of their starts
    mine = [path for path in logs if f"results/{study.name}/" in path.read_text(errors="replace")]
    text = mine[-1].read_text(errors="replace") if mine else ""
    running = bool(text) and "Complete log(s):" not in text
    since = datetime.strptime(mine[-1].name.partition(".")[0], "%Y-%m-%dT%H%M%S").timestamp() if mine else 0.0
    print(report(study, text, running, since))
    if text:
        print(f"Snakemake {'is at work, or was killed' if running else 'has ended'}; its log: {mine[-1]}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except UserError as error:
        sys.exit(f"error: {error}")
