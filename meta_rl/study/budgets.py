"""What a training of so many environment steps asks of settings. Standard library only."""

import math
from collections.abc import Iterator
from typing import Any

from meta_rl import registry


def pretraining(method: str, settings: dict[str, Any], contexts: int) -> int:
    """The env_steps that a run pays before its agent's first, with so many train contexts.

    In the Config of every method `generator_steps` are those of the training of its generator, `transitions` are
    collected in each context, and `probes` of `steps` steps each are made in each context.
    """
    if not registry.METHODS[method].pretrain:
        return 0
    probing = settings.get("probes", 0) * settings.get("steps", 0)
    return settings.get("generator_steps", 0) + (settings["transitions"] + probing) * contexts


def total(train: dict[str, Any], method: str, settings: dict[str, Any], contexts: int) -> int:
    """The env_steps of a run, pretraining included, in a study whose key `train` says so."""
    additional = train["pretraining"] == "additional"
    return train["env_steps"] + additional * pretraining(method, settings, contexts)


def problems(agent: str, settings: dict[str, Any], budgets: dict[str, int], at: str) -> Iterator[str]:
    """What is wrong with an agent's settings for trainings of `budgets`, env_steps by the key that says so.

    Steps must be whole, and enough to learn from; `at` is the key of the settings.
    """
    rows = settings["n_envs"]
    rollout = settings.get("n_steps", 0) * rows  # of an on-policy agent, which learns from whole ones
    least = settings.get("learning_starts", max(0, rollout - 1))
    for where, total in budgets.items():
        if total <= least:
            yield f"{where}: leaves {agent} {total} env_steps; must be more than {least}, from where it learns"
        elif total % rows:
            yield f"{where}: is {total}, which is not whole steps of {rows} environments (agents.{agent}.n_envs)"
    if rollout % settings.get("minibatch", 1):
        yield (
            f"{at}.minibatch: is {settings['minibatch']}, which does not divide a rollout of "
            f"{settings['n_steps']} steps of {rows} environments; use a divisor of {rollout}"
        )
    if settings.get("replay", 0) % rows:
        yield (
            f"{at}.replay: is {settings['replay']}, which does not hold whole steps of {rows} "
            f"environments; use a multiple of agents.{agent}.n_envs"
        )


def sequence_problems(
    method: str, own: dict[str, Any], agent: str, settings: dict[str, Any], at: str
) -> Iterator[str]:
    """Why an agent could not learn from sequences, with a method whose settings `own` ask for them."""
    if "sequence" not in own:
        return
    least = settings["n_envs"] * (own["burn_in"] + 2 * own["sequence"])
    if settings.get("replay", least) < least:
        yield (
            f"{at}.replay: is {settings['replay']}, which cannot hold the sequences of {method} in whole; use {least} "
            "or more, or a shorter sequence"
        )
    if "n_steps" in settings:
        common = math.gcd(settings["n_steps"], settings["minibatch"])
        if not any(common % length == 0 for length in range(2, own["sequence"] + 1)):
            yield (
                f"{at}.minibatch: is {settings['minibatch']}, which has no divisor from 2 to {own['sequence']} in "
                f"common with n_steps ({settings['n_steps']}): {method} learns from sequences that are whole in both"
            )
