"""How much faster stacks train than in an earlier version, which lies in a checkout of its own:

    git worktree add OLD 1d3161d
    python -m benchmarks.speed.before OLD

Each side has its own code and its own cases of `make bench`, in a process on one thread, and they take turns. Writes
docs/speed/before.md and takes some minutes.
"""

import os
import statistics
import subprocess
import sys
from itertools import product
from pathlib import Path

from benchmarks.speed.contest import THREADS
from benchmarks.speed.speed import CASES
from meta_rl import files
from meta_rl.errors import UserError
from meta_rl.tables.markdown import table

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/speed/before.md"
TURNS = 5
SEEDS = (16, 5, 1)
# One side: prepares, then trains for a turn at every line that it gets. Benchmarks were no packages at first.
_SIDE = """
import sys, time, torch
torch.set_num_threads(1)
try:
    from benchmarks.peers.case import training
    from benchmarks.speed.speed import CASES
except ModuleNotFoundError:
    sys.path.insert(0, "benchmarks")
    from case import training
    from speed import CASES
case, seeds = CASES[sys.argv[1]], int(sys.argv[2])
trained = training(case, range(seeds))
trained.run(case.config.get("learning_starts", 0) + 300)
least = max(50, case.config.get("n_steps", 1) * case.config["n_envs"])
print("ready", flush=True)
for _ in sys.stdin:
    before, began = int(trained.env_steps.max()), time.process_time()
    while time.process_time() - began < 0.7:
        trained.run(int(trained.env_steps.max()) + least)
    print("rate", seeds * (int(trained.env_steps.max()) - before) / (time.process_time() - began), flush=True)
"""


def main(old: Path) -> None:
    """Measure and write. Raises UserError if there is no checkout at `old`."""
    if not (old / "meta_rl").is_dir():
        raise UserError(
            f"{old}: is no checkout of this project; make one with `git worktree add {old} COMMIT`"
        )
    lines = []
    # Bodies of 256 units are bound by products, which no version spares.
    for seeds, name in product(SEEDS, (name for name in CASES if "256" not in name)):
        before, now = _turns(name, seeds, old)
        each = statistics.median(b / a for a, b in zip(before, now, strict=True))
        rates = statistics.median(before), statistics.median(now)
        lines.append((name, str(seeds), *(f"{rate:,.0f}" for rate in rates), f"{each:.2f}"))
        print(*lines[-1], flush=True)
    header = ("", "seeds", "before", "now", "times")
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=old, capture_output=True, text=True)
    files.write_text(
        PAGE,
        "# Beside an earlier version\n\n"
        f"Environment steps of all seeds per CPU second, at commit {commit.stdout.strip()} and now: medians of\n"
        f"{TURNS} turns on one thread, and the median of the ratios of neighbouring turns. Measured by\n"
        "`python -m benchmarks.speed.before OLD`.\n\n"
        f"{table(header, lines)}\n",
    )


def _turns(name: str, seeds: int, old: Path) -> tuple[list[float], list[float]]:
    """The rates of both sides, turn by turn."""
    sides = [
        subprocess.Popen(
            [sys.executable, "-c", _SIDE, name, str(seeds)],
            cwd=root,
            env=os.environ | THREADS | {"PYTHONPATH": str(root)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for root in (old.resolve(), ROOT)
    ]
    for side in sides:
        _said(side, "ready")
    rates: tuple[list[float], list[float]] = [], []
    for _ in range(TURNS):
        for side, own in zip(sides, rates, strict=True):
            assert side.stdin is not None
            side.stdin.write("\n")
            side.stdin.flush()
            own.append(float(_said(side, "rate")))
    for side in sides:
        side.communicate()
    return rates


def _said(side: "subprocess.Popen[str]", word: str) -> str:
    """What a side says behind a word; the logs of its training are passed over."""
    assert side.stdout is not None
    for line in side.stdout:
        if line.startswith(word):
            return line.removeprefix(word)
    raise RuntimeError("a side has ended; its error stands above")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except UserError as error:
        sys.exit(f"error: {error}")
