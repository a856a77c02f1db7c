"""What on-policy agents never learn from: the steps after the last whole rollout of a training.

It is no mistake, but budgets of different methods are compared, so whoever runs a study must know. Standard library
only.
"""

from collections.abc import Iterator
from typing import Any

from meta_rl.study.budgets import Training, trainings

WARNED = 0.01  # share of a training's steps
_TRIED = 101  # rollouts more or less: with a hundred, less than one in a hundred is lost


def notices(study: dict[str, Any], source: str) -> Iterator[str]:
    """A line on how many steps of a checked study are lost, and a warning where it is too many, with what would fit."""
    lost = spent = 0
    warnings, probing = [], False
    for name, benchmark in study["benchmarks"].items():
        everyone = {agent: list(trainings(name, benchmark, agent, study)) for agent in benchmark["agents"]}
        for agent, own in everyone.items():
            for one in own:
                lost += one.runs * unlearned(one)
                spent += one.runs * (one.paid + one.steps) * (not one.name.startswith("the generator"))
                probing |= one.probes and unlearned(one) > 0
                if not _fits(one):
                    others = [other for of in everyone.values() for other in of]
                    warnings.append(f"benchmarks.{name}: {_warning(agent, one, others)}")
    if lost:
        yield (
            f"note: {source}: {'up to ' * probing}{lost:,} of the study's {spent:,} env_steps ({lost / spent:.2%}) "
            "come after the last whole rollout of their agent, which learns nothing from them"
        )
    for warning in dict.fromkeys(warnings):
        yield f"warning: {source}: {warning}"


def unlearned(one: Training) -> int:
    """How many env_steps of each of these trainings nothing is learned from; of one that probes, at most.

    Probes take a part of the steps that is not known before.
    """
    rollout = _rollout(one)
    if not rollout:
        return 0
    return rollout - one.settings["n_envs"] if one.probes else one.steps % rollout


def _rollout(one: Training) -> int:
    """Its env_steps; 0 for an agent that learns from a memory."""
    return int(one.settings.get("n_steps", 0) * one.settings["n_envs"])


def _fits(one: Training) -> bool:
    return unlearned(one) <= WARNED * one.steps


def _warning(agent: str, one: Training, others: list[Training]) -> str:
    lost, envs = unlearned(one), one.settings["n_envs"]
    what = (
        "the steps of each specialist" if one.name == "specialists" else f"each run's steps with {one.name}"
    )
    if one.name.startswith("the generator"):
        what = f"each run's steps of {one.name}"
    remedies = (
        [f"{one.key} of {' or '.join(f'{value:,}' for value in values)}"]
        if (values := list(_lengths(one, others)))
        else []
    )
    if shorter := _shorter(one, others):
        remedies.append(f"{one.at}.n_steps of {shorter}")
    return (
        f"{agent} learns nothing from {'up to ' * one.probes}the last {lost:,} of {one.steps:,}, {what} "
        f"({lost / one.steps:.1%}), as a rollout is {one.settings['n_steps']} steps of {envs} environments; "
        f"{'; or '.join(remedies) or 'shorter rollouts'} would fit"
    )


def _lengths(one: Training, others: list[Training]) -> Iterator[int]:
    """The nearest values of its key, below and above, with which all trainings fit that it sets the length of."""
    same = [other for other in others if other.key == one.key]
    rollout, rest = _rollout(one), one.value - one.steps
    whole = one.steps // rollout
    for tried in (range(whole, max(0, whole - _TRIED), -1), range(whole + 1, whole + 1 + _TRIED)):
        for value in (rest + count * rollout for count in tried):
            changed = [other._replace(steps=other.steps + value - other.value) for other in same]
            if value != one.value and all(_lasts(other) and _fits(other) for other in changed):
                yield value
                break


def _shorter(one: Training, others: list[Training]) -> int | None:
    """The longest n_steps below the present one with which all trainings fit that have its settings."""
    same = [other for other in others if other.at == one.at]
    for steps in range(one.settings["n_steps"] - 1, 0, -1):
        changed = [other._replace(settings=other.settings | {"n_steps": steps}) for other in same]
        if _rollout(changed[0]) % one.settings.get("minibatch", 1) == 0 and all(map(_fits, changed)):
            return int(steps)
    return None


def _lasts(one: Training) -> bool:
    """Whether it takes whole steps, and at least a rollout of them."""
    return one.steps >= max(_rollout(one), 1) and one.steps % one.settings["n_envs"] == 0
