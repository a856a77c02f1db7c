"""What off-policy agents share: they remember every step and learn from samples of what they remember."""

import copy
from abc import abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from meta_rl.agents.base import Agent
from meta_rl.agents.critics.plain import Plain
from meta_rl.agents.protocols import Method, Task
from meta_rl.stack.networks import Adam
from meta_rl.stack.replay import Batch, Replay
from meta_rl.stack.seen import Transition
from meta_rl.stack.sequences import SequenceReplay
from meta_rl.streams import Streams


class OffPolicy(Agent):
    """A subclass sets `optimisers` and says what an `update` is.

    Its `config` has `n_envs`, `gamma`, `replay`, `batch`, `learning_starts`, `train_every` and `gradient_steps`.
    """

    def __init__(
        self,
        config: Any,
        task: Task,
        method: Method,
        joint: bool,
        streams: Streams,
        critic: type[Plain] = Plain,
    ) -> None:
        super().__init__()
        self.kind = critic(config, streams)
        self.config, self.streams, self.spaces = config, streams, task.spaces
        self.gamma, self.n_envs = config.gamma, config.n_envs
        self.inputs = self.meet(method, joint, task.spaces)  # widths by network
        self.replay = Replay(config.replay, self.joint, method.window, task.spaces, method.transitions)
        if joint and method.sequence:
            self.replay = SequenceReplay(config.replay, method.sequence, method.burn_in, task.spaces)
        self.optimisers: dict[str, Adam] = {}
        self.steps = 0  # env_steps of each seed so far

    def target_copy(self) -> Any:
        """The targets' own copy of a joint method; of others z is remembered."""
        return frozen_copy(self.method) if self.joint else None

    @abstractmethod
    def update(self, batch: Batch) -> dict[str, Tensor]:
        """Learn from a batch; figures, each [S]."""

    def learn(self, step: Transition) -> dict[str, Tensor]:
        self.replay.add(step)
        before, self.steps = self.steps, self.steps + step.reward.shape[1]
        figures: dict[str, Tensor] = {}
        since = max(before, self.config.learning_starts)
        due = self.due(self.config.train_every, since) if self.replay.choices else 0
        for _ in range(due * self.config.gradient_steps):
            index = self.streams.integers("replay", self.replay.choices, self.config.batch)
            figures = self.update(self.replay.sample(torch.from_numpy(index), self._chance()))
        return figures

    def _chance(self) -> Tensor | None:
        """What windows are drawn by, where they are random; float64 [S, B, C]."""
        if not self.replay.chances:
            return None
        drawn = self.streams.uniform("replay/window", self.config.batch, self.replay.chances)
        return torch.from_numpy(drawn)

    def due(self, every: int, since: int) -> int:
        """How many multiples of `every` lie in (since, steps]."""
        return max(0, self.steps // every - since // every)

    def target(self, batch: Batch, next_value: Tensor) -> Tensor:
        """r + gamma (1 - terminated) V(s'), [S, B]: a truncated episode goes on."""
        return batch.reward + self.gamma * torch.where(batch.terminated, 0.0, next_value)

    def get_extra_state(self) -> dict[str, Any]:
        return {
            "optimisers": {name: one.state_dict() for name, one in self.optimisers.items()},
            "replay": self.replay.state_dict(),
            "steps": self.steps,
        }

    def set_extra_state(self, state: dict[str, Any]) -> None:
        for name, one in self.optimisers.items():
            one.load_state_dict(state["optimisers"][name])
        self.replay.load_state_dict(state["replay"])
        self.steps = state["steps"]


def frozen_copy(module: nn.Module) -> Any:
    """A copy that no loss trains: a target network."""
    return copy.deepcopy(module).requires_grad_(False)
