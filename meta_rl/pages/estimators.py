"""Pages of the estimators of doubt, one each, written from the registry and the docstrings.

    python -m meta_rl.pages.estimators docs/uncertainty

What `benchmarks/speed/doubt.py` has measured and left in the folder becomes a part of them.
"""

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from meta_rl import files, registry, settings
from meta_rl.contexts import DEVELOPMENT
from meta_rl.entries import SIGNALS
from meta_rl.registry import Entry
from meta_rl.tables.markdown import table

MEASURED, INDEX = "costs.csv", "estimators.md"
TRAINING = "training"  # a row of what was measured that is no estimator
_SEEN = {
    "context": "the true context",
    "policy": "what the policy says of its actions there",
    "epistemic": "how the agent's critics disagree there",
    "aleatoric": "what spread of returns the agent's critics expect there",
    "encoding": "z there, as the method tells the agent",
    "doubts": "the doubts of others",
}
_PRIVILEGED = {
    "context": "it is told the context, which an agent that is deployed may not know",
    "shortfall": "it is told how far the policy falls short of references, if not where it is scored",
}


def main(folder: Path) -> None:
    """Write `{estimator}.md` and an index."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / MEASURED
    measured = pd.read_csv(file, index_col="estimator") if file.is_file() else None
    for name, entry in registry.ESTIMATORS.items():
        files.write_text(folder / f"{name}.md", page(name, entry, measured))
    files.write_text(folder / INDEX, _index(measured))


def page(name: str, entry: Entry, measured: pd.DataFrame | None = None) -> str:
    """What an estimator computes, sees and is fitted on, where it is defined, and what it costs."""
    parts = [f"# {name}", *_described(name, entry), "\n".join(_facts(name, entry))]
    own = settings.read(entry.module)
    if own:
        rows = [(f"`{key}`", f"`{one.default}`", one.meaning) for key, one in own.items()]
        parts.append("## Settings\n\n" + table(("setting", "default", "meaning"), rows))
    if measured is not None and name in measured.index:
        parts.append(f"## Cost\n\n{_cost(measured, name)}\n\n{_MEASURED}")
    return "\n\n".join(parts) + "\n"


def _described(name: str, entry: Entry) -> Iterator[str]:
    """The module's docstring, behind the member's own where the module offers several."""
    build = registry.load("estimator", name).build
    if ":" in entry.module:
        yield inspect.getdoc(build) or ""
    yield inspect.getdoc(inspect.getmodule(build)) or ""


def _facts(name: str, entry: Entry) -> Iterator[str]:
    yield f"- sees: {_seen(name, entry)}"
    yield f"- fitted on: {_fitted(entry)}"
    yield f"- defined for: {_defined(entry)}"
    if "transitions" in entry.needs:
        yield "- with a budget of 0: no doubt, as it takes transitions"
    for need in sorted(entry.needs & _PRIVILEGED.keys()):
        yield f"- privileged: {_PRIVILEGED[need]}"


def _seen(name: str, entry: Entry) -> str:
    if name in registry.FLOORS:
        return "nothing"
    window = [] if "context" in entry.needs else ["a window"]
    return ", ".join(window + [_SEEN[need] for need in _SEEN if need in entry.needs])


def _fitted(entry: Entry) -> str:
    if not entry.fits:
        return "nothing"
    splits = [split for split in DEVELOPMENT if split in entry.needs]
    told = "returns" if splits else "windows"
    if "shortfall" in entry.needs:
        told = "how far the policy falls short there"
    return f"{' and '.join(splits) or 'own train'} contexts: {told}"


def _defined(entry: Entry) -> str:
    agents = [f"`{name}`" for name, line in registry.AGENTS.items() if entry.needs & SIGNALS <= line.signals]
    everyone = "every agent" if len(agents) == len(registry.AGENTS) else ", ".join(agents)
    return f"{everyone}, {'methods that infer the context' if 'encoding' in entry.needs else 'every method'}"


def _cost(measured: pd.DataFrame, *names: str) -> str:
    training = measured.loc[TRAINING, "fit"]
    rows = [
        (f"`{name}`", f"{one['fit']:.1f}", f"{one['ask']:.1f}", f"{(one['fit'] + one['ask']) / training:.1%}",
         f"{one['memory']:.0f}")
        for name, one in measured.loc[list(names)].iterrows()
    ]  # fmt: skip
    return table(("estimator", "fit [CPU s]", "ask [CPU s]", "of a training", "MB"), rows)


_MEASURED = """\
For a block of 5 runs, 100 train contexts and 300 contexts to doubt, at the budgets 0, 50 and an episode of 500 steps,
on one thread; what is fitted for each budget was fitted three times. The training beside it is that of the same block:
DQN with its defaults on CartPole, 80,000 env_steps a run. The memory is a process's, with its libraries and all
windows. Measured by `benchmarks/speed/doubt.py`."""


def _index(measured: pd.DataFrame | None) -> str:
    rows = [
        (f"[`{name}`]({name}.md)", _seen(name, entry), _fitted(entry), _defined(entry))
        for name, entry in registry.ESTIMATORS.items()
    ]
    costs = ""
    if measured is not None:
        names = [name for name in registry.ESTIMATORS if name in measured.index]
        costs = f"## Cost\n\n{_cost(measured, *names)}\n\n{_MEASURED}\n\n"
    return (
        "# Estimators\n\n"
        f"{table(('estimator', 'sees', 'fitted on', 'defined for'), rows)}\n\n"
        "A window is one episode that is not scored, up to the budget: states, actions, rewards, and the value of\n"
        "each state. What is fitted on train contexts is fitted on windows of the frozen policy there, one in each.\n\n"
        f"{costs}These pages are written by `make docs`; [README](README.md) has the protocol.\n"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
