"""What the gate tries: episodes in which one row of three is in a changed context."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from meta_rl import registry
from meta_rl.contexts import Feature
from meta_rl.controllers.base import Controller
from meta_rl.envs.base import Environment
from meta_rl.errors import UserError
from meta_rl.spaces import Environments

Context = dict[str, float]

STEPS = 200  # of an episode, at most
SWINGS = (5, 40)  # steps to either side: near a period of its own, a system goes as far as it can
MULTIPLIERS = (0.75, 1.3, 1.1, 0.9, 0.1)
RANGE = (0.5, 2.0)  # multipliers of the default between which a feature's change of an episode is measured
ROWS = 3
NOISE = 0  # seed of the numbers that an episode starts from
_CHANGED = 1  # the row whose context differs


class Trial(NamedTuple):
    """An episode whose middle row is in a changed context."""

    change: Context
    actions: np.ndarray  # [T] or [T, A]
    effect: int | None  # number of the first step that differs
    isolated: bool


def trials(environment: Environment, defaults: Context) -> list[Trial]:
    """The first trial of each feature in which it acts, or the last one where it never does; then those of signs.

    The last one changes all features at once, where there are several.
    """
    acting = _acting(environment, defaults)
    signs = []
    for feature, trial in zip(environment.features, acting, strict=True):
        if feature.turns:
            usual = episode(environment, [defaults] * ROWS, trial.actions)
            change = {feature.name: -feature.default}
            signs.append(_trial(environment, defaults, change, trial.actions, usual))
    found = [*acting, *signs]
    if len(found) > 1:
        together = {feature: value for trial in found for feature, value in trial.change.items()}
        actions = found[0].actions
        usual = episode(environment, [defaults] * ROWS, actions)
        found.append(_trial(environment, defaults, together, actions, usual))
    return found


def change(environment: Environment, defaults: Context, trial: Trial) -> float:
    """How much of the episode is another one where what the trial changes is at either end of `RANGE`.

    That is the root mean square, over steps and over all that is returned, of the difference to the default context,
    each number relative to its own standard deviation over the default episode; of both ends the larger. A sign has one
    end, the other sign. A number that never moves there counts as changed by at most 1.
    """
    known = {feature.name: feature for feature in environment.features}
    turned = [defaults | trial.change] if _turns(trial, defaults) else []
    ends = turned or [defaults | {name: _end(known[name], end) for name in trial.change} for end in RANGE]
    played = episode(environment, [defaults, *ends], trial.actions)
    for row in played.swapaxes(0, 1):
        for end in row[:, -1].nonzero()[0][:1]:  # some environments go on after an end, others stand still
            row[end + 1 :] = row[end]
    usual, *others = played.swapaxes(0, 1)
    moved, worst = usual.std(0), 0.0
    for other in others:
        apart = np.abs(other - usual)
        scale = np.where(moved > 0, moved, apart.max(0))
        worst = max(worst, float(np.sqrt(np.square(apart[:, scale > 0] / scale[scale > 0]).mean())))
    return worst


def started(environment: Environment, contexts: list[Context]) -> Environments:
    """One row per context, all with the same start."""
    rows = (1, len(contexts))
    environments = environment.build(tuple(contexts[0]), rows)
    noise = np.random.default_rng(NOISE).random(environment.noise)
    values = np.array([[list(context.values()) for context in contexts]])
    environments.reset(np.ones(rows, dtype=bool), values, np.broadcast_to(noise, (*rows, environment.noise)))
    return environments


def episode(environment: Environment, contexts: list[Context], actions: np.ndarray) -> np.ndarray:
    """Observation, reward and end of every step, [T, N, O + 2]."""
    environments = started(environment, contexts)
    steps = []
    for action in actions:
        step = environments.step(np.broadcast_to(action, (1, len(contexts), *action.shape)))
        ends = step.reward[..., None], step.terminated[..., None]
        steps.append(np.concatenate([step.next_observation, *ends], axis=-1)[0])
    return np.stack(steps)


def _acting(environment: Environment, defaults: Context) -> list[Trial]:
    """A trial of each feature."""
    found: dict[str, Trial] = {}
    pending = list(environment.features)
    for actions in _actions(environment, defaults):
        usual = episode(environment, [defaults] * ROWS, actions)
        for multiplier in MULTIPLIERS:
            for feature in pending:
                value = multiplier * feature.default
                if feature.low <= value <= feature.high:
                    changed = {feature.name: value}
                    found[feature.name] = _trial(environment, defaults, changed, actions, usual)
            pending = [one for one in pending if one.name not in found or found[one.name].effect is None]
        if not pending:
            break
    for feature in pending:
        if feature.name not in found:
            raise UserError(
                f"feature '{feature.name}': its bounds, [{feature.low:g}, {feature.high:g}], leave no room around "
                f"the default {feature.default:g}"
            )
    return [found[feature.name] for feature in environment.features]


def _trial(
    environment: Environment, defaults: Context, changed: Context, actions: np.ndarray, usual: np.ndarray
) -> Trial:
    contexts = [defaults | changed if row == _CHANGED else defaults for row in range(ROWS)]
    same = (episode(environment, contexts, actions) == usual).all(-1)
    effect = None if same[:, _CHANGED].all() else int(same[:, _CHANGED].argmin()) + 1
    return Trial(changed, actions, effect, bool(np.delete(same, _CHANGED, axis=1).all()))


def _actions(environment: Environment, context: Context) -> Iterator[np.ndarray]:
    """What is done in episodes, [T] or [T, A]: by controllers, by chance, and to and fro with full strength."""
    spaces, length = environment.spaces, min(STEPS, environment.horizon)
    for name in (*environment.controllers, "random"):
        controller: Controller = registry.load("controller", name).build()
        environments, rng = started(environment, [context]), np.random.default_rng(1)
        taken: list[np.ndarray] = []
        ended = False
        while not ended and len(taken) < length:
            taken.append(controller(environments, rng.random((1, 1, spaces.chance))))
            ended = bool(environments.step(taken[-1]).terminated.any())
        yield np.concatenate(taken)[:, 0]
    for half in SWINGS:
        side = np.arange(length) // half % 2
        if spaces.discrete:
            yield side * (spaces.action - 1)
        else:
            yield ((2 * side[:, None] - 1) * np.full(spaces.action, spaces.limit)).astype(np.float32)


def _end(feature: Feature, multiplier: float) -> float:
    return min(max(multiplier * feature.default, feature.low), feature.high)


def _turns(trial: Trial, defaults: Context) -> bool:
    """Whether the trial is that of one feature's sign."""
    return len(trial.change) == 1 and all(value == -defaults[name] for name, value in trial.change.items())
