"""The pictures of what `make bench` measured."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import seaborn
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from benchmarks.speed.contest import Result
from meta_rl import files
from meta_rl.figures import style

Cost = tuple[float, float]  # CPU seconds per iteration of the loop, MB


def draw_ratios(agents: dict[str, dict[str, Result]], path: Path) -> None:
    """For each case, how many times as fast as each other one the first contestant is; bars span the turns."""
    first, *others = dict.fromkeys(name for results in agents.values() for name in results)
    with style.context():
        figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
        height = 0.8 / len(others)
        colours = seaborn.color_palette("colorblind", len(others))
        for place, (other, colour) in enumerate(zip(others, colours, strict=True)):
            at, ratios, errors = [], [], []
            for row, results in enumerate(agents.values()):
                best, one = results[first], results[other]
                at.append(row + (place - (len(others) - 1) / 2) * height)
                ratios.append(best.rate / one.rate)
                errors.append((ratios[-1] - best.low / one.high, best.high / one.low - ratios[-1]))
            axes.barh(
                at, ratios, height, xerr=np.transpose(errors), label=other, color=colour, error_kw={"lw": 0.8}
            )
        axes.axvline(1, color="black", lw=0.8)
        axes.set_yticks(range(len(agents)), list(agents))
        axes.invert_yaxis()
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator([0.5, 1, 2, 5, 10, 20, 50]))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel(f"times as fast per core: {first} to")
        figure.legend(loc="outside upper center", ncols=len(others), frameon=False)
        _save(figure, path)


def draw_floors(ratios: dict[str, float], path: Path) -> None:
    """For each case, how many times as long as its floor an iteration takes."""
    with style.context():
        figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
        bars = axes.barh(list(ratios), list(ratios.values()), color=seaborn.color_palette("colorblind")[0])
        axes.bar_label(bars, fmt="{:.1f}", padding=2)
        axes.axvline(1, color="black", lw=0.8)
        axes.invert_yaxis()
        axes.set_xlabel("times the arithmetic of the networks at the peak of the core")
        _save(figure, path)


def draw_sweeps(sweeps: dict[str, dict[int, Cost]], path: Path) -> None:
    """Time and memory against each of what makes a job larger, with the straight line through first and last."""
    with style.context():
        figure, grid = plt.subplots(2, len(sweeps), figsize=(2.6 * len(sweeps), 4.4), layout="constrained")
        for column, (name, costs) in zip(grid.T, sweeps.items(), strict=True):
            points = np.array(list(costs))
            for axes, values, label in zip(
                column, np.transpose(list(costs.values())), ("ms per iteration", "MB"), strict=True
            ):
                shown = values * (1e3 if label.startswith("ms") else 1)
                axes.plot(points, shown, "o-")
                axes.plot(points[[0, -1]], shown[[0, -1]], ":", color="grey")
                axes.set_ylim(0, 1.08 * shown.max())
                axes.set_xlim(0, 1.08 * points[-1])
                axes.set_ylabel(label)
            column[-1].set_xlabel(name)
        _save(figure, path)


def _save(figure: plt.Figure, path: Path) -> None:
    with files.atomic(path) as temporary:
        figure.savefig(temporary, format="png", dpi=150, metadata={"Software": None})
    plt.close(figure)
