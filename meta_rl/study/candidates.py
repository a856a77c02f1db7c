"""What a candidate is trained with: the study's training, shorter and with other settings. Torch-free."""

from typing import Any

from meta_rl import registry, settings
from meta_rl.study import budgets

ETA = 3  # how many times as long the next longer candidates train; DEHB's default

Spec = dict[str, Any]


def rungs(shortest: int, longest: int) -> list[int]:
    """The env_steps of candidates, the longest first: it, a third of it, and so on down to the shortest."""
    lengths = [longest]
    while (shorter := round(longest / ETA ** len(lengths))) >= shortest:
        lengths.append(shorter)
    return lengths


def shortened(spec: Spec, env_steps: int, contexts: int, changed: dict[str, Any]) -> tuple[Spec, int]:
    """The spec of a training of at most `env_steps` steps, pretraining included, and what that pays for.

    `spec` is that of a training with its `env_steps`. All that lasts for a part of a training (`LENGTHS` of the
    modules of agent and method) keeps its part; `changed` are settings of the agent, as for the whole training.
    """
    share = env_steps / spec["env_steps"]
    agent = _scaled("agent", spec["agent"], spec["agent_settings"] | changed, share)
    method = _scaled("method", spec["method"], spec["method_settings"], share)
    if "generator_steps" in method:  # whole steps of all environments
        method["generator_steps"] -= method["generator_steps"] % agent["n_envs"]
    paid = budgets.pretraining(spec["method"], method, contexts)
    steps = (env_steps - paid) // agent["n_envs"] * agent["n_envs"]
    return spec | {"agent_settings": agent, "method_settings": method, "env_steps": paid + steps}, paid


def _scaled(kind: str, name: str, given: dict[str, Any], share: float) -> dict[str, Any]:
    module = registry.entry(kind, name).module
    known = settings.read(module)
    scaled = {key: max(known[key].limits[0], round(given[key] * share)) for key in settings.lengths(module)}
    return given | scaled
