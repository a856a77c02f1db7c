"""The tables and figures of docs/comparison, from the results of two studies.

    python -m benchmarks.comparison.page results docs/comparison

Both studies are finished by `make run STUDY=comparison` and `make run STUDY=comparison_agent_steps`.
"""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from meta_rl import files
from meta_rl.contexts import RESULTS
from meta_rl.figures import encoding, style
from meta_rl.metrics import comparisons
from meta_rl.metrics.returns import iqm
from meta_rl.pages.comparisons import interval, number, words
from meta_rl.registry import METHODS
from meta_rl.study import attempt
from meta_rl.tables.columns import BUDGETS, OBSERVED, REGIMES
from meta_rl.tables.markdown import table

STUDIES = "comparison", "comparison_agent_steps"
FIGURES = "return_vs_context", "context_map", "learning_curves", "observed"
ENCODED = "cartpole_tau", "cartpole_length", "pendulum_length"  # all benchmarks make it a yard long


def main(results: Path, folder: Path) -> None:
    """Write `tables.md` and `differences.csv`, and copy the figures."""
    total, agent = (results / study for study in STUDIES)
    differences = pd.concat(
        _differences(pd.read_parquet(study / "tables/metrics.parquet")).assign(study=study.name)
        for study in (total, agent)
    )
    files.write_text(folder / "differences.csv", differences.to_csv(index=False, float_format="%.4g"))
    files.write_text(folder / "tables.md", "\n\n".join(_parts(total, agent)) + "\n")
    for figure in FIGURES:
        shutil.copyfile(total / f"figures/{figure}.png", folder / f"{figure}.png")
    tables = {one.name: pd.read_parquet(total / f"tables/{one.name}.parquet") for one in encoding.TABLES}
    few = {name: rows[rows["benchmark"].isin(ENCODED)] for name, rows in tables.items()}
    with style.context(), files.atomic(folder / "encoding.png") as target:
        encoding.build(few).savefig(target)


def _parts(total: Path, agent: Path) -> Iterator[str]:
    metrics, equal = (pd.read_parquet(study / "tables/metrics.parquet") for study in (total, agent))
    yield "# Tables of the comparison"
    yield "Written by `benchmarks/comparison/page.py`. IQM over runs of the mean return, with 95 % intervals."
    for regime in REGIMES:
        yield f"## Equal env_steps in all, `{regime}`"
        yield _returns(metrics[metrics["information"] == regime])
    yield "## Equal steps of the agents, pretraining beside them"
    yield (
        "Only methods that are pretrained change: here their agents take as many steps as that of `none` does. What\n"
        "is not in this table is in the one above."
    )
    for regime in REGIMES:
        yield f"`{regime}`:"
        yield _returns(equal[equal["information"] == regime])
    for name, frame in (("Equal env_steps in all", metrics), ("Equal steps of the agents", equal)):
        yield f"## {name}: differences that are conclusive"
        yield _verdicts(frame)
    yield "All others are in [differences.csv](differences.csv)."
    yield "## Against the number of observed transitions"
    yield (
        "Transitions of an earlier, unscored episode, whose encoding then stays fixed; other methods are the same\n"
        "everywhere."
    )
    yield _observed(metrics)
    yield "## What knowing the context may be worth"
    yield (
        "Mean return of the reference, the best of specialists and controllers in each context, less that of the one\n"
        "specialist that does best in all of them. 0 means that a policy blind to the context reaches the reference,\n"
        "though it may have been trained outside the train range. More is a rough guide, no bound: one trained\n"
        "in many contexts may do better than every specialist."
    )
    yield _worth(metrics)
    yield "## One-step errors of pretrained encoders"
    yield _predictions(pd.read_parquet(total / "tables/predictions.parquet"))
    yield "## Do the encodings hold the context?"
    yield (
        "R² of a ridge probe of the true context on the encodings of held-out contexts; in brackets with shuffled\n"
        "contexts."
    )
    yield _encodings(metrics)
    yield "## Are the trainings long enough?"
    yield (
        "IQM over runs of the return in training, in its last tenth; in brackets, how much more that is than in the\n"
        "tenth before."
    )
    yield _plateau(pd.read_parquet(total / "tables/learning.parquet"))
    yield "## What it cost"
    for study in (total, agent):
        yield _cost(study)


def _methods(frame: pd.DataFrame) -> list[str]:
    """As in the registry, then the study's variants by name."""
    names = set(frame["method"])
    return [*(name for name in METHODS if name in names), *sorted(names - METHODS.keys())]


