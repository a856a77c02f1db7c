"""The page that `make tuning-comparison` writes: returns on test seeds, traces, importances and incumbents."""

import json
import platform
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from meta_rl import files, registry
from meta_rl.contexts import EXTRAPOLATION, INTERPOLATION
from meta_rl.figures import style, tuning_traces
from meta_rl.metrics import tuning
from meta_rl.metrics.intervals import interval
from meta_rl.metrics.returns import iqm
from meta_rl.study.candidates import rungs
from meta_rl.study.study import Study
from meta_rl.tables.markdown import table

NAMES = {"default": "default settings", "random": "random search", "dehb": "DEHB"}
_REGIONS = (INTERPOLATION, EXTRAPOLATION)
_LEAST_FIT = 0.1  # R², below which the importances of a forest say nothing


@dataclass(frozen=True)
class Results:
    """Trials and evaluations of all jobs, each with its case, contestant and repetition."""

    trials: pd.DataFrame
    evaluation: pd.DataFrame
    studies: dict[str, Study]


def settings(best: dict[Any, Any]) -> dict[str, Any]:
    """The agent's settings of an incumbent, a row of `tuning.incumbents`."""
    return json.loads(best["settings"])


def write(results: Results, folder: Path, size: str) -> None:
    """README.md and traces.png."""
    scored = _scored(results)
    with style.context(), files.atomic(folder / "traces.png") as target:
        tuning_traces.build(_traces(results), {}).savefig(target)
    files.write_text(folder / "README.md", "\n\n".join(_parts(results, scored, size)) + "\n")


def returns_on_test_seeds(evaluation: pd.DataFrame) -> pd.DataFrame:
    """Per case, region, contestant and repetition the IQM over test seeds of the mean return over contexts."""
    regions = evaluation[evaluation["split"].isin(_REGIONS)]
    keys = ["case", "split", "contestant", "repetition"]
    runs = regions.groupby([*keys, "seed"])["episode_return"].mean()
    return runs.groupby(keys).agg(lambda values: float(iqm(values.to_numpy()))).reset_index()


def _parts(results: Results, scored: pd.DataFrame, size: str) -> Iterator[str]:
    returns = returns_on_test_seeds(results.evaluation)
    yield "# Does tuning help?"
    if size != "full":
        yield "**Tiny size: this shows that it runs. The numbers mean nothing.**"
    yield _intro(results)
    yield "## Returns on test seeds, in test contexts"
    yield "\n".join(_verdicts(returns))
    yield table(
        ["", "region", *NAMES.values(), "DEHB - default", "DEHB - random search"], _comparisons(returns)
    )
    yield (
        "Per repetition the IQM over test seeds of the mean return over test contexts; then the mean over\n"
        "repetitions, with its 95 % t interval, and each repetition's value in brackets. Differences are paired by\n"
        "repetition, whose contestants share test seeds, contexts and initial states. **Bold**: the interval does not\n"
        "hold 0. Intervals are not corrected for how many there are. All repetitions have the same contexts: the\n"
        "intervals are about seeds and about what a tuning happens to find."
    )
    yield _test_runs(results.evaluation)
    yield "## Incumbents over time"
    yield "![Incumbents' validation returns against environment steps](traces.png)"
    yield "## Cost"
    yield table(
        [
            "",
            "optimiser",
            "candidates per tuning",
            "trained to the end",
            "diverged runs",
            "env_steps per tuning, all seeds",
            "core hours per tuning",
        ],
        _costs(scored),
    )
    yield "The defaults cost nothing."
    yield "## What was searched"
    yield table(["", "setting", "from", "scale", "default"], _space(results))
    yield "## What the settings matter"
    yield (
        "Permutation importance (scikit-learn) of random forests that predict a candidate's rank among those of its\n"
        "tuning that were trained as long, over all trials of both optimisers, on settings that the forest has not\n"
        "seen: how much of its R² is lost when a setting is shuffled."
    )
    yield table(
        ["", "R² on settings not seen", "settings, the most important first"], _importances(results, scored)
    )
    yield "## Incumbents"
    yield (
        "Validation returns are the best of several noisy ones, so they are higher than what the settings return on\n"
        "new seeds, and the more so the more candidates were trained to the end."
    )
    yield table(
        ["", "optimiser", "repetition", "validation return", "of the default", "settings"],
        _incumbents(scored),
    )


def _intro(results: Results) -> str:
    lines = []
    for case, study in results.studies.items():
        ((benchmark, own),) = study.config["tune"]["benchmarks"].items()
        steps, seeds = own["env_steps"], study.config["seeds"]
        shortest = rungs(steps["min"], steps["max"])[-1]
        ((agent, _),) = own["search"].items()
        lines.append(
            f"- {case}: `{agent}` on `{benchmark}`, {steps['max']:,} env_steps; a tuning may spend {steps['total']:,}\n"
            f"  on each of {seeds['tuning']['count']} tuning seeds, in candidates of {shortest:,} to "
            f"{steps['max']:,}; {seeds['per_job']} test seeds per repetition"
        )
    repetitions = results.trials["repetition"].nunique()
    packages = ("DEHB", "ConfigSpace", "scikit-learn", "torch", "numpy")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"Written by `make tuning-comparison`: {repetitions} repetitions of each tuning, with tuning and test seeds\n"
        "of their own; the same search space (of `SEARCH` in the agent's module what `CASES` of\n"
        "benchmarks/tuning/cases.py leaves) and budget for both optimisers, whose\n"
        "first candidate is the default.\n\n"
        + "\n".join(lines)
        + f"\n\n{platform.machine()}, Python {platform.python_version()}, {versions}."
    )


