"""What is watched of frozen policies, and how much of it an estimator is shown."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from meta_rl.streams import Streams

_SIGNAL, _DOUBT = "signal/", "doubt/"


class Steps(NamedTuple):
    """Single transitions of each run, [S, B, ...]."""

    observation: Tensor
    action: Tensor
    reward: Tensor  # [S, B]
    next_observation: Tensor


class Watched(NamedTuple):
    """One episode of each of S runs in each of C contexts, up to T steps; what lies behind its end is zero.

    T is given by the budget and by the environment's horizon, never by how long the episodes happened to be, so that
    no run's numbers depend on its neighbours'. What an estimator's line in the registry does not declare is None, or
    not among the `signals`.
    """

    observation: Tensor  # float32 [S, C, T + 1, O]; the last one of an episode is what its last step led to
    action: Tensor  # float32 [S, C, T, A], one-hot where discrete
    reward: Tensor  # float32 [S, C, T]
    steps: Tensor  # int64 [S, C]: transitions that are shown
    states: Tensor  # int64 [S, C]: states in which the policy acted that are shown, the first one always
    signals: dict[str, Tensor]  # float32 [S, C, T, D] by name, in these states: see `Agent.signals`
    encoding: Tensor | None = None  # z, float32 [S, C, T, Z], in these states
    doubts: dict[str, Tensor] | None = None  # by other estimators, float64 [S, C], NaN where they have none

    def first(self, budget: int | None) -> "Watched":
        """No more than `budget` transitions of each episode, and the state after them; None: all."""
        if budget is None:
            return self
        horizon = self.action.shape[2]
        length, kept = min(budget, horizon), min(budget + 1, horizon)
        steps, states = self.steps.clamp(max=budget), self.states.clamp(max=budget + 1)
        # A state that was not reached within the budget is not shown, nor is what was done in the last one.
        seen = torch.arange(length + 1) <= steps.unsqueeze(-1)
        return Watched(
            torch.where(seen.unsqueeze(-1), self.observation[:, :, : length + 1], 0.0),
            self.action[:, :, :length],
            self.reward[:, :, :length],
            steps,
            states,
            {name: value[:, :, :kept] for name, value in self.signals.items()},
            None if self.encoding is None else self.encoding[:, :, :kept],
            self.doubts,
        )

    def contexts(self, some: slice | Tensor) -> "Watched":
        """The episodes in some of the contexts."""
        return _made({name: value[:, some] for name, value in self.named().items()})

    def runs(self, some: list[int]) -> "Watched":
        """The episodes of some of the runs."""
        return _made({name: value[some] for name, value in self.named().items()})

    def named(self) -> dict[str, Tensor]:
        """Every tensor by its name, behind `signal/` and `doubt/` those of signals and of doubts."""
        plain = {name: value for name, value in self._asdict().items() if torch.is_tensor(value)}
        signals = {f"{_SIGNAL}{name}": value for name, value in self.signals.items()}
        return plain | signals | {f"{_DOUBT}{name}": value for name, value in (self.doubts or {}).items()}

    def mean_of_states(self, values: Tensor) -> Tensor:
        """Of values [S, C, T, ...], float64 [S, C, ...], over the states that are shown."""
        return _mean(values, self.states)

    def mean_of_steps(self, values: Tensor) -> Tensor:
        """Of values [S, C, T, ...], float64 [S, C, ...], over the transitions that are shown; 0 where there is none."""
        return _mean(values, self.steps)

    def moments(self, values: Tensor, of_steps: bool = True) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of each run, float64 [S, D], over all transitions (or states) [S, C, T, D].

        What does not vary has the deviation 1.
        """
        count = self.steps if of_steps else self.states
        shown = (torch.arange(values.shape[2]) < count.unsqueeze(-1)).unsqueeze(-1)
        total = shown.sum((1, 2)).clamp(min=1)
        mean = _in_turn(torch.where(shown, values.double(), 0.0)) / total
        away = torch.where(shown, values.double() - mean[:, None, None], 0.0)
        deviation = (_in_turn(away.square()) / total).sqrt()
        return mean, torch.where(deviation > 1e-8, deviation, 1.0)

    def sample(self, streams: Streams, purpose: str, batch: int) -> Steps:
        """`batch` transitions of each run, drawn with replacement from all that are shown."""
        chance = streams.uniform(purpose, batch)
        ends = self.steps.cumsum(1).numpy()
        place = (chance * ends[:, -1:]).astype(np.int64)
        context = np.stack(
            [np.searchsorted(end, one, side="right") for end, one in zip(ends, place, strict=True)]
        )
        run = np.arange(len(ends))[:, None]
        time = place - (ends - self.steps.numpy())[run, context]
        return Steps(
            self.observation[run, context, time],
            self.action[run, context, time],
            self.reward[run, context, time],
            self.observation[run, context, time + 1],
        )


def _made(named: dict[str, Tensor]) -> Watched:
    signals, doubts = (
        {name.removeprefix(kind): value for name, value in named.items() if name.startswith(kind)}
        for kind in (_SIGNAL, _DOUBT)
    )
    plain = {name: value for name, value in named.items() if not name.startswith((_SIGNAL, _DOUBT))}
    return Watched(**plain, signals=signals, doubts=doubts or None)


def padded(named: dict[str, Tensor], horizon: int) -> Watched:
    """What `Watched.named` said, each tensor with zeros behind it up to the horizon."""
    full = {}
    for name, value in named.items():
        length = horizon + (name == "observation")
        full[name] = value
        if value.dim() > 2 and value.shape[2] < length:
            full[name] = value.new_zeros(*value.shape[:2], length, *value.shape[3:])
            full[name][:, :, : value.shape[2]] = value
    return _made(full)


def joined(parts: list[Watched]) -> Watched:
    """Episodes of the same runs in more contexts."""
    every = [part.named() for part in parts]
    return _made({name: torch.cat([one[name] for one in every], 1) for name in every[0]})


def _mean(values: Tensor, count: Tensor) -> Tensor:
    """Summed one after the other: the order must not depend on how much there is beside it."""
    within = torch.arange(values.shape[2]) < count.unsqueeze(-1)
    if values.dim() > 3:
        within, count = within.unsqueeze(-1), count.unsqueeze(-1)
    if not values.shape[2]:
        return values.new_zeros(*values.shape[:2], *values.shape[3:], dtype=torch.float64)
    total = torch.where(within, values.double(), 0.0).cumsum(2)[:, :, -1]
    return total / count.clamp(min=1)


def _in_turn(values: Tensor) -> Tensor:
    """Sum [S, C, T, D] -> [S, D]."""
    return values.cumsum(2)[:, :, -1].cumsum(1)[:, -1]
