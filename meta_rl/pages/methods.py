"""Pages of the methods, one each, written from the registry and the modules' docstrings.

    python -m meta_rl.pages.methods docs/methods

What `benchmarks/scale/method_costs.py` and `benchmarks/methods` have measured and left in the folder becomes a part
of them.
"""

import importlib
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from meta_rl import files, registry, settings
from meta_rl.pages.measured import sections
from meta_rl.registry import Entry
from meta_rl.tables.markdown import table

MEASURED = "costs.csv"
# Controls are other methods under other conditions, which is all that there is to say of them.
_CONTROLS = {
    "random_encoder": """\
A control: the encoder of `jrpl` as it was drawn, never trained. It sees the same transitions, normalised alike, in
training and at test. What an agent gains with it, it gains from seeing some function of them; a learnt encoding is
worth what it gains beyond that.""",
    "iida_untrained": """\
A control: `iida` whose encoder stays as it was drawn. Generator and trajectories are trained, collected and paid for as
those of `iida` are, and standardise what goes in and what the agent is told. What `iida` gains beyond it, it gains by
an encoder that has learnt to predict.""",
    "epi_random_probes": """\
A control: `epi` whose probe policy stays as it was drawn. Encoder and predictors are trained as those of `epi` are, on
as many probes, which are paid for alike, before the agent trains and in its training. What `epi` gains beyond it, it
gains by how it probes.""",
    "shuffled": """\
A control: `explicit` that is told a wrong context, another one of the same set, drawn anew at every reset, in training
and in evaluation. It has the inputs and the scale of `explicit`, and no information. If it is significantly better
than `none`, the summary page raises a red flag: then more inputs help by themselves.""",
    "adapter_shuffled": """\
A control: `adapter` that is told a wrong context, another one of the same set, drawn anew at every reset, in training
and in evaluation. It has the networks of `adapter`, and no information.""",
    "recurrent_cleared": """\
A control: `recurrent` whose state is cleared at each step. It has the networks of `recurrent`, sees the last action and
reward beside the observation, and remembers nothing else; what `recurrent` gains beyond it, it gains from memory.""",
    "stacked_cleared": """\
A control: `stacked` with nothing in its window, ever: zeros stand where the last observations and actions do. Networks
are as wide as with `stacked`.""",
    "cgate_shuffled": """\
A control: `cgate` that is told a wrong context, another one of the same set, drawn anew at every reset, in training and
in evaluation. It has the networks of `cgate`, and no information. Gating is worth what `cgate` gains beyond that.""",
    "default": """\
A control: `none`, trained in the default context alone. What it reaches elsewhere is what needs no varied contexts in
training. Its `train` split holds contexts that the other methods trained in; it has not seen them either.""",
}
_TOLD = {
    "context": "the true context",
    "wrong_context": "a context of the same set that is not the true one",
    "history": "all that happened in the running episode, or before it, as a state",
    "window": "transitions of the running episode, or of a probe before it",
}
_PRETRAINED = {
    "generator": "before the agent trains, on trajectories of a generator in each train context",
    "vine": "before the agent trains, on the same states and actions tried in every train context, and on probes",
}
_SPENDS = {
    "generator_steps": "`generator_steps` for the training of the generator",
    "transitions": "`transitions` in each train context",
    "probes": "`probes` x `steps` in each train context",
}


