"""What exists, by name: one line a member. Standard library only, so that the workflow reads it at no cost.

A new member is one new file and one new line here. No member imports another one through this module.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from meta_rl.errors import UserError, unknown


@dataclass(frozen=True)
class Entry:
    """Where a member lives, and what the workflow must know before any job runs.

    `needs`: what a method is told (`context`, `window`), or the tables that a figure reads.
    `joint`: the method learns from the agent's loss.
    `pretrain`: the method learns from trajectories, before the agent trains.
    """

    module: str
    needs: frozenset[str] = frozenset()
    joint: bool = False
    pretrain: bool = False


ENVS = {
    "cartpole": Entry("meta_rl.envs.cartpole"),
}
METHODS = {
    "none": Entry("meta_rl.methods.none"),
    "explicit": Entry("meta_rl.methods.explicit", needs=frozenset({"context"})),
    "iida": Entry("meta_rl.methods.iida", needs=frozenset({"window"}), pretrain=True),
    "jrpl": Entry("meta_rl.methods.jrpl", needs=frozenset({"window"}), joint=True),
}
AGENTS = {
    "dqn": Entry("meta_rl.agents.dqn"),
}
CONTROLLERS = {
    "random": Entry("meta_rl.controllers.random"),
    "lqr_lookahead": Entry("meta_rl.controllers.lqr_lookahead"),
}
FIGURES = {
    "return_vs_context": Entry("meta_rl.figures.return_vs_context", needs=frozenset({"contexts", "scores"})),
    "iqm": Entry("meta_rl.figures.iqm", needs=frozenset({"metrics", "scores"})),
    "learning_curves": Entry("meta_rl.figures.learning_curves", needs=frozenset({"learning"})),
    "generalisation_gap": Entry("meta_rl.figures.generalisation_gap", needs=frozenset({"metrics"})),
    "encoding": Entry("meta_rl.figures.encoding", needs=frozenset({"contexts", "encodings", "metrics"})),
}

KINDS: Mapping[str, Mapping[str, Entry]] = {
    "environment": ENVS,
    "method": METHODS,
    "agent": AGENTS,
    "controller": CONTROLLERS,
    "figure": FIGURES,
}


def entry(kind: str, name: str) -> Entry:
    """The entry of `name`; a UserError names the nearest one if there is none."""
    try:
        return KINDS[kind][name]
    except KeyError:
        raise UserError(unknown(kind, name, KINDS[kind])) from None


def load(kind: str, name: str) -> Any:
    """Import the module of a member. (Typed loosely: what it offers depends on its kind.)"""
    module: ModuleType = importlib.import_module(entry(kind, name).module)
    return module
