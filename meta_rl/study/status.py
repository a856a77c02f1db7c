"""How far is a study? `make status STUDY=quick`, also while it runs.

What failed, and why, and how long jobs take, is read from what each attempt at a job leaves beside the job's log
(`meta_rl/study/attempt.py`), so it does not matter what Snakemake prints. Whether Snakemake works on the study is read
from its lock. What is out of date and waits to be made again counts as done.
"""

import re
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter
from typing import NamedTuple

from meta_rl.errors import told
from meta_rl.study import attempt, jobs
from meta_rl.study.config import load
from meta_rl.study.paths import OUTPUTS
from meta_rl.study.study import Study
from meta_rl.tables import markdown

_SNAKEMAKE = Path(".snakemake")
_REASONS = (  # words in a log, and what they mean
    (r"exceeded memory limit|oom.kill|Out Of Memory|OUT_OF_MEMORY", "out of memory"),
    (r"DUE TO TIME LIMIT|TIMEOUT", "time limit"),
    (r"No space left on device|Disk quota exceeded|File too large", "disk full"),
    (r"NODE_FAIL|NODE FAILURE", "node failed"),
    (r"CANCELLED", "cancelled"),
    (r"killed \(SIGKILL\)", "killed, most often because memory ran out"),
)
Place = tuple[str, str]  # rule and benchmark, which is empty for a job of the whole study


class Job(NamedTuple):
    """What is known of the job of a result."""

    name: str
    state: str  # done, running, failed or waiting
    failed: list[str]  # the reason of each attempt that failed since the job last succeeded
    logs: list[Path]  # its own, and what a scheduler wrote about those attempts
    seconds: float | None  # that the last attempt took, if it succeeded


def report(study: Study, since: float | None) -> str:
    """A table of stages and benchmarks, and the jobs that failed, with their logs.

    `since` is when the Snakemake started that works on the study (a time); None if none does.
    """
    found = {
        place: [job(study, place[0], Path(path), since) for path in paths]
        for place, paths in expected(study).items()
    }
    seconds: defaultdict[Place, list[float]] = defaultdict(list)
    for (rule, benchmark), members in found.items():
        for place in {(rule, benchmark), (rule, "")}:
            seconds[place] += [one.seconds for one in members if one.seconds is not None]
    rows, lines, left, total = [], [], 0.0, Counter[str]()
    for (rule, benchmark), members in found.items():
        states = Counter(one.state for one in members)
        total += states
        times = seconds[rule, benchmark] or seconds[rule, ""]
        mean = sum(times) / len(times) if times else None
        missing = (len(members) - states["done"]) * (mean or 0)
        left += missing
        counts = len(members), states["done"], states["running"], states["failed"]
        rows.append((rule, benchmark, *counts, _time(mean), _time(missing)))
        for one in members:
            if one.failed:
                now = one.state if one.state == "failed" else f"now {one.state}"
                lines.append(f"{one.name}: {now}; attempts that failed: {', '.join(one.failed)}")
                lines += [f"  {path}" for path in one.logs]
    columns = ("stage", "benchmark", "jobs", "done", "running", "failed", "each", "left")
    table = markdown.table(columns, [[str(cell) for cell in row] for row in rows])
    slots = max(total["running"], 1)
    left_over = f"about {_time(left / slots)} left at {slots} at a time"
    return "\n".join([table, f"{total['done']} of {total.total()} jobs done; {left_over}", *lines])


