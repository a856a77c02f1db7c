"""What exists, by name: one line a member. Standard library only, so that the workflow reads it at no cost.

A new member of ours is one new file and one new line here; those of installed packages (`meta_rl/entries.py`) and of
files that a study names (`meta_rl/plugins.py`) join them. No member imports another one through this module.
"""

import importlib
import warnings
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

from meta_rl.entries import SIGNALS as SIGNALS
from meta_rl.entries import Entry, wrong
from meta_rl.errors import UserError, unknown

ENVS = {
    "cartpole": Entry("meta_rl.envs.cartpole"),
    "lunarlander": Entry("meta_rl.envs.lunarlander"),
    "acrobot": Entry("meta_rl.envs.carl:CARLAcrobot"),
    "mountaincar_continuous": Entry("meta_rl.envs.carl:CARLMountainCarContinuous"),
    "bipedalwalker": Entry("meta_rl.envs.carl:CARLBipedalWalker"),
    "mountaincar": Entry("meta_rl.envs.mountaincar"),
    "pendulum": Entry("meta_rl.envs.pendulum"),
    "metaworld_push": Entry("meta_rl.envs.metaworld:PUSH"),
    "metaworld_pick_place": Entry("meta_rl.envs.metaworld:PICK_PLACE"),
    "metaworld_reach_goal": Entry("meta_rl.envs.metaworld:REACH_GOAL"),
    "striker": Entry("meta_rl.envs.striker:STRIKER"),
    "striker_epi": Entry("meta_rl.envs.striker:STRIKER_EPI"),
    "hopper": Entry("meta_rl.envs.mujoco:HOPPER"),
    "halfcheetah": Entry("meta_rl.envs.mujoco:HALFCHEETAH"),
    "walker2d": Entry("meta_rl.envs.mujoco:WALKER2D"),
    "ant": Entry("meta_rl.envs.mujoco:ANT"),
    "swimmer": Entry("meta_rl.envs.mujoco:SWIMMER"),
    "reacher": Entry("meta_rl.envs.mujoco:REACHER"),
    "inverted_pendulum": Entry("meta_rl.envs.mujoco:INVERTED_PENDULUM"),
    "inverted_double_pendulum": Entry("meta_rl.envs.mujoco:INVERTED_DOUBLE_PENDULUM"),
}
METHODS = {
    "none": Entry("meta_rl.methods.none"),
    "explicit": Entry("meta_rl.methods.explicit", needs=frozenset({"context"}), control="shuffled"),
    "iida": Entry(
        "meta_rl.methods.iida",
        needs=frozenset({"window"}),
        pretrain="generator",
        predicts=True,
        control="iida_untrained",
    ),
    "epi": Entry(
        "meta_rl.methods.epi", needs=frozenset({"window"}), pretrain="vine", control="epi_random_probes"
    ),
    "jrpl": Entry("meta_rl.methods.jrpl", needs=frozenset({"window"}), joint=True, control="random_encoder"),
    "cgate": Entry(
        "meta_rl.methods.cgate", needs=frozenset({"context"}), joint=True, control="cgate_shuffled"
    ),
    "adapter": Entry(
        "meta_rl.methods.adapter", needs=frozenset({"context"}), joint=True, control="adapter_shuffled"
    ),
    "recurrent": Entry(
        "meta_rl.methods.recurrent", needs=frozenset({"history"}), joint=True, control="recurrent_cleared"
    ),
    "stacked": Entry("meta_rl.methods.stacked", needs=frozenset({"window"}), control="stacked_cleared"),
    # Controls: an encoder that nothing trains, a probe that nothing trains, a context that is wrong, and no other
    # context than the default one. What the pretraining of theirs costs they pay as well.
    "iida_untrained": Entry(
        "meta_rl.methods.iida:Untrained", needs=frozenset({"window"}), pretrain="generator"
    ),
    "epi_random_probes": Entry(
        "meta_rl.methods.epi:RandomProbes", needs=frozenset({"window"}), pretrain="vine"
    ),
    "random_encoder": Entry("meta_rl.methods.jrpl", needs=frozenset({"window"})),
    "shuffled": Entry("meta_rl.methods.explicit", needs=frozenset({"wrong_context"})),
    "cgate_shuffled": Entry("meta_rl.methods.cgate", needs=frozenset({"wrong_context"}), joint=True),
    "adapter_shuffled": Entry("meta_rl.methods.adapter", needs=frozenset({"wrong_context"}), joint=True),
    "recurrent_cleared": Entry(
        "meta_rl.methods.recurrent:Cleared", needs=frozenset({"history"}), joint=True, cleared=True
    ),
    "stacked_cleared": Entry("meta_rl.methods.stacked:Cleared", needs=frozenset({"window"}), cleared=True),
    "default": Entry("meta_rl.methods.none", train_on="default"),
}
AGENTS = {
    "dqn": Entry("meta_rl.agents.dqn", actions=frozenset({"discrete"}), signals=frozenset({"policy"})),
    "ddqn": Entry(
        "meta_rl.agents.dqn:Double", actions=frozenset({"discrete"}), signals=frozenset({"policy"})
    ),
    "ddpg": Entry("meta_rl.agents.ddpg", actions=frozenset({"continuous"})),
    "sac": Entry("meta_rl.agents.sac", actions=frozenset({"continuous"}), signals=frozenset({"policy"})),
    "ppo": Entry("meta_rl.agents.ppo", signals=frozenset({"policy"})),
    # The same learners over critics that say how uncertain they are. Each has a return of its own.
    "dqn_ensemble": Entry(
        "meta_rl.agents.dqn_ensemble",
        actions=frozenset({"discrete"}),
        signals=frozenset({"policy", "epistemic"}),
    ),
    "ddqn_ensemble": Entry(
        "meta_rl.agents.dqn_ensemble:Double",
        actions=frozenset({"discrete"}),
        signals=frozenset({"policy", "epistemic"}),
    ),
    "ddpg_ensemble": Entry(
        "meta_rl.agents.ddpg_ensemble", actions=frozenset({"continuous"}), signals=frozenset({"epistemic"})
    ),
    "sac_ensemble": Entry(
        "meta_rl.agents.sac_ensemble",
        actions=frozenset({"continuous"}),
        signals=frozenset({"policy", "epistemic"}),
    ),
    "ppo_ensemble": Entry("meta_rl.agents.ppo_ensemble", signals=frozenset({"policy", "epistemic"})),
    "ppo_masks": Entry("meta_rl.agents.ppo_masks", signals=frozenset({"policy", "epistemic"})),
    "dqn_quantile": Entry(
        "meta_rl.agents.dqn_quantile",
        actions=frozenset({"discrete"}),
        signals=frozenset({"policy", "epistemic", "aleatoric"}),
    ),
    "sac_quantile": Entry(
        "meta_rl.agents.sac_quantile",
        actions=frozenset({"continuous"}),
        signals=frozenset({"policy", "epistemic", "aleatoric"}),
    ),
    "dqn_dropout": Entry(
        "meta_rl.agents.dqn_dropout",
        actions=frozenset({"discrete"}),
        signals=frozenset({"policy", "epistemic"}),
    ),
}
FLOORS = ("constant", "random")  # estimators that see nothing
ESTIMATORS = {
    # The floors: what knows nothing.
    "constant": Entry("meta_rl.uncertainty.constant"),
    "random": Entry("meta_rl.uncertainty.random"),
    # Told the context: what the others are to beat.
    "range_distance": Entry("meta_rl.uncertainty.range_distance", needs=frozenset({"context"})),
    "probe_return": Entry("meta_rl.uncertainty.probe_return", needs=frozenset({"transitions"})),
    "policy_confidence": Entry(
        "meta_rl.uncertainty.policy_confidence", needs=frozenset({"policy"}), fits=True
    ),
    # What an agent over another kind of critic says itself.
    "critic_disagreement": Entry("meta_rl.uncertainty.critic_disagreement", needs=frozenset({"epistemic"})),
    "critic_noise": Entry("meta_rl.uncertainty.critic_noise", needs=frozenset({"aleatoric"})),
    "rnd": Entry("meta_rl.uncertainty.rnd", needs=frozenset({"transitions"}), fits=True),
    "dynamics_disagreement": Entry(
        "meta_rl.uncertainty.dynamics:Disagreement", needs=frozenset({"transitions"}), fits=True
    ),
    "dynamics_surprise": Entry(
        "meta_rl.uncertainty.dynamics:Surprise", needs=frozenset({"transitions"}), fits=True
    ),
    "deedee": Entry("meta_rl.uncertainty.deedee", fits=True),
    "latent_distance": Entry("meta_rl.uncertainty.latent_distance", needs=frozenset({"encoding"}), fits=True),
    # Told the context and how far the policy falls short in training.
    "mbtl": Entry("meta_rl.uncertainty.mbtl", needs=frozenset({"context", "shortfall"}), fits=True),
    # Fitted on contexts that are held out for development.
    "task_deup": Entry(
        "meta_rl.uncertainty.task_deup", needs=frozenset({"doubts", "shortfall", "validation"}), fits=True
    ),
    "conformal": Entry(
        "meta_rl.uncertainty.conformal", needs=frozenset({"validation", "calibration"}), fits=True
    ),
}
CONTROLLERS = {
    "random": Entry("meta_rl.controllers.random"),
    "lqr_lookahead": Entry("meta_rl.controllers.lqr_lookahead"),
    "lander_heuristic": Entry("meta_rl.controllers.lander_heuristic"),
    "metaworld_scripted": Entry("meta_rl.controllers.metaworld_scripted"),
    "bang_bang": Entry("meta_rl.controllers.bang_bang"),
    "time_optimal": Entry("meta_rl.controllers.time_optimal"),
    "swing_up": Entry("meta_rl.controllers.swing_up"),
    "counter_swing": Entry("meta_rl.controllers.counter_swing"),
    "striker_swing": Entry("meta_rl.controllers.striker_swing"),
}
# Tables without a row in a study without estimators.
OF_DOUBT = frozenset({"deployment", "doubt_metrics", "uncertainty"})
FIGURES = {
    "return_vs_context": Entry("meta_rl.figures.return_vs_context", needs=frozenset({"contexts", "scores"})),
    "context_map": Entry("meta_rl.figures.context_map", needs=frozenset({"contexts", "scores"})),
    "performance_profile": Entry("meta_rl.figures.performance_profile", needs=frozenset({"scores"})),
    "iqm": Entry("meta_rl.figures.iqm", needs=frozenset({"metrics", "scores"})),
    "learning_curves": Entry("meta_rl.figures.learning_curves", needs=frozenset({"learning", "scores"})),
    "generalisation_gap": Entry("meta_rl.figures.generalisation_gap", needs=frozenset({"metrics"})),
    "observed": Entry("meta_rl.figures.observed", needs=frozenset({"metrics"})),
    "encoding": Entry("meta_rl.figures.encoding", needs=frozenset({"contexts", "encodings", "metrics"})),
    "doubt_board": Entry("meta_rl.figures.doubt_board", needs=frozenset({"doubt_metrics"})),
    "doubt_map": Entry("meta_rl.figures.doubt_map", needs=OF_DOUBT | {"contexts", "scores"}),
    "doubt_vs_context": Entry("meta_rl.figures.doubt_vs_context", needs=OF_DOUBT | {"contexts", "scores"}),
    "risk_coverage": Entry("meta_rl.figures.risk_coverage", needs=OF_DOUBT | {"scores"}),
    "doubt_vs_shortfall": Entry("meta_rl.figures.doubt_vs_shortfall", needs=OF_DOUBT | {"scores"}),
    "coverage": Entry("meta_rl.figures.coverage", needs=frozenset({"doubt_metrics"})),
}

