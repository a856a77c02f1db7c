"""What DDPG and SAC share: an actor of continuous actions, critics Q(s, a) of it, and their targets."""

from abc import abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from meta_rl.agents.base import within
from meta_rl.agents.critics.plain import Plain
from meta_rl.agents.off_policy import OffPolicy, frozen_copy
from meta_rl.agents.protocols import CRITIC, POLICY, Method, Task
from meta_rl.stack.networks import Adam, mix_weights
from meta_rl.stack.replay import Batch
from meta_rl.stack.seen import Seen
from meta_rl.streams import Streams


class ActorCritic(OffPolicy):
    """Off-policy, continuous actions, soft target updates.

    Networks know actions in [-1, 1]; the environment's are `limit` times as large. The first `learning_starts`
    actions are uniform. A joint method that is one for all networks is trained by the critics' loss.

    Its `config` has `hidden` and `tau` beside what every off-policy agent's has.
    """

    actor: nn.Module

    def __init__(
        self,
        config: Any,
        task: Task,
        method: Method,
        joint: bool,
        streams: Streams,
        critics: int,
        critic: type[Plain] = Plain,
    ) -> None:
        super().__init__(config, task, method, joint, streams, critic)
        sizes = (self.inputs[CRITIC] + task.spaces.action, *config.hidden, 1)
        self.critics = nn.ModuleList(self.kind.network(f"critic{i}", sizes) for i in range(critics))
        # The targets hold their own copy of a joint method's encoder, updated with it.
        self.target_method, self.target_critics = self.target_copy(), frozen_copy(self.critics)

    def critic_optimiser(self, learning_rate: float) -> Adam:
        """Trains the critics, and a joint method through them."""
        return Adam([*self.critics.parameters(), *self.trained_with(CRITIC)], learning_rate)

    def actor_optimiser(self, learning_rate: float) -> Adam:
        """Trains the actor, and what a joint method has for it."""
        return Adam([*self.actor.parameters(), *self.trained_with(POLICY)], learning_rate)

    @abstractmethod
    def mean(self, inputs: Tensor) -> Tensor:
        """The actor's best guess [S, N, A], in [-1, 1]."""

    @abstractmethod
    def explore(self, inputs: Tensor) -> Tensor:
        """What it does to learn [S, N, A], in [-1, 1]."""

    @torch.no_grad()
    def act(self, seen: Seen, explore: bool) -> Tensor:
        limit = self.spaces.limit
        if not explore:
            return within(limit * self.mean(self.read(seen, POLICY)), limit)
        if self.steps < self.config.learning_starts:
            shape = seen.observation.shape[1], self.spaces.action
            draw = 2 * self.streams.uniform("explore/action", *shape) - 1
            return limit * torch.from_numpy(draw).float()
        return within(limit * self.explore(self.read(seen, POLICY)), limit)

    @torch.no_grad()
    def value(self, seen: Seen) -> Tensor:
        return self.kind.mean(
            self.q(self.critics, self.read(seen, CRITIC), self.mean(self.read(seen, POLICY)))
        )

    @torch.no_grad()
    def doubt(self, seen: Seen) -> dict[str, Tensor]:
        action = self.mean(self.read(seen, POLICY))
        return self.kind.doubt(self.q(self.critics, self.read(seen, CRITIC), action))

    def normal(self, purpose: str, rows: int) -> Tensor:
        """N(0, 1), float32 [S, rows, A]."""
        return torch.from_numpy(self.streams.normal(purpose, rows, self.spaces.action)).float()

    def q(self, critics: nn.Module, inputs: Tensor, action: Tensor) -> Tensor:
        """The lowest of the critics' values [..., S, N]; actions in [-1, 1]."""
        values = self.every_q(critics, inputs, action)
        return values[0] if len(values) == 1 else torch.minimum(*values)

    def every_q(self, critics: nn.Module, inputs: Tensor, action: Tensor) -> list[Tensor]:
        """Each critic's values [..., S, N]."""
        both = torch.cat((inputs, action), -1)
        return [critic(both).squeeze(-1) for critic in critics.children()]

    def critic_errors(self, batch: Batch, inputs: Tensor, target: Tensor) -> tuple[list[Tensor], Tensor]:
        """Each critic's mean error [S], and the first one's values [S, B] of what was done."""
        values = self.every_q(self.critics, inputs, batch.action / self.spaces.limit)
        losses = [self.kind.loss(value, target, batch.place) for value in values]
        return losses, self.kind.mean(values[0].detach())

    def follow(self) -> None:
        """Let the targets follow a part `tau` of the way."""
        mix_weights(self.critics, self.target_critics, self.config.tau)
        if self.joint:
            mix_weights(self.method, self.target_method, self.config.tau)