def main(folder: Path) -> None:
    """Write `{method}.md` and an index."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / MEASURED
    measured = pd.read_csv(file) if file.is_file() else None
    more = sections(folder)
    for name, entry in registry.METHODS.items():
        files.write_text(folder / f"{name}.md", page(name, entry, measured, more.get(name)))
    files.write_text(folder / "README.md", _index(measured))


def page(name: str, entry: Entry, measured: pd.DataFrame | None = None, more: str | None = None) -> str:
    """What a method is told, what trains it, what it costs and which settings it has; and what else was measured."""
    module = importlib.import_module(entry.module.partition(":")[0])
    described = _CONTROLS.get(name) or inspect.getdoc(module) or ""
    parts = [
        f"# {name}",
        described,
        "\n".join(_facts(name, entry)),
        *_settings(entry),
        *([more] if more else []),
    ]
    if measured is not None and name in set(measured["method"]):
        parts.append("## Time\n\n" + _times(measured[measured["method"].isin(["none", name])]))
    return "\n\n".join(parts) + "\n"


def _facts(name: str, entry: Entry) -> Iterator[str]:
    yield f"- told: {_told(entry)}"
    yield f"- encoder trained: {_trained(name, entry)}"
    if entry.train_on == "default":
        yield "- trains in the default context only"
    yield f"- spends, beside the steps of its agent: {_spends(entry)}"
    regimes = "`cold` and `probe10`" if entry.infers else "the same in `cold` and `probe10`"
    if entry.pretrain == "vine":
        regimes = "`probe10` with `after_probe: reset`, `cold` with `after_probe: continue`, and not in the other one"
    yield f"- evaluated: {regimes}"
    if entry.control:
        yield f"- control: [`{entry.control}`]({entry.control}.md)"


def _told(entry: Entry) -> str:
    if entry.pretrain == "vine":
        return (
            "`steps` transitions of its probe policy, in training and evaluation alike: before the episode, or at its "
            "beginning"
        )
    if entry.cleared:
        return "the last action and reward" if "history" in entry.needs else "zeros"
    return ", ".join(_TOLD[need] for need in sorted(entry.needs)) or "nothing of the context"


def _trained(name: str, entry: Entry) -> str:
    if name == "iida_untrained":
        return "never"
    if entry.joint:
        return "by the agent's losses alone"
    return _PRETRAINED.get(entry.pretrain, "never")


def _spends(entry: Entry) -> str:
    own = settings.read(entry.module)
    spent = [text for key, text in _SPENDS.items() if key in own and entry.pretrain]
    if entry.pretrain == "vine":
        spent.append("`steps` before each training episode")
    return "; ".join(spent) or "nothing"


def _settings(entry: Entry) -> Iterator[str]:
    own = settings.read(entry.module)
    if own:
        rows = [(f"`{key}`", f"`{one.default}`", one.meaning) for key, one in own.items()]
        yield "## Settings\n\n" + table(("setting", "default", "meaning"), rows)


def _times(measured: pd.DataFrame) -> str:
    size = measured.iloc[0]
    header = ("method", "pretraining", "training", "evaluation")
    columns = ["pretraining", "training", "evaluation"]
    rows = [
        (f"`{row['method']}`", *(f"{row[key]:.1f}" for key in columns)) for row in measured.to_dict("records")
    ]
    return (
        f"{table(header, rows)}\n\n"
        f"CPU seconds of {size['agent']} on `{size['benchmark']}` for a stack of {size['seeds']} seeds with\n"
        f"{size['env_steps']:,} env_steps each, pretraining included, and {size['episodes']} evaluated episodes per\n"
        "regime and run, measured by `benchmarks/scale/method_costs.py` with the settings of `config/quick.yaml`."
    )


def _index(measured: pd.DataFrame | None) -> str:
    rows = [
        (f"[`{name}`]({name}.md)", _told(entry), _trained(name, entry), _spends(entry))
        for name, entry in registry.METHODS.items()
    ]
    times = f"## Time\n\n{_times(measured)}\n\n" if measured is not None else ""
    return (
        "# Methods\n\n"
        f"{table(('method', 'told', 'encoder trained', 'spends, beside the steps of its agent'), rows)}\n\n"
        "All that is spent counts in `env_steps`, so that the headline compares runs of equal total, unless the study\n"
        "says `train.pretraining: additional`. How they fare: [the comparison](../comparison/README.md).\n\n"
        f"{times}These pages are written by `make docs`.\n"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