KINDS: dict[str, dict[str, Entry]] = {
    "environment": ENVS,
    "method": METHODS,
    "agent": AGENTS,
    "controller": CONTROLLERS,
    "estimator": ESTIMATORS,
    "figure": FIGURES,
}
# What their lines stand under, here and in modules and files of others.
TABLES = {
    "ENVS": "environment",
    "METHODS": "method",
    "AGENTS": "agent",
    "CONTROLLERS": "controller",
    "ESTIMATORS": "estimator",
    "FIGURES": "figure",
}
GROUP = "meta_rl.members"  # of entry points, each a module with lines


def entry(kind: str, name: str) -> Entry:
    """The entry of `name`; a UserError names the nearest one if there is none."""
    try:
        return KINDS[kind][name]
    except KeyError:
        raise UserError(unknown(kind, name, KINDS[kind])) from None


def figures(doubts: bool) -> list[str]:
    """Those that a study can have, with estimators of doubt or without."""
    return [name for name, one in FIGURES.items() if doubts or not one.needs & OF_DOUBT]


def load(kind: str, name: str) -> Any:
    """Import the module of a member. (Typed loosely: what it offers depends on its kind.)"""
    module, _, member = entry(kind, name).module.partition(":")
    imported: ModuleType = importlib.import_module(module)
    return getattr(imported, member) if member else imported


