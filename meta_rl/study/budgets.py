"""The trainings of a study, and what so many environment steps ask of settings. Standard library only."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from meta_rl import registry


class Training(NamedTuple):
    """Equal trainings of one agent in a benchmark, one of each of `runs` runs.

    `steps` are the env_steps of the agent, after the `paid` ones of pretraining; the key `key` of the study has the
    `value` behind them, and `at` is the key of the agent's `settings`. `probes`: some steps are those of probes.
    """

    name: str
    runs: int
    key: str
    value: int
    paid: int
    steps: int
    at: str
    settings: dict[str, Any]
    probes: bool = False


def trainings(name: str, benchmark: dict[str, Any], agent: str, study: dict[str, Any]) -> Iterator[Training]:
    """Those of a benchmark of a study that is complete with its defaults."""
    own, runs = benchmark["settings"], study["seeds"]["test"]["count"]
    prefix = {
        key: f"benchmarks.{name}.override." * (own[key] != study[key]) for key in ("train", "references")
    }
    usual = f"agents.{agent}", own["agents"][agent]
    key, steps = f"{prefix['references']}references.env_steps", own["references"]["env_steps"]
    places = specialists(own["references"], benchmark["features"])
    yield Training("specialists", places, key, steps, 0, steps, *usual)
    for method, member in study["methods"].items():
        settings = own["method_settings"][method]
        of = (member, settings, benchmark["contexts"]["train"])
        paid, value = pretraining(*of), own["train"]["env_steps"]
        at = usual
        if agent in (tuned := own["tuned"].get(method, {})):
            at = f"tuned.{name}.{method}.{agent}", usual[1] | tuned[agent]
        key, left = f"{prefix['train']}train.env_steps", total(own["train"], *of) - paid
        yield Training(method, runs, key, value, paid, left, *at, "steps" in settings)
        if steps := settings.get("generator_steps"):
            changed = settings != study["method_settings"][method]
            key = f"method_settings.{method}" if method == member else f"methods.{method}"
            key = f"{f'benchmarks.{name}.override.' * changed}{key}.generator_steps"
            yield Training(f"the generator of {method}", runs, key, steps, 0, steps, *at)


def specialists(references: dict[str, Any], factors: dict[str, Any]) -> int:
    """How many there are of an agent."""
    places = references["points"] if "points" in references else references["grid"] ** len(factors)
    return int(places * references["seeds"])


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
    method: str, own: dict[str, Any], settings: dict[str, Any], budgets: dict[str, int], at: str
) -> Iterator[str]:
    """Why an agent could not learn from sequences, with a method whose settings `own` ask for them.

    `budgets` and `at` are as in `problems`.
    """
    if "sequence" not in own:
        return
    first = settings["n_envs"] * (own["burn_in"] + own["sequence"])
    for where, total in budgets.items():
        if "replay" in settings and total <= first:
            yield (
                f"{where}: leaves {method} {total} env_steps; must be more than {first}, from where it has a whole "
                "sequence to learn from, or take a shorter sequence"
            )
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
