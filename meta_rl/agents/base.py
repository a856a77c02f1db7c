"""What an agent is: it owns its method, memory and optimiser, and meets the context through the method alone."""

from abc import ABC, abstractmethod

import numpy as np
import torch
from torch import Tensor, nn

from meta_rl.agents.protocols import Method
from meta_rl.stack.rollout import Seen, Transition
from meta_rl.streams import Streams


def within(action: Tensor, limit: float) -> Tensor:
    """Continuous actions clipped to +-limit. What is no number becomes 0: a diverged run plays on, for its stack."""
    return action.nan_to_num(0.0).clamp(-limit, limit)


class Agent(nn.Module, ABC):
    """A learner over S seeds. `state_dict()` holds all that a training needs to go on, memory included.

    Tensors have the shapes [S, N, ...]; `inputs` are what `encode` made of what the rows see.
    """

    method: Method
    joint: bool  # whether the agent's loss trains the method
    streams: Streams
    gamma: float
    n_envs: int  # N in training
    probed: np.ndarray | int = 0  # env_steps [S] of probes, in which a training passes for the agent, too

    @torch.no_grad()
    def encode(self, seen: Seen) -> Tensor:
        """The inputs of the policy, float32 [S, N, I]."""
        return self.method.inputs(seen)

    @torch.no_grad()
    def embed(self, transitions: Tensor) -> Tensor:
        """What a window keeps of new transitions [S, N, T] while the method does not change."""
        return self.method.embed(transitions)

    def encoded(self, seen: Seen, method: Method) -> Tensor:
        """The inputs [S, B, I] of remembered steps, with gradient into a joint `method`: the agent's, or a copy of it.

        What a frozen method encoded is remembered in place of the observation.
        """
        return method.inputs(seen) if self.joint else seen.observation

    @abstractmethod
    def act(self, inputs: Tensor, explore: bool) -> Tensor:
        """int64 [S, N] where actions are discrete, else float32 [S, N, A]; the greedy ones without `explore`."""

    @abstractmethod
    def learn(self, step: Transition) -> dict[str, Tensor]:
        """Take in one step of every row and update when due; figures of the update, each [S]."""

    @abstractmethod
    def value(self, inputs: Tensor) -> Tensor:
        """The expected discounted return from here under the current policy, float32 [S, N]."""
