"""The context-effect gate: does every declared feature really act, alone, and as it should?

    python -m meta_rl.checks.gate [ENVIRONMENT ...]

prints a row for each feature of the environments (all unless named) and fails if one does not pass:

- `effect`: with the same start and actions, changing the feature changes a transition (number of that step).
- `isolated`: rows beside a changed one return the same bytes as if nothing had changed.
- `reference`: largest difference to the plain environment in the changed context, over the same episode.
- `default`: the same in the default context.
- `refused`: a value out of bounds and a misspelt name are refused before any work starts.

Some features act at a touch or at a bound only. So the gate goes on to other actions, and to values farther from
the default, until a feature acts. One whose bounds let it take the other sign has a row for that, too. The row `(all)`
changes all features at once. Before a feature may appear in a benchmark it must pass.
"""

import math
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import astuple, dataclass, fields
from typing import Any, NamedTuple

import numpy as np

from meta_rl import registry
from meta_rl.contexts import Feature
from meta_rl.controllers.base import Controller
from meta_rl.envs import simulator
from meta_rl.envs.base import Environment, PhysicsRows
from meta_rl.errors import UserError
from meta_rl.spaces import Environments
from meta_rl.study import space_problems

STEPS = 200  # of an episode, at most
SWINGS = (5, 40)  # steps to either side: near a period of its own, a system goes as far as it can
MULTIPLIERS = (0.75, 1.3, 1.1, 0.9, 0.1)
TOLERANCE = 1e-6  # of float32 observations
ROWS = 3
_CHANGED = 1  # the row whose context differs
_NOISE = 0  # seed of the numbers that an episode starts from


@dataclass(frozen=True)
class Verdict:
    """What the gate found of one feature."""

    environment: str
    feature: str
    value: str
    effect: int | None
    isolated: bool
    reference: float
    default: float
    refused: bool

    @property
    def passed(self) -> bool:
        agrees = self.reference <= TOLERANCE and self.default <= TOLERANCE
        return self.effect is not None and self.isolated and agrees and self.refused


class Trial(NamedTuple):
    """An episode whose middle row is in a changed context."""

    change: dict[str, float]
    actions: np.ndarray  # [T] or [T, A]
    effect: int | None
    isolated: bool


def check(name: str) -> Iterator[Verdict]:
    """The verdict on each feature of an environment, and on all at once where there are several."""
    environment: Environment = registry.load("environment", name)
    defaults = {feature.name: feature.default for feature in environment.features}
    trials = _trials(environment, defaults)
    actions = trials[0].actions
    if len(trials) > 1:
        together = {feature: value for trial in trials for feature, value in trial.change.items()}
        usual = _episode(environment, [defaults] * ROWS, actions)
        trials.append(_trial(environment, defaults, together, actions, usual))
    exact = _difference(environment, defaults, actions)
    refused = {feature.name: _refused(name, feature) for feature in environment.features}
    for trial in trials:
        (feature, value), *others = trial.change.items()
        yield Verdict(
            environment=name,
            feature="(all)" if others else feature,
            value="as above" if others else f"{value:.4g}",
            effect=trial.effect,
            isolated=trial.isolated,
            reference=_difference(environment, defaults | trial.change, trial.actions),
            default=exact,
            refused=all(refused[feature] for feature in trial.change),
        )


def _trials(environment: Environment, defaults: dict[str, float]) -> list[Trial]:
    """The first trial of each feature in which it acts, or the last one where it never does; then those of signs."""
    found: dict[str, Trial] = {}
    pending = list(environment.features)
    for actions in _actions(environment, defaults):
        usual = _episode(environment, [defaults] * ROWS, actions)
        for multiplier in MULTIPLIERS:
            for feature in pending:
                value = multiplier * feature.default
                if feature.low <= value <= feature.high:
                    change = {feature.name: value}
                    found[feature.name] = _trial(environment, defaults, change, actions, usual)
            pending = [one for one in pending if one.name not in found or found[one.name].effect is None]
        if not pending:
            break
    for feature in pending:
        if feature.name not in found:
            raise UserError(
                f"feature '{feature.name}': its bounds, [{feature.low:g}, {feature.high:g}], leave no room around "
                f"the default {feature.default:g}"
            )
    acting = [found[feature.name] for feature in environment.features]
    signs = []
    for feature, trial in zip(environment.features, acting, strict=True):
        if feature.turns:
            usual = _episode(environment, [defaults] * ROWS, trial.actions)
            change = {feature.name: -feature.default}
            signs.append(_trial(environment, defaults, change, trial.actions, usual))
    return [*acting, *signs]


