"""A line of the registry, ours or another package's. Standard library only.

A package of members has a module that imports this one alone and holds such lines, under the names that the registry
has for them, and names it in the entry-point group `meta_rl.members`:

    METHODS = {"mine": Entry("my_package.mine", needs=frozenset({"context"}))}
"""

import re
from dataclasses import dataclass

ACTIONS = frozenset({"discrete", "continuous"})
# What agents may say of a state beside its value.
SIGNALS = frozenset({"policy", "epistemic", "aleatoric"})
# What a line may say: of sets, their possible members (`needs` by kind; of figures they are tables), and of texts all
# that they can be.
_NEEDS = {
    "method": frozenset({"context", "wrong_context", "window", "history"}),
    "estimator": SIGNALS
    | {"context", "encoding", "transitions", "shortfall", "validation", "calibration", "doubts"},
}
_SETS = {"needs": frozenset[str](), "actions": ACTIONS, "signals": SIGNALS}
_TEXTS = {"pretrain": ("", "generator", "vine"), "train_on": ("train", "default")}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]{0,99}")


@dataclass(frozen=True)
class Entry:
    """Where a member lives, and what the workflow must know before any job runs.

    `module` may be `module:name`, where one module offers several members.
    `needs`: what a method is told (`context`, `wrong_context`, `window`, `history`), or the tables that a figure reads.
    `joint`: the method learns from the agent's loss.
    `pretrain`: the method learns before the agent does, from trajectories of a `generator`, a policy that collects
    in each train context, or of a `vine`: the same states and actions in all of them.
    `predicts`: its encoder is trained with a one-step predictor, whose errors the study compares.
    `train_on`: the contexts that an agent with this method meets in training, `train` or `default`.
    `control`: the method of the same architecture and cost without what this one is for, which it must beat.
    `cleared`: a control of memory: its window, or its state, is emptied at each step.
    `actions`: the kinds of actions that an agent can take.
    `signals`: what an agent says of a state beside its value, for estimators to read (`Agent.signals`).
    `fits`: an estimator is fitted before it is asked.
    `package`: of a member from elsewhere, the installed distribution with its version; `file`: the file that a study
    names among its `plugins`.

    What an estimator `needs`: a signal; `encoding`, the z of a method that infers the context; `context`, which no
    method need know; `transitions`, without which it says nothing; `shortfall` of the train contexts; `validation` and
    `calibration`, the splits; `doubts`, those of others on validation contexts.
    """

    module: str
    needs: frozenset[str] = frozenset()
    joint: bool = False
    pretrain: str = ""
    predicts: bool = False
    train_on: str = "train"
    control: str = ""
    cleared: bool = False
    actions: frozenset[str] = ACTIONS
    signals: frozenset[str] = frozenset()
    fits: bool = False
    package: str = ""
    file: str = ""

    @property
    def infers(self) -> bool:
        """Whether a method finds out about the context in the episode, so that regimes make a difference to it."""
        return bool(self.needs & {"window", "history"})


def wrong(kind: str, name: str, entry: Entry) -> str:
    """What is wrong with a line, by its key, and what would be right; empty if nothing is."""
    if not _NAME.fullmatch(name):
        return "is no name; use letters, digits and '_', at most 100, first a letter or digit"
    for key, known in _SETS.items():
        said, known = getattr(entry, key), _NEEDS.get(kind, known) if key == "needs" else known
        if not isinstance(said, frozenset) or not all(isinstance(one, str) for one in said):
            return f"{key}: is no set of texts; write it as {{'{min(known, default='scores')}'}}"
        if (kind, key) != ("figure", "needs") and said - known:
            right = f"choose from {', '.join(sorted(known))}" if known else f"{kind}s have none"
            return f"{key}: has {', '.join(sorted(said - known))}; {right}"
    for key, texts in _TEXTS.items():
        if getattr(entry, key) not in texts:
            return f"{key}: is {getattr(entry, key)!r}; choose from {', '.join(map(repr, texts))}"
    for key in ("joint", "predicts", "cleared", "fits"):
        if not isinstance(getattr(entry, key), bool):
            return f"{key}: is {getattr(entry, key)!r}; must be True or False"
    for key in ("module", "control"):
        if not isinstance(getattr(entry, key), str):
            return f"{key}: is {getattr(entry, key)!r}; must be a text"
    return ""