def _places(frame: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    for benchmark, rows in frame.groupby("benchmark", sort=False):
        for split in [split for split in RESULTS if split in set(rows["split"])]:
            yield str(benchmark), split, rows[rows["split"] == split]


def _digits(rows: pd.DataFrame) -> int:
    return 0 if rows["estimate"].abs().max() >= 100 else 1


def _returns(metrics: pd.DataFrame) -> str:
    frame = metrics[metrics["metric"] == "iqm_return"]
    methods = _methods(frame)
    lines = []
    for benchmark, split, rows in _places(frame):
        of = {row["method"]: interval(row, _digits(rows)) for row in rows.to_dict("records")}
        lines.append([f"`{benchmark}`", words(split), *(of.get(name, "") for name in methods)])
    return table(["benchmark", "region", *methods], lines)


def _differences(metrics: pd.DataFrame) -> pd.DataFrame:
    """A row per benchmark, region, regime and pair: the difference of mean returns, and p after Holm's correction."""
    keys = ["benchmark", "split", "information", "method", "compared_with"]
    frame = metrics[metrics["compared_with"].notna()]
    of = {name: frame[frame["metric"] == name].set_index(keys) for name in ("return_difference", "p_holm")}
    rows = of["return_difference"][["estimate", "low", "high"]].assign(p=of["p_holm"]["estimate"])
    said = [comparisons.verdict(p, low, high) for low, high, p in rows[["low", "high", "p"]].to_numpy()]
    return rows.assign(verdict=said).reset_index()


def _verdicts(metrics: pd.DataFrame) -> str:
    lines, found = [], _differences(metrics)
    for benchmark, split, rows in _places(found):
        for row in rows[rows["verdict"] != "inconclusive"].to_dict("records"):
            pair = f"{row['method']} - {row['compared_with']}"
            shown = interval(row, _digits(rows))
            lines.append(
                [f"`{benchmark}`", words(split), f"`{row['information']}`", pair, shown, f"{row['p']:.3f}"]
            )
    header = ["benchmark", "region", "information", "pair", "difference of mean returns", "p (Holm)"]
    return f"{len(lines)} of {len(found)} comparisons.\n\n" + table(header, lines)


def _observed(metrics: pd.DataFrame) -> str:
    frame = metrics[(metrics["metric"] == "iqm_return") & metrics["information"].str.startswith(OBSERVED)]
    shown_to = frame["information"].str.removeprefix(OBSERVED)
    budgets = [str(budget) for budget in BUDGETS if str(budget) in set(shown_to)]
    lines = []
    for benchmark, split, rows in _places(frame):
        for name in _methods(rows):
            of = rows[rows["method"] == name].set_index("information").to_dict("index")
            shown = [interval(of[OBSERVED + budget], _digits(rows)) for budget in budgets]
            lines.append([f"`{benchmark}`", words(split), name, *shown])
    return table(["benchmark", "region", "method", *budgets], lines)


def _worth(metrics: pd.DataFrame) -> str:
    frame = metrics[metrics["metric"] == "context_value"]
    lines = [
        [f"`{benchmark}`", words(split), number(rows["estimate"].iloc[0], 1)]
        for benchmark, split, rows in _places(frame)
    ]
    return table(["benchmark", "region", "context value"], lines)


def _predictions(predictions: pd.DataFrame) -> str:
    lines = []
    for (benchmark, method), rows in predictions.groupby(["benchmark", "method"], sort=False):
        for _, split, own in _places(rows):
            errors = own.groupby(["predictor", "window"])["error"].median()
            encoder = ", ".join(f"{error:.2g} ({k})" for k, error in errors["encoder"].items())
            none, true = errors["none", 0], errors["true_context", 0]
            lines.append([f"`{benchmark}`", method, words(split), f"{none:.2g}", encoder, f"{true:.2g}"])
    header = [
        "benchmark",
        "method",
        "region",
        "told nothing",
        "encoding (of so many transitions)",
        "true context",
    ]
    return table(header, lines)


def _encodings(metrics: pd.DataFrame) -> str:
    frame = metrics[metrics["metric"].str.startswith("encoding_r2")]
    methods = _methods(frame)
    lines = []
    for benchmark, split, rows in _places(frame):
        for regime, own in rows.groupby("information"):
            of = own.set_index(["method", "metric"])["estimate"]
            cells = [
                f"{number(of[name, 'encoding_r2'], 2)} ({number(of[name, 'encoding_r2_shuffled'], 2)})"
                if (name, "encoding_r2") in of
                else ""
                for name in methods
            ]
            lines.append([f"`{benchmark}`", words(split), f"`{regime}`", *cells])
    return table(["benchmark", "region", "information", *methods], lines)


def _plateau(learning: pd.DataFrame) -> str:
    frame = learning[learning["metric"] == "episode_return"]
    methods, lines = _methods(frame), []
    for benchmark, rows in frame.groupby("benchmark", sort=False):
        cells = []
        for name in methods:
            own = rows[rows["method"] == name]
            part = own["env_steps"] / own["env_steps"].max()
            last, before = (
                own[(part > low) & (part <= low + 0.1)].groupby("seed")["value"].mean() for low in (0.9, 0.8)
            )
            gain = float(iqm(last.to_numpy()) - iqm(before.to_numpy()))
            cells.append(f"{float(iqm(last.to_numpy())):.0f} ({gain:+.0f})")
        lines.append([f"`{benchmark}`", *cells])
    return table(["benchmark", *methods], lines)


def _cost(study: Path) -> str:
    """What the attempts at its jobs cost."""
    spent = attempt.costs(study / "logs")
    lines = [
        [step, f"{one['attempts']}", f"{one['cpu_s'] / 60:.1f}", f"{one['peak_mb']:.0f}"]
        for step, one in spent.items()
    ]
    hours = sum(one["cpu_s"] for one in spent.values()) / 3600
    header = ["stage", "attempts", "CPU minutes", "largest, MB"]
    return f"`{study.name}`, {hours:.1f} CPU hours of single-threaded jobs:\n\n" + table(header, lines)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