def job(study: Study, rule: str, path: Path, since: float | None) -> Job:
    """What is known of the job that makes a result; `since` as in `report`."""
    own = log_of(study, rule, path)
    theirs = _schedulers(study, rule, path)
    tried = _tried(attempt.attempts(own), theirs)
    failed, logs = [], [own]
    for place, one in enumerate(tried, 1):
        last = place == len(tried)
        number = one.get("number", "")
        # What Slurm starts again keeps its number, and its log begins anew.
        again = any(later.get("number") == number for later in tried[place:])
        said = [theirs[number]] if number in theirs and not again else []
        reason = _reason([one.get("reason", ""), *(_tail(log) for log in [*said, *[own] * last])])
        runs = "ended" not in one and last and since is not None and _started(one) >= since and not reason
        if one.get("status") != 0 and not runs:
            failed.append(reason or one.get("reason") or "see its logs")
            logs += said
    succeeded = bool(tried) and tried[-1].get("status") == 0
    if path.exists():
        state = "done"
    elif len(failed) < len(tried) and not succeeded:
        state = "running"
    elif failed and not succeeded and (since is None or _started(tried[-1]) >= since):
        state = "failed"
    else:
        state = "waiting"
    name = " ".join(own.relative_to(_folder(study)).with_suffix("").parts)
    return Job(name, state, failed, logs, tried[-1]["wall_s"] if succeeded else None)


def _tried(begun: list[attempt.Attempt], theirs: dict[str, Path]) -> list[attempt.Attempt]:
    """Attempts in their order, with those whose step never began: of these a scheduler's log is all there is.

    A log belongs to the attempt of its number. When it was last written says little: Slurm's words about a job that it
    kills may come before the step begins.
    """
    tried = list(begun)
    known = {one.get("number") for one in begun}
    after, after_number = (begun[0].get(key) for key in ("after", "after_number")) if begun else (None, None)
    succeeded = datetime.fromisoformat(after).timestamp() if after else 0.0
    for number, log in theirs.items():
        changed = log.stat().st_mtime
        if number in known or number == after_number or changed < succeeded:
            continue
        own = {"number": number, "started": datetime.fromtimestamp(changed, UTC).isoformat()}
        later = (place for place, one in enumerate(tried) if _follows(one, own))
        tried.insert(next(later, len(tried)), own)
    return tried


def _follows(one: attempt.Attempt, unbegun: attempt.Attempt) -> bool:
    if number := one.get("number"):
        return int(number) > int(unbegun["number"])
    return _started(one) > _started(unbegun)


def _started(one: attempt.Attempt) -> float:
    return datetime.fromisoformat(one["started"]).timestamp()


def _schedulers(study: Study, rule: str, path: Path) -> dict[str, Path]:
    """What Slurm wrote about attempts at a job, by the number of each attempt in its queue, in that order."""
    logs = _SNAKEMAKE.glob(f"slurm_logs/rule_{rule}/{_joined(study, rule, path)}/*.log")
    return {
        str(number): log for number, log in sorted((int(log.stem), log) for log in logs if log.stem.isdigit())
    }


def log_of(study: Study, rule: str, path: Path) -> Path:
    """The log of the job that makes a result."""
    return _folder(study) / f"{jobs.place(rule, _wildcards(study, rule, path))}.log"


def _wildcards(study: Study, rule: str, path: Path) -> dict[str, str]:
    return {"figure": path.stem} if rule == "plot" else study.wildcards(path)


def _joined(study: Study, rule: str, path: Path) -> str:
    """The name of the folder in which the executor for Slurm keeps its logs of a job."""
    return "_".join([study.name, *_wildcards(study, rule, path).values()])


def _folder(study: Study) -> Path:
    return Path("results", study.name, "logs")


def _reason(texts: list[str]) -> str:
    """What the words in some texts mean, if it is known."""
    return next((meaning for words, meaning in _REASONS if any(re.search(words, text) for text in texts)), "")


def _tail(log: Path) -> str:
    try:
        return log.read_text(errors="replace")[-20000:]
    except OSError:
        return ""


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


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "?"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def at_work(study: Study) -> float | None:
    """When the Snakemake started that holds the folder for this study; None if none does. It may have been killed."""
    mine = f"results/{study.name}/"
    locks = [path for path in _SNAKEMAKE.glob("locks/*.output.lock") if mine in path.read_text()]
    return min((path.stat().st_mtime for path in locks), default=None)


def main(path: str | Path) -> None:
    """Print the report on a study whose results lie in this folder."""
    study = Study(load(path))
    with told(Path("results", study.name), "read"):  # somebody else's, who keeps it closed
        since = at_work(study)
        print(report(study, since))
    print("Snakemake does not work on it" if since is None else "Snakemake is at work, or was killed")
