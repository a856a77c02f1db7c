"""What an estimator of doubt is: fitted on frozen policies, it says how uncertain each is in a context.

The two parts of the contract are `fit(evidence)` and the call `(window, context)`: [S, C], higher = less certain.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from meta_rl.agents.protocols import Task
from meta_rl.streams import Streams
from meta_rl.uncertainty.watched import Watched

Monitor = dict[str, Tensor]
_CONTEXTS = 8  # at a time, where a network looks at every step


class Shown(NamedTuple):
    """Episodes in one set of contexts, and what is known of it beside them; what is not declared is None."""

    window: Watched
    context: Tensor | None = None  # float64 [S, C, F]
    returned: Tensor | None = None  # float64 [S, C, E]: of E other episodes of the same policy
    shortfall: Tensor | None = (
        None  # float64 [S, C]: reference - mean of these returns; NaN where it has no reference
    )


class Evidence(NamedTuple):
    """What an estimator may be fitted on: the run's own train contexts, and those held out for development."""

    train: Shown
    validation: Shown | None = None
    calibration: Shown | None = None


class Estimator(ABC):
    """An estimator for S runs; its registry line says what it is shown (`needs`) and whether it `fits`.

    Its `monitor` is all that it has learnt: tensors [S, ...], which files keep. `reads` names what tells failures apart
    for it: conformance plants that (`meta_rl/conformance/planted.py`), and asks whether the failures are found.
    """

    reads = ""  # of what is planted; nothing, for what sees nothing
    per_budget = False  # whether what it learns depends on how much of an episode it will be shown

    def __init__(self, config: Any, task: Task, streams: Streams) -> None:
        self.config, self.task, self.streams = config, task, streams
        self.monitor: Monitor = {}

    def fit(self, evidence: Evidence, budget: int | None) -> None:
        """Learn the `monitor` for windows of this budget (None: whole episodes)."""
        raise TypeError(f"{type(self).__name__} is not fitted")

    @abstractmethod
    def __call__(self, window: Watched, context: Tensor | None) -> Tensor:
        """Doubt, float64 [S, C], after what the window shows; context is float64 [S, C, F]."""

    def interval(self, window: Watched, context: Tensor | None) -> tuple[Tensor, Tensor] | None:
        """Ends [S, C] of an interval of the return of another episode, of those who have one."""
        return None


def of_steps(function: Callable[[Tensor, Tensor, Tensor], Tensor], window: Watched) -> Tensor:
    """The mean over the shown transitions, float64 [S, C], of what networks make of each.

    `function` maps observations, actions and next observations [S, B, ...] to [S, B]. A few contexts at a time: their
    activations take memory.
    """
    parts = []
    for start in range(0, window.steps.shape[1], _CONTEXTS):
        some = window.contexts(slice(start, start + _CONTEXTS))
        flat = (some.observation[:, :, :-1], some.action, some.observation[:, :, 1:])
        with torch.no_grad():
            values = function(*(value.flatten(1, 2) for value in flat))
        parts.append(some.mean_of_steps(values.view(some.reward.shape)))
    return torch.cat(parts, 1)
