"""Pages of the published benchmarks, one per environment, written from the registry.

    python -m meta_rl.pages.benchmarks docs/benchmarks

What `meta_rl.checks.feasibility` has left in the folder, and `make worth` in docs/worth, becomes a part of them.
"""

import importlib
import inspect
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from meta_rl import files, registry
from meta_rl.benchmarks.base import Benchmark
from meta_rl.benchmarks.published import BENCHMARKS
from meta_rl.contexts import ContextSpace, Factor
from meta_rl.envs.base import Environment
from meta_rl.figures import context_space, style
from meta_rl.tables.markdown import table

MEASURED, WORTH = "feasibility.csv", "worth/worth.csv"
_TRAIN_SETS = {"A": "box", "B": "L-shape", "C": "axes"}
_UNKNOWN = (
    "Which of its contexts can be solved is not known: the environment has no controller, and that agents fail proves\n"
    "nothing."
)


def main(folder: Path) -> None:
    """Write `{environment}.md`, a picture of each context space and an index; raises nothing of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    measured, worth = _rows(folder / MEASURED), _rows(folder.parent / WORTH)
    pages = {name: _page(name, measured, worth) for name in registry.ENVS}
    for name, text in pages.items():
        files.write_text(folder / f"{name}.md", text)
    for name, benchmark in BENCHMARKS.items():
        with style.context(), files.atomic(folder / f"{name}.png") as temporary:
            figure = context_space.draw(space(benchmark))
            figure.savefig(temporary, format="png", dpi=150, metadata={"Software": None})
    files.write_text(folder / "README.md", _index(len(measured.keys() & BENCHMARKS.keys()), worth))


def _rows(file: Path) -> dict[Any, pd.DataFrame]:
    """Of each benchmark in a table; none where it is not there."""
    return dict(list(pd.read_csv(file).groupby("benchmark"))) if file.is_file() else {}


def space(benchmark: Benchmark) -> ContextSpace:
    """The context space of a published benchmark."""
    environment: Environment = registry.load("environment", benchmark.environment)
    return ContextSpace.of(environment.features, *benchmark.space)


def _index(measured: int, worth: Mapping[str, pd.DataFrame]) -> str:
    rows = [
        (
            f"[`{name}`]({one.environment}.md#{name})",
            one.environment,
            ", ".join(f"`{feature}`" for feature in one.features),
            ", ".join(one.agents),
            _tier(worth.get(name)),
            "a cluster" if one.cluster else "",
        )
        for name, one in BENCHMARKS.items()
    ]
    header = ("benchmark", "environment", "features that vary", "agents", "worth", "full size takes")
    others = ", ".join(
        f"[{name}]({name}.md)"
        for name in registry.ENVS
        if all(one.environment != name for one in BENCHMARKS.values())
    )
    feasible = (
        f"Which contexts can be solved was measured for {measured} of the {len(BENCHMARKS)} benchmarks, by\n"
        f"`python -m meta_rl.checks.feasibility`: their pages and [{MEASURED}]({MEASURED}) say it. It takes an\n"
        "environment with a controller.\n\n"
    )
    return (
        "# Benchmarks\n\n"
        "A published benchmark fixes an environment, the features that vary and their ranges under a name. A study\n"
        "names it and says how many contexts and which agents it takes; any other environment, feature or range can\n"
        "be had by a name of one's own (see [config/README.md](../../config/README.md)).\n\n"
        f"{table(header, rows)}\n\n"
        "Worth: A where knowing the context is worth something to an agent in one region at least, as\n"
        "[docs/worth](../worth/README.md) measures it. Only these belong into a headline. Elsewhere it is not shown\n"
        "to be worth anything, and a comparison is a sanity check. No entry: not measured.\n\n"
        f"{feasible if measured else ''}"
        f"Environments without a published benchmark: {others}.\n\n"
        "`make gate` shows that every feature acts, alone and as an independent reference says. These pages are\n"
        "written by `make docs`.\n"
    )


def _tier(worth: pd.DataFrame | None) -> str:
    if worth is None:
        return ""
    return "A" if "A" in set(worth["tier"]) else "sanity check"


def _page(name: str, measured: Mapping[str, pd.DataFrame], worth: Mapping[str, pd.DataFrame]) -> str:
    environment: Environment = registry.load("environment", name)
    published = {key: one for key, one in BENCHMARKS.items() if one.environment == name}
    parts = [
        f"# {name}",
        _description(name, environment),
        "\n".join(_facts(environment)),
        "## Context features\n\n" + "\n\n".join(_features(environment)),
    ]
    if published:
        parts.append("## Benchmarks")
    for key, benchmark in published.items():
        parts.append(_benchmark(key, benchmark))
        if key in measured:
            parts.append(_feasible(measured[key]))
        elif not environment.controllers:
            parts.append(_UNKNOWN)
        if key in worth:
            parts.append(_worth(worth[key]))
    parts.append("## References and limits\n\n" + "\n".join(_references(environment)))
    return "\n\n".join(parts) + "\n"


def _description(name: str, environment: Environment) -> str:
    """What the module says of itself, or the class where the module only finds it by name."""
    module, _, member = registry.ENVS[name].module.partition(":")
    kind = type(environment)
    return (
        inspect.cleandoc(kind.__doc__ or "") if member and kind.__module__ != module else _module_doc(module)
    )


def _module_doc(module: str) -> str:
    return inspect.getdoc(importlib.import_module(module)) or ""


def _facts(environment: Environment) -> Iterator[str]:
    spaces = environment.spaces
    kind = f"{spaces.action} discrete" if spaces.discrete else f"{spaces.action} in ±{spaces.limit:g}"
    yield f"- observations: {spaces.observation} numbers; actions: {kind}"
    yield f"- horizon: {environment.horizon} steps, after which an episode is truncated"
    yield f"- a context counts as solved from a mean return of {environment.success:g}"
    carried = "(s, a, s', r): the context acts on the reward" if spaces.rewarded else "(s, a, s')"
    yield f"- windows hold transitions {carried}"


def _features(environment: Environment) -> Iterator[str]:
    header = ("feature", "default", "bounds", "unit")
    yield table(
        header,
        [
            (f"`{one.name}`", f"{one.default:g}", f"[{one.low:g}, {one.high:g}]", one.unit)
            for one in environment.features
        ],
    )
    if environment.carl:
        same = f"Names, defaults and bounds are those of carl-bench's {environment.carl}"
        yield _list(f"{same}, but for:", environment.deviations) if environment.deviations else f"{same}."
    if environment.refused:
        yield _list("Cannot vary:", environment.refused)


def _list(title: str, reasons: Mapping[str, str]) -> str:
    return "\n".join([title, "", *(f"- `{feature}`: {reason}" for feature, reason in reasons.items())])


def _benchmark(name: str, benchmark: Benchmark) -> str:
    of = space(benchmark)
    header = ["feature", "train", "extrapolation"]
    rows = [
        [_varied(factor), _places(factor, factor.train), _places(factor, factor.extrapolation)]
        for factor in of.factors
    ]
    if any(len(factor.interpolation) for factor in of.factors):
        for line, factor in zip([header, *rows], [None, *of.factors], strict=True):
            line.insert(2, _places(factor, factor.interpolation) if factor else "between")
    boxes = "".join(_boxes(of, region) for region in of.boxes)
    train_set = ""
    if len(rows) > 1:
        train_set = f" Train set {benchmark.train_set} ({_TRAIN_SETS[benchmark.train_set]}); regions: " + (
            ", ".join(of.regions) + "."
        )
    full = " At full size it takes a cluster." if benchmark.cluster else ""
    note = f" {benchmark.note}" if benchmark.note else ""
    source = f"Source: {benchmark.source}\n\n" if benchmark.source else ""
    differs = f"What else is not as there: {benchmark.differs}\n\n" if benchmark.differs else ""
    plane = ", of which the picture shows the first two features" if len(rows) > 2 else ""
    return (
        f"### {name}\n\n"
        f"{table(header, rows)}\n\n{boxes}"
        f"Agents: {', '.join(benchmark.agents)}.{full}{train_set}{note}\n\n"
        f"{source}{differs}"
        f"![The context space of {name}{plane}]({name}.png)"
    )


def _varied(factor: Factor) -> str:
    return ", ".join(f"`{feature.name}`" for feature in factor.features)


def _places(factor: Factor, pieces: np.ndarray) -> str:
    """`x[0.2, 2.2] (1.96 to 21.56 m/s^2)`, or `x0.2 (1.96 m/s^2)`; of tied features the multipliers alone."""
    texts = []
    for low, high in pieces:
        place = f"x{low:g}" if low == high else f"x[{low:g}, {high:g}]"
        if len(factor.features) == 1:
            (feature,) = factor.features
            ends = dict.fromkeys(f"{feature.default * end:.4g}" for end in (low, high))
            place += f" ({' to '.join(ends)} {feature.unit})"
        texts.append(place)
    return "; ".join(texts)


def _boxes(of: ContextSpace, region: str) -> str:
    """A list of what belongs together, a line per box."""
    lines = []
    for part in of.boxes[region]:
        paired = zip(of.factors, part.pieces, strict=True)
        lines.append("- " + ", ".join(f"{_varied(factor)} {_places(factor, own)}" for factor, own in paired))
    return "\n".join([f"Boxes of {region}:", "", *lines]) + "\n\n"


def _feasible(measured: pd.DataFrame) -> str:
    """The rows of one benchmark in `MEASURED`, for readers."""
    header = {
        "region": "region",
        "contexts": "contexts",
        "episodes": "episodes in each",
        "solvable_true": "solved",
        "solvable_false": "impossible",
        "solvable_unknown": "unknown",
        "random": "random",
        "reference": "reference",
        "context_value": "worth of the context",
    }
    lines = measured[list(header)].astype(object).to_numpy().tolist()
    rows = [[f"{value:.4g}" if isinstance(value, float) else str(value) for value in line] for line in lines]
    return (
        f"{table(header.values(), rows)}\n\n"
        "Contexts that a controller solves, that are beyond a limit, or neither; but for the impossible ones, mean\n"
        "returns of random actions and of the best member, and what the controllers lose when they believe in one\n"
        "context everywhere. Where that is about 0, one policy serves all contexts, and knowing the context is worth\n"
        "nothing."
    )


def _worth(measured: pd.DataFrame) -> str:
    """The rows of one benchmark in `WORTH`, in a sentence."""
    regions = "; ".join(
        f"{row['region'].replace('_', ' ')} {row['share']:.2f} ({'tier A' if row['tier'] == 'A' else row['tier']})"
        for row in measured.to_dict("records")
    )
    return (
        "Worth of the context to an agent, as a share of (reference - random), by the rule of\n"
        f"[docs/worth](../worth/README.md): {regions}."
    )


def _references(environment: Environment) -> Iterator[str]:
    for controller in ("random", *environment.controllers):
        summary = _module_doc(registry.CONTROLLERS[controller].module).split("\n\n")[0].replace("\n", " ")
        yield f"- `{controller}`: {summary}"
    yield "- specialists: agents trained in one context only, on a grid or a sample of the ranges"
    for feature, (multiplier, reason) in environment.limits.items():
        yield f"- beyond x{multiplier:g} of `{feature}`, all else at its default, nothing can succeed: {reason}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
