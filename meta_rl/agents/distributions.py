"""What a stochastic policy draws its actions from, given the outputs of its network.

Raw actions, float32 [S, N, R], are what was drawn and what densities are of; environments get `action` of them.
"""

import math

import torch
from torch import Tensor, nn

from meta_rl.agents.base import within
from meta_rl.spaces import Spaces
from meta_rl.streams import Streams


class Categorical(nn.Module):
    """Discrete actions from their logits [S, N, A]; R = 1."""

    def __init__(self, spaces: Spaces, seeds: int) -> None:
        super().__init__()
        self.width = 1

    def sample(self, logits: Tensor, streams: Streams, purpose: str) -> Tensor:
        """The first action up to which the probabilities sum to more than a uniform number."""
        chance = torch.from_numpy(streams.uniform(purpose, logits.shape[1], 1))
        passed = chance >= logits.softmax(-1).cumsum(-1)[..., :-1]
        return passed.sum(-1, keepdim=True).float()

    def action(self, raw: Tensor) -> Tensor:
        """int64 [S, N]."""
        return raw.squeeze(-1).long()

    def mode(self, logits: Tensor) -> Tensor:
        """The likeliest action, int64 [S, N]."""
        return logits.argmax(-1)

    def log_density(self, logits: Tensor, raw: Tensor) -> Tensor:
        """[S, N]."""
        return logits.log_softmax(-1).gather(-1, raw.long()).squeeze(-1)

    def entropy(self, logits: Tensor) -> Tensor:
        """[S, N]."""
        logarithms = logits.log_softmax(-1)
        return -(logarithms.exp() * logarithms).sum(-1)


class Gaussian(nn.Module):
    """Independent normal actions around their means [S, N, A]; R = A.

    The standard deviations are parameters that do not depend on the state, 1 at the start. Environments get
    actions clipped to their limit, densities are of the unclipped ones (Huang et al. 2022, "The 37
    implementation details of PPO").
    """

    def __init__(self, spaces: Spaces, seeds: int) -> None:
        super().__init__()
        self.width, self._limit = spaces.action, spaces.limit
        self.log_std = nn.Parameter(torch.zeros(seeds, 1, spaces.action))

    def sample(self, mean: Tensor, streams: Streams, purpose: str) -> Tensor:
        noise = torch.from_numpy(streams.normal(purpose, *mean.shape[1:])).float()
        return mean + self.log_std.exp() * noise

    def action(self, raw: Tensor) -> Tensor:
        """float32 [S, N, A]."""
        return within(raw, self._limit)

    def mode(self, mean: Tensor) -> Tensor:
        return self.action(mean)

    def log_density(self, mean: Tensor, raw: Tensor) -> Tensor:
        """[S, N]."""
        away = (raw - mean) * (-self.log_std).exp()
        constant = 0.5 * math.log(2 * math.pi) * self.width
        return -0.5 * away.square().sum(-1) - self.log_std.sum(-1) - constant

    def entropy(self, mean: Tensor) -> Tensor:
        """[S, N]."""
        each = self.log_std + 0.5 * math.log(2 * math.pi * math.e)
        return each.sum(-1).expand(mean.shape[:2])
