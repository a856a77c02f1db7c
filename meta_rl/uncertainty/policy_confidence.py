"""Doubts where the policy itself is undecided: the entropy of what it might do, as softmax confidence is elsewhere.

Of a policy that draws its actions it is its own entropy. Where values of actions make the policy (dqn, ddqn), it is
the entropy of softmax(Q / temperature); the temperature is the mean, over the states of the train contexts, of the
standard deviation of Q over the actions. Nothing is defined for a deterministic actor (ddpg). PPO's Gaussian has a
spread that does not depend on the state, so that all contexts are doubted alike there.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from meta_rl.uncertainty.base import Estimator, Evidence
from meta_rl.uncertainty.watched import Watched


@dataclass(frozen=True)
class Config:
    """Nothing to set."""


class PolicyConfidence(Estimator):
    """Mean entropy over the states that are shown; in nats."""

    reads = "policy"

    def fit(self, evidence: Evidence, budget: int | None) -> None:
        window = evidence.train.window
        values = window.signals["policy"].double()
        spread = (
            values.std(-1, unbiased=False, keepdim=True) if values.shape[-1] > 1 else torch.ones_like(values)
        )
        self.monitor = {"temperature": window.moments(spread, of_steps=False)[0].clamp(min=1e-8)}

    def __call__(self, window: Watched, context: Tensor | None) -> Tensor:
        values = window.signals["policy"].double()
        if values.shape[-1] == 1:
            return window.mean_of_states(values.squeeze(-1))
        scaled = (values / self.monitor["temperature"][:, None, None]).log_softmax(-1)
        return window.mean_of_states(-(scaled.exp() * scaled).sum(-1))


build = PolicyConfidence
