"""Doubts transitions that are new to it: random network distillation (Burda et al. 2018, section 2.2).

A predictor learns the output of a network that stays as it was drawn, on the transitions of the train contexts. The
doubt is the mean over the watched transitions of |predictor(x) - drawn(x)|^2 / outputs, with x = (s, a, s'). Where x is
like what it was trained on the error is small.

As in the authors' code (openai/random-network-distillation, policies/cnn_policy_param_matched.py), what goes in is
standardised and clipped at 5 standard deviations, and the predictor has two hidden layers more than what it predicts.

Deviations from the paper: there x is the next observation alone, an image, and the error a reward for exploring; here
x is a whole transition, as what is new in a context is how states follow each other. It is fitted once, on the frozen
policy's episodes, and never while an agent learns.

Defined for every agent and method. A budget of 0 shows no transition, so that there is no doubt.
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from meta_rl.agents.protocols import Task
from meta_rl.stack.networks import MLP, Adam
from meta_rl.streams import Streams
from meta_rl.uncertainty import learnt
from meta_rl.uncertainty.base import Estimator, Evidence, of_steps
from meta_rl.uncertainty.watched import Watched

_BOUND = 5.0  # of what goes in, in standard deviations


@dataclass(frozen=True)
class Config:
    """Settings; the paper's networks are for images."""

    hidden: Annotated[
        tuple[int, ...], (1, 4096), "units per hidden layer of the network that is predicted"
    ] = (64,)
    outputs: Annotated[int, (1, 4096), "outputs that are predicted"] = 32
    learning_rate: Annotated[float, (0, 1), "Adam step size"] = 1e-3
    batch: Annotated[int, (1, 100_000), "transitions per update"] = 128
    updates: Annotated[int, (1, 10_000_000), "updates of the predictor"] = 1000


# Settings of a small one, for conformance tests.
SMALL = {"updates": 20}


class RND(Estimator):
    """Mean squared error of a predictor of random features."""

    reads = "states"

    def __init__(self, config: Config, task: Task, streams: Streams) -> None:
        super().__init__(config, task, streams)
        inputs = 2 * task.spaces.observation + task.spaces.action
        ends = config.hidden[-1:]
        self._drawn = MLP(streams, "rnd/drawn", (inputs, *config.hidden, config.outputs))
        self._predictor = MLP(
            streams, "rnd/predictor", (inputs, *config.hidden, *ends, *ends, config.outputs)
        )
        self._drawn.requires_grad_(False)

    def fit(self, evidence: Evidence, budget: int | None) -> None:
        window, runs = evidence.train.window, len(self.streams.keys)
        self.monitor = learnt.scales(window)
        optimiser = Adam(self._predictor.parameters(), self.config.learning_rate)
        for _ in range(self.config.updates):
            steps = window.sample(self.streams, "rnd/batch", self.config.batch)
            error = self._error(steps.observation, steps.action, steps.next_observation)
            optimiser.minimise(error.mean(1))
        self.monitor |= learnt.weights(self._predictor, "predictor", runs)

    def __call__(self, window: Watched, context: Tensor | None) -> Tensor:
        learnt.load(self._predictor, "predictor", self.monitor)
        return of_steps(self._error, window)

    def _error(self, observation: Tensor, action: Tensor, following: Tensor) -> Tensor:
        """[S, B]"""
        parts = ((observation, "state"), (action, "action"), (following, "state"))
        seen = torch.cat([learnt.scaled(value, name, self.monitor) for value, name in parts], -1)
        seen = seen.clamp(-_BOUND, _BOUND)
        return (self._predictor(seen) - self._drawn(seen)).square().mean(-1)


build = RND