def _trial(
    environment: Environment,
    defaults: dict[str, float],
    change: dict[str, float],
    actions: np.ndarray,
    usual: np.ndarray,
) -> Trial:
    contexts = [defaults | change if row == _CHANGED else defaults for row in range(ROWS)]
    same = (_episode(environment, contexts, actions) == usual).all(-1)
    effect = None if same[:, _CHANGED].all() else int(same[:, _CHANGED].argmin()) + 1
    return Trial(change, actions, effect, bool(np.delete(same, _CHANGED, axis=1).all()))


def _actions(environment: Environment, context: dict[str, float]) -> Iterator[np.ndarray]:
    """What is done in episodes, [T] or [T, A]: by controllers, by chance, and to and fro with full strength."""
    spaces, length = environment.spaces, min(STEPS, environment.horizon)
    for name in (*environment.controllers, "random"):
        controller: Controller = registry.load("controller", name).build()
        environments, rng = _started(environment, [context]), np.random.default_rng(1)
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


def _started(environment: Environment, contexts: list[dict[str, float]]) -> Environments:
    """One row per context, all with the same start."""
    rows = (1, len(contexts))
    environments = environment.build(tuple(contexts[0]), rows)
    noise = np.random.default_rng(_NOISE).random(environment.noise)
    values = np.array([[list(context.values()) for context in contexts]])
    environments.reset(np.ones(rows, dtype=bool), values, np.broadcast_to(noise, (*rows, environment.noise)))
    return environments


def _episode(environment: Environment, contexts: list[dict[str, float]], actions: np.ndarray) -> np.ndarray:
    """Observation, reward and end of every step, [T, N, O + 2]."""
    environments = _started(environment, contexts)
    steps = []
    for action in actions:
        step = environments.step(np.broadcast_to(action, (1, len(contexts), *action.shape)))
        ends = step.reward[..., None], step.terminated[..., None]
        steps.append(np.concatenate([step.next_observation, *ends], axis=-1)[0])
    return np.stack(steps)


def _difference(environment: Environment, context: dict[str, float], actions: np.ndarray) -> float:
    """Largest difference in observation or reward to the plain environment in a context; infinite if one ends."""
    rows = _started(environment, [context])
    plain: Any = environment.plain(context)
    with closing(plain):
        if isinstance(rows, PhysicsRows):
            plain.reset(seed=0)
            plain.unwrapped.state = np.array([column[0, 0] for column in rows.state])
            worst = 0.0
        else:
            start = getattr(environment, "start", simulator.start)
            seed = simulator.seed(np.random.default_rng(_NOISE).random())
            worst = _apart(start(plain, seed), rows.observation)
        for action in actions:
            step = rows.step(np.broadcast_to(action, (1, 1, *action.shape)))
            observation, reward, terminated, _, _ = plain.step(action)
            worst = max(worst, _apart(observation, step.next_observation), _apart(reward, step.reward))
            if terminated != step.terminated[0, 0]:
                return math.inf
            if terminated:
                break
    return worst


def _apart(expected: Any, found: np.ndarray) -> float:
    """Largest difference in single precision, in which rows observe and agents learn."""
    return float(np.abs(np.float32(expected) - np.float32(found)).max())


def _refused(name: str, feature: Feature) -> bool:
    """Whether a study that varies the feature beyond either bound, or misspells it, is refused."""
    least, most = sorted((feature.low / feature.default, feature.high / feature.default))
    wrong = [({f"{feature.name}x": {"train": [0.9, 1.1]}}, "unknown feature")]
    for train in ([least - 1, 1.0], [1.0, most + 1]):
        if np.isfinite(train).all():
            wrong.append(({feature.name: {"train": train}}, "outside"))
    return all(
        any(says in problem for problem in space_problems.feature_problems("gate", name, ranges))
        for ranges, says in wrong
    )


def main(names: list[str]) -> int:
    """Print the table; 1 if a feature does not pass."""
    header = [field.name for field in fields(Verdict)] + ["passed"]
    verdicts = [verdict for name in names or registry.ENVS for verdict in check(name)]
    rows = [[_text(value) for value in (*astuple(verdict), verdict.passed)] for verdict in verdicts]
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    for row in [header, *rows]:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
    failed = sum(not verdict.passed for verdict in verdicts)
    print(f"{len(verdicts) - failed} of {len(verdicts)} passed")
    return int(failed > 0)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "NO"
    if isinstance(value, float):
        return "exact" if value == 0 else f"{value:.1e}"
    return "NONE" if value is None else str(value)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except UserError as error:
        sys.exit(f"error: {error}")
