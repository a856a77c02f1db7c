"""The context-effect gate: does every declared feature really act, alone, and as it should?

    python -m meta_rl.checks.gate [ENVIRONMENT ...]

prints a row for each feature of the environments (all unless named) and fails if one does not pass:

- `effect`: with the same start and actions, changing the feature changes a transition (number of that step).
- `change`: how much of an episode is another one at half and at twice the default; what is below 1% is named below.
- `isolated`: rows beside a changed one return the same bytes as if nothing had changed.
- `reference`: largest difference to the plain environment in the changed context, over the same episode.
- `default`: the same in the default context.
- `refused`: a value out of bounds and a misspelt name are refused before any work starts.

Where the plain environment runs the code that it should vouch for, `own code` stands in place of a difference: that the
feature acts as it should is then not shown. Such a feature neither passes nor fails.

Some features act at a touch or at a bound only. So the gate goes on to other actions, and to values farther from
the default, until a feature acts. One whose bounds let it take the other sign has a row for that, too. The row `(all)`
changes all features at once. Before a feature may appear in a benchmark it must pass.
"""

import math
import sys
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from typing import Any

import numpy as np

from meta_rl import registry
from meta_rl.checks.reference import difference
from meta_rl.checks.trials import change, trials
from meta_rl.contexts import Feature
from meta_rl.envs.base import Environment
from meta_rl.errors import UserError
from meta_rl.study import space_problems

TOLERANCE = 1e-6  # of float32 observations
LITTLE = 0.01  # change of an episode below which a feature is named


@dataclass(frozen=True)
class Verdict:
    """What the gate found of one feature."""

    environment: str
    feature: str
    value: str
    effect: int | None
    change: float
    isolated: bool
    reference: float  # NaN where there is none but our own code
    default: float
    refused: bool

    @property
    def failed(self) -> bool:
        differs = self.reference > TOLERANCE or self.default > TOLERANCE
        return self.effect is None or not self.isolated or differs or not self.refused

    @property
    def shown(self) -> bool:
        """Whether there was an independent reference to compare with."""
        return not (math.isnan(self.reference) or math.isnan(self.default))

    @property
    def passed(self) -> bool:
        return self.shown and not self.failed


def check(name: str) -> Iterator[Verdict]:
    """The verdict on each feature of an environment, and on all at once where there are several."""
    environment: Environment = registry.load("environment", name)
    defaults = {feature.name: feature.default for feature in environment.features}
    tried = trials(environment, defaults)
    exact = difference(environment, defaults, tried[0].actions)
    refused = {feature.name: _refused(name, feature) for feature in environment.features}
    for trial in tried:
        (feature, value), *others = trial.change.items()
        yield Verdict(
            environment=name,
            feature="(all)" if others else feature,
            value="as above" if others else f"{value:.4g}",
            effect=trial.effect,
            change=change(environment, defaults, trial),
            isolated=trial.isolated,
            reference=difference(environment, defaults | trial.change, trial.actions),
            default=exact,
            refused=all(refused[feature] for feature in trial.change),
        )


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
    """Print the table; 1 if a feature fails."""
    header = [field.name for field in fields(Verdict)] + ["passed"]
    verdicts = [verdict for name in names or registry.ENVS for verdict in check(name)]
    rows = [_row(verdict) for verdict in verdicts]
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    for row in [header, *rows]:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
    little = [one for one in verdicts if one.change < LITTLE and one.feature != "(all)"]
    if little:
        print(f"change an episode by less than {LITTLE:.0%}:", end=" ")
        print(", ".join(f"{one.environment} {one.feature}" for one in little))
    failed, unshown = (
        sum(answers) for answers in zip(*((one.failed, not one.shown) for one in verdicts), strict=True)
    )
    missing = f", {unshown} not shown for want of an independent reference" if unshown else ""
    print(f"{sum(one.passed for one in verdicts)} of {len(verdicts)} passed{missing}")
    return int(failed > 0)


def _row(verdict: Verdict) -> list[str]:
    cells = dict(zip((field.name for field in fields(Verdict)), map(_text, astuple(verdict)), strict=True))
    cells["change"] = f"{verdict.change:.2%}" if verdict.change < LITTLE else f"{verdict.change:.0%}"
    return [*cells.values(), "not shown" if not (verdict.shown or verdict.failed) else _text(verdict.passed)]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "NO"
    if isinstance(value, float):
        return "own code" if math.isnan(value) else "exact" if value == 0 else f"{value:.1e}"
    return "NONE" if value is None else str(value)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except UserError as error:
        sys.exit(f"error: {error}")