def add(lines: dict[tuple[str, str], Entry], source: str) -> None:
    """Take in the members of others, by kind and name: all, or none. Raises UserError for the first that is wrong."""
    for (kind, name), line in lines.items():
        known = KINDS[kind].get(name)
        if said := wrong(kind, name, line):
            raise UserError(f"{source}: {name}: {said}")
        if known and (known.module, known.package) != (line.module, line.package):
            owner = known.file or known.package or "meta_rl"
            raise UserError(f"{source}: {name}: is the name of a {kind} of {owner}; choose another")
        if line.control and line.control not in METHODS and (kind, line.control) not in lines:
            raise UserError(f"{source}: {name}: control: {unknown('method', line.control, METHODS)}")
    for (kind, name), line in lines.items():
        KINDS[kind][name] = line


def _lines(point: EntryPoint) -> Iterator[tuple[tuple[str, str], Entry]]:
    """What an entry point's module holds."""
    module = point.load()
    package = f"{point.dist.name} {point.dist.version}" if point.dist else point.module
    for table, kind in TABLES.items():
        for name, line in getattr(module, table, {}).items():
            yield (kind, name), replace(line, package=package)


for _point in sorted(entry_points(group=GROUP)):
    try:
        if not (_found := dict(_lines(_point))):
            raise UserError(
                f"{_point.value}: has none of {', '.join(TABLES)}; put its members under these names"
            )
        add(_found, _point.value)
    except Exception as error:  # of another package, which must not keep ours from working
        warnings.warn(f"members of {_point.value} are left out: {error}", stacklevel=2)