def _verdicts(returns: pd.DataFrame) -> Iterator[str]:
    """A line per case, region and opponent."""
    for (case, split), rows in returns.groupby(["case", "split"]):
        for other, difference in _differences(rows).items():
            low, high = interval(difference, "mean")
            said = "beats" if low > 0 else "is worse than" if high < 0 else "cannot be told from"
            yield f"- {case}, {split}: DEHB {said} {NAMES[other]}."


def _differences(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """DEHB's return less that of each opponent, a value per repetition."""
    wide = rows.pivot(index="repetition", columns="contestant", values="episode_return")
    return {other: (wide["dehb"] - wide[other]).to_numpy() for other in ("default", "random")}


def _shown(values: np.ndarray, bold: bool = False) -> str:
    low, high = interval(values, "mean")
    text = f"{values.mean():.1f}" + (f" [{low:.1f}, {high:.1f}]" if np.isfinite(low) else "")
    each = ", ".join(f"{value:.1f}" for value in values)
    return f"{f'**{text}**' if bold and (low > 0 or high < 0) else text} ({each})"


def _comparisons(returns: pd.DataFrame) -> Iterator[list[str]]:
    for (case, split), rows in returns.groupby(["case", "split"]):
        wide = rows.pivot(index="repetition", columns="contestant", values="episode_return")
        yield [
            str(case),
            str(split),
            *(_shown(wide[name].to_numpy()) for name in NAMES),
            *(_shown(one, bold=True) for one in _differences(rows).values()),
        ]


def _test_runs(evaluation: pd.DataFrame) -> str:
    """How many trainings on test seeds there were, and which contestants' diverged."""
    keys = ["case", "contestant", "repetition", "seed"]
    runs = evaluation.assign(diverged=evaluation["status"] == "diverged").groupby(keys)["diverged"].any()
    per_case = runs.groupby(["case", "contestant"]).sum()
    lines = [f"{case} with {NAMES[name]}: {count}" for (case, name), count in per_case.items() if count]
    return f"Of {len(runs)} trainings on test seeds {runs.sum()} diverged" + (
        f" ({'; '.join(lines)}); they count with what they returned." if lines else "."
    )


def _scored(results: Results) -> pd.DataFrame:
    """The scores of all trials, by case and contestant."""
    frames = [
        tuning.scores(rows).assign(case=case, contestant=contestant)
        for (case, contestant), rows in results.trials.groupby(["case", "contestant"])
    ]
    return pd.concat(frames, ignore_index=True)


def _traces(results: Results) -> pd.DataFrame:
    """A line per optimiser in the place of methods."""
    return tuning.traces(tuning.scores(results.trials.assign(method=results.trials["contestant"].map(NAMES))))


def _costs(scored: pd.DataFrame) -> Iterator[list[str]]:
    for (case, contestant), rows in scored.groupby(["case", "contestant"]):
        each = rows.groupby("repetition")
        yield [
            str(case),
            NAMES[str(contestant)],
            f"{each.size().mean():.0f}",
            f"{(rows['rung'] == 0).groupby(rows['repetition']).sum().mean():.0f}",
            str(rows["failures"].sum()),
            f"{each['env_steps'].sum().mean():,.0f}",
            f"{each['seconds'].sum().mean() / 3600:.2f}",
        ]


def _importances(results: Results, scored: pd.DataFrame) -> Iterator[list[str]]:
    for case, rows in scored.groupby("case"):
        ((_, own),) = results.studies[str(case)].config["tune"]["benchmarks"].items()
        ((_, search),) = own["search"].items()
        found = tuning.importance(rows, search)
        if found.empty:
            yield [str(case), "", "all candidates score the same"]
            continue
        fit = found["fit"].iloc[0]
        listed = (f"{one.setting} {one.importance:.2f} ± {one.std:.2f}" for one in found.itertuples())
        yield [str(case), f"{fit:.2f}", ", ".join(listed) if fit > _LEAST_FIT else "too little to say"]


def _space(results: Results) -> Iterator[list[str]]:
    for case, study in results.studies.items():
        ((_, own),) = study.config["tune"]["benchmarks"].items()
        ((agent, search),) = own["search"].items()
        defaults = asdict(registry.load("agent", agent).Config())
        for name, one in search.items():
            yield [
                case,
                f"`{name}`",
                ", ".join(map(_plain, one["values"])),
                one["scale"],
                _plain(defaults[name]),
            ]


def _incumbents(scored: pd.DataFrame) -> Iterator[list[str]]:
    for (case, contestant), rows in scored.groupby(["case", "contestant"]):
        default = rows[rows["source"] == "default"].set_index("repetition")["score"]
        for best in tuning.incumbents(rows).to_dict("records"):
            listed = ", ".join(f"{name} {_plain(value)}" for name, value in settings(best).items())
            yield [
                str(case),
                NAMES[str(contestant)],
                str(best["repetition"]),
                f"{best['score']:.1f}",
                f"{default[best['repetition']]:.1f}",
                "the default's" if best["source"] == "default" else listed,
            ]


def _plain(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
