"""Episodes of frozen policies that are watched from beginning to end, for estimators of doubt."""

import numpy as np
import torch
from torch import Tensor

from meta_rl.agents.base import Agent
from meta_rl.stack.seen import Transition, one_hot
from meta_rl.training.episodes import Cases, play_agent
from meta_rl.training.policy import Runs
from meta_rl.uncertainty.watched import Watched, joined


class _Watcher:
    """Takes in what each step shows, in the rows [S, N] whose episode goes on."""

    def __init__(self, agent: Agent, horizon: int) -> None:
        self._agent, self._horizon = agent, horizon
        self._kept: list[dict[str, Tensor]] = []
        self._running: list[Tensor] = []

    def __call__(self, step: Transition, running: np.ndarray) -> None:
        rows = torch.from_numpy(running)
        signals = self._agent.signals(step.seen)
        shown = {
            "observation": step.seen.observation,
            "action": one_hot(step.action, self._agent.spaces.action),
            "reward": step.reward,
            "next": step.next_seen.observation,
            "encoding": self._agent.encode(step.seen),
            **{f"signal {name}": value for name, value in signals.items()},
        }
        self._running.append(rows)
        self._kept.append({name: _where(rows, value) for name, value in shown.items()})

    def watched(self) -> Watched:
        """All of it, [S, N, T, ...] with T the horizon."""
        steps = torch.stack(self._running, -1).sum(-1)
        found = {name: self._joined([one[name] for one in self._kept]) for name in self._kept[0]}
        observation = torch.cat((found["observation"], torch.zeros_like(found["observation"][:, :, :1])), 2)
        last = torch.arange(self._horizon + 1) == steps.unsqueeze(-1)
        observation[last] = (
            found["next"]
            .gather(2, (steps - 1)[..., None, None].expand(-1, -1, 1, observation.shape[-1]))
            .flatten(0, 2)
        )
        signals = {
            name.removeprefix("signal "): value for name, value in found.items() if name.startswith("signal ")
        }
        return Watched(
            observation, found["action"], found["reward"], steps, steps, signals, found["encoding"]
        )

    def _joined(self, values: list[Tensor]) -> Tensor:
        first = values[0]
        joined = first.new_zeros(*first.shape[:2], self._horizon, *first.shape[2:])
        joined[:, :, : len(values)] = torch.stack(values, 2)
        return joined


def watch(runs: Runs, whole: Cases, information: str) -> Watched:
    """The greedy episodes of the cases, one in each context, [S, C]."""
    environment = runs.setup.environment
    parts = []
    for chunk in whole.chunks(environment.chunk):
        watcher = _Watcher(runs.agent, environment.horizon)
        play_agent(runs, chunk, information, watch=watcher)
        parts.append(watcher.watched())
    return joined(parts)


def _where(rows: Tensor, values: Tensor) -> Tensor:
    return torch.where(rows.reshape(*rows.shape, *[1] * (values.dim() - 2)), values, 0.0)
