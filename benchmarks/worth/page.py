"""docs/worth: a table of all regions, and a bar for each."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from benchmarks.worth.candidates import EPISODES, SEEDS, SNAPSHOTS
from benchmarks.worth.kept import TABLES, Job, read
from benchmarks.worth.summary import SHARE, worth
from meta_rl import files
from meta_rl.figures import style
from meta_rl.pages.comparisons import number, words
from meta_rl.tables.markdown import table

_COLOURS = {"A": "#0072b2", "sanity check": "#b0b0b0"}
_LABELS = {"A": f"tier A: {SHARE:g} at least, interval above 0", "sanity check": "sanity check"}
_FARTHEST = 1.2  # end of the axis: intervals may go on beyond it
_HEADER = (
    "benchmark", "region", "agent", "env_steps", "random", "reference", "best that knows", "best blind",
    "worth [95 % interval]", "of reference - random", "still rising", "tier",
)  # fmt: skip


def write(jobs: Sequence[Job], folder: Path) -> None:
    """Write `returns.csv`, `learning.csv`, `worth.csv`, `table.md` and `worth.png`, of all jobs that are finished."""
    measured = [(job, record) for job in jobs if (record := job.record)]
    tables: dict[str, list[pd.DataFrame]] = {name: [] for name in TABLES}
    lines = []
    for job, record in measured:
        where = {"benchmark": job.candidate.benchmark, "region": job.region}
        frames = read(job)
        for name, frame in zip(TABLES, frames, strict=True):
            tables[name].append(frame.assign(**where)[[*where, *frame.columns]])
        said = {"agent": job.candidate.agent, "env_steps": job.candidate.env_steps}
        lines.append(where | said | worth(*frames) | {"cpu_s": record["cpu_s"]})
    for name, parts in tables.items():
        files.write_text(folder / f"{name}.csv", pd.concat(parts).to_csv(index=False, float_format="%.6g"))
    frame = pd.DataFrame(lines).sort_values(["share", "benchmark", "region"], ascending=False)
    files.write_text(folder / "worth.csv", frame.to_csv(index=False, float_format="%.4g"))
    files.write_text(folder / "table.md", _text(frame, jobs))
    with style.context(), files.atomic(folder / "worth.png") as target:
        _bars(frame).savefig(target, format="png", dpi=150, metadata={"Software": None})


def _text(frame: pd.DataFrame, jobs: Sequence[Job]) -> str:
    core = sorted({row.benchmark for row in frame.itertuples() if row.tier == "A"})
    known = set(zip(frame["benchmark"], frame["region"], strict=True))
    left = [job for job in jobs if (job.candidate.benchmark, job.region) not in known]
    whole = sorted({job.candidate.benchmark for job in left} - set(frame["benchmark"]))
    lacking = f" Not measured yet: {len(left)} other regions" if left else ""
    lacking += f", all of {', '.join(whole)} among them." if whole else "." if left else ""
    return (
        f"Written by `make worth`: {len(frame)} regions of {frame['benchmark'].nunique()} benchmarks, {SEEDS} runs of "
        f"every policy, {EPISODES} episodes in each context, played by {SNAPSHOTS} snapshots of each run; "
        f"{frame['cpu_s'].sum() / 3600:.1f} CPU hours.{lacking} `env_steps` are those of a specialist; a generalist "
        "has as many for every context. Sorted by the share of (reference - random) that knowing the context is worth; "
        f"tier A from {SHARE:.0%} on, where the interval lies above 0, too. Still rising: how much of "
        "(reference - random) the better of the two sides' trainings gained in its last four tenths.\n\n"
        f"The core suite, the benchmarks with a region of tier A: {', '.join(core) or 'none'}.\n\n"
        f"{table(_HEADER, map(_line, frame.to_dict('records')))}\n"
    )


def _line(row: dict[Any, Any]) -> list[str]:
    digits = 0 if max(abs(row["random"]), abs(row["reference"])) >= 100 else 1
    gain = number(row["worth"], digits)
    if not math.isnan(row["low"]):
        gain += f" [{number(row['low'], digits)}, {number(row['high'], digits)}]"
    returns = (number(row[name], digits) for name in ("random", "reference"))
    best = (f"{number(row[name], digits)} ({row[f'{name}_by']})" for name in ("told", "blind"))
    shares = (number(row[name], 2) for name in ("share", "rising"))
    where = row["benchmark"], words(row["region"]), row["agent"], f"{row['env_steps']:,}"
    return [*where, *returns, *best, gain, *shares, row["tier"]]


def _bars(frame: pd.DataFrame) -> Figure:
    """The share of each region with its interval, the largest on top."""
    scale = (frame["reference"] - frame["random"]).to_numpy()
    share, low, high = (frame[name].to_numpy() / scale for name in ("worth", "low", "high"))
    figure = Figure(figsize=(style.WIDTH, 1.1 + 0.2 * len(frame)), layout="constrained")
    ax = figure.subplots()
    places = np.arange(len(frame))
    for tier, colour in _COLOURS.items():
        own = (frame["tier"] == tier).to_numpy()
        ax.barh(places[own], share[own], color=colour, height=0.7, label=_LABELS[tier])
    ax.hlines(places, low, high, color=style.INK, linewidth=1)
    ax.plot(share, places, ".", color=style.INK, markersize=3)  # a bar of no length is not seen
    ax.axvline(0, color=style.INK, linewidth=0.8)
    ax.axvline(SHARE, color=style.INK, linewidth=0.8, linestyle=":")
    ax.set_yticks(places, frame["benchmark"] + ", " + frame["region"].map(words))
    ax.set_ylim(len(frame) - 0.4, -0.6)
    left, right = ax.get_xlim()
    ax.set_xlim(max(left, -_FARTHEST), min(right, _FARTHEST))
    ax.set_xlabel("worth of the context / (reference - random)")
    figure.legend(loc="outside upper right", ncols=2, frameon=False)
    return figure
