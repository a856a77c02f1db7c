"""Running mean and variance per seed, and what PPO does with them (Engstrom et al. 2020, section 3)."""

from typing import Any

import torch
from torch import Tensor, nn

EPSILON = 1e-8  # added to variances
CLIP = 10.0  # standard deviations beyond which observations and rewards are cut off


class Moments(nn.Module):
    """Of all values so far, [S, 1, D], in double precision; mean 0 and variance 1 before the first."""

    mean: Tensor
    variance: Tensor

    def __init__(self, seeds: int, width: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(seeds, 1, width, dtype=torch.float64))
        self.register_buffer("variance", torch.ones(seeds, 1, width, dtype=torch.float64))
        self._count = 0

    def add(self, values: Tensor) -> None:
        """Take in values [S, N, D] (Chan, Golub & LeVeque 1983, equation 2.1)."""
        values = values.double()
        mean = values.mean(1, keepdim=True)
        variance = (values - mean).square_().mean(1, keepdim=True)
        fresh = values.shape[1] / (self._count + values.shape[1])
        away = mean.sub_(self.mean)
        self.mean.add_(away, alpha=fresh)
        self.variance.mul_(1 - fresh).add_(variance, alpha=fresh)
        self.variance.add_(away.square_(), alpha=fresh * (1 - fresh))
        self._count += values.shape[1]

    @property
    def scale(self) -> Tensor:
        """1 / standard deviation, float32 [S, 1, D]."""
        return (self.variance + EPSILON).rsqrt().float()

    def get_extra_state(self) -> int:
        return self._count

    def set_extra_state(self, state: int) -> None:
        self._count = state


class Observations(Moments):
    """Standardises observations [S, ..., O], also those in the windows of a method that the agent trains."""

    def forward(self, observation: Tensor) -> Tensor:
        flat = observation if observation.dim() == 3 else observation.flatten(1, -2)
        standard = ((flat - self.mean.float()) * self.scale).clamp_(-CLIP, CLIP)
        return standard.view_as(observation)

    def step(self, packed: Tensor, action: int) -> Tensor:
        """Steps or transitions (s, a, s', ...) [S, ..., 2O + A (+ 1)] with both observations standardised."""
        size = self.mean.shape[-1]
        before, acted, after, rest = packed.split(
            [size, action, size, packed.shape[-1] - 2 * size - action], -1
        )
        return torch.cat((self(before), acted, self(after), rest), -1)


class Rewards(Moments):
    """Divides rewards by the standard deviation of the discounted return so far of running episodes."""

    def __init__(self, seeds: int, gamma: float) -> None:
        super().__init__(seeds, 1)
        self._gamma = gamma
        self._return = torch.zeros(0)  # of the running episodes, [S, N]

    def add_rollout(self, reward: Tensor, ended: Tensor) -> None:
        """Take in the rewards of T steps, [S, T, N]; `ended` are those after which an episode is over."""
        running = self._return if self._return.numel() else torch.zeros_like(reward[:, 0])
        returns = torch.empty_like(reward)
        for t in range(reward.shape[1]):
            running = returns[:, t] = self._gamma * running + reward[:, t]
            running = running.masked_fill(ended[:, t], 0.0)
        self._return = running
        self.add(returns.flatten(1).unsqueeze(-1))

    def forward(self, reward: Tensor) -> Tensor:
        """[S, T, N]."""
        return (reward * self.scale).clamp(-CLIP, CLIP)

    def get_extra_state(self) -> Any:
        return {"count": self._count, "return": self._return}

    def set_extra_state(self, state: Any) -> None:
        self._count, self._return = state["count"], state["return"]
