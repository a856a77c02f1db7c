"""How a context reaches an agent: the one place where method and agent meet."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from meta_rl.agents.base import Agent
from meta_rl.spaces import Environments, Spaces
from meta_rl.stack.rollout import Seen, Window
from meta_rl.streams import Streams


class Method(nn.Module):
    """What the agent is told about the context: an encoding z of `size`, beside the observation.

    `window` is the number K of past transitions that it wants. What the registry does not declare in `needs`
    arrives as None, in training and in evaluation. A method that lets the observation itself through with its
    encoding only says so with `observed`, and overrides `inputs`.
    """

    window: int = 0
    size: int = 0
    observed: bool = True
    ordered: bool = False  # whether the order of the transitions in a window matters
    probe_steps: int = 0  # from which the context is told, once and for all

    def embed(self, transitions: Tensor) -> Tensor:
        """The part of the encoding that looks at single transitions: [S, ..., T] -> [S, ..., E]."""
        return transitions

    def forward(self, context: Tensor | None, window: Window | None) -> Tensor:
        """z, float32 [S, N, Z], from the context [S, N, F] or a window of embedded transitions [S, N, K, E]."""
        raise TypeError(f"{type(self).__name__} gives no encoding")

    @property
    def probe(self) -> Agent | None:
        """Who acts in the `probe_steps`."""
        return None

    def width(self, spaces: Spaces) -> int:
        """Width I of the inputs of the agent's networks."""
        return self.observed * spaces.observation + self.size

    def inputs(self, seen: Seen) -> Tensor:
        """What the agent's networks get: the observation, followed by z; [S, N, I]."""
        if not self.size:
            return seen.observation
        window = seen.window
        if window is not None and not window.embedded:
            window = Window(self.embed(window.transitions), window.mask, embedded=True)
        return torch.cat((seen.observation, self(seen.context, window)), -1)

    def pretrain(self, source: "Source", streams: Streams) -> dict[str, Any]:
        """Train before the agent does; returns figures per seed for the log. Only methods with `pretrain`.

        What it may spend beside the trajectories is what `meta_rl.study.budgets` counts.
        """
        raise TypeError(f"{type(self).__name__} is not pretrained")


class Source(NamedTuple):
    """What a method may be pretrained on: trajectories, and the environments S x N that they come from."""

    trajectories: "Trajectories"
    contexts: np.ndarray  # the train contexts, float64 [S, C, F]
    environments: Callable[[tuple[int, int]], Environments]


class Trajectories(NamedTuple):
    """Transitions of C contexts per seed, M each, float32 [S, C, M, ...]; actions are one-hot if discrete.

    `reward` is [S, C, M, 1], or [S, C, M, 0] where the context does not act on it.
    """

    observation: Tensor
    action: Tensor
    next_observation: Tensor
    reward: Tensor


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean over the window axis of [S, N, K, Z], of what the mask [S, N, K] keeps; zero for an empty window."""
    weights = mask.unsqueeze(-1)
    return (values * weights).sum(-2) / weights.sum(-2).clamp(min=1.0)
