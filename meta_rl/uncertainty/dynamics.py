"""An ensemble of probabilistic models of the dynamics, and two doubts of it: disagreement and surprise.

Each of K members predicts a Gaussian of the change of state, N(mu_k(s, a), sigma_k^2(s, a)), with a variance per
dimension, and learns by its likelihood on the transitions of the train contexts. Changes are standardised. Members
differ by how they were drawn and by their minibatches (Lakshminarayanan et al. 2017). They ride the stack axis: S runs
are S K networks. Contexts are not told, so what differs between train contexts is noise to a member.
"""

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Annotated, NamedTuple

import torch
from torch import Tensor

from meta_rl.agents.protocols import Task
from meta_rl.stack.networks import MLP, Adam
from meta_rl.streams import Streams
from meta_rl.uncertainty import learnt
from meta_rl.uncertainty.base import Estimator, Evidence, of_steps
from meta_rl.uncertainty.watched import Watched

_BOUND = 10.0  # of states and actions that go in, in standard deviations
_CENTRE, _REACH = -3.0, 7.0  # of log variances: deviations within .007 and 7 of the change's own


@dataclass(frozen=True)
class Config:
    """PEDM's members have three or four hidden layers of 200 or 500 units, and learn for 2,000 epochs."""

    members: Annotated[int, (2, 100), "networks of the ensemble"] = 5
    hidden: Annotated[tuple[int, ...], (1, 4096), "units per hidden layer of a member"] = (32, 32)
    learning_rate: Annotated[float, (0, 1), "Adam step size"] = 3e-3
    batch: Annotated[int, (1, 100_000), "transitions per member and update"] = 64
    updates: Annotated[int, (1, 10_000_000), "updates of each member"] = 1000


# Settings of a small one, for conformance tests.
SMALL = {"updates": 20}


class Predicted(NamedTuple):
    """What a member says of the standardised change, float64 [S, B, O]."""

    mean: Tensor
    log_variance: Tensor


class _Ensemble(Estimator):
    """Fitted; subclasses say what they make of the members' predictions."""

    reads = "dynamics"

    def __init__(self, config: Config, task: Task, streams: Streams) -> None:
        super().__init__(config, task, streams)
        spaces = task.spaces
        members = Streams([f"{key}/member {k}" for key in streams.keys for k in range(config.members)])
        sizes = (spaces.observation + spaces.action, *config.hidden, 2 * spaces.observation)
        self._networks = MLP(members, "dynamics", sizes)

    def fit(self, evidence: Evidence, budget: int | None) -> None:
        window, shape = evidence.train.window, (self.config.members, self.config.batch)
        self.monitor = learnt.scales(window)
        optimiser = Adam(self._networks.parameters(), self.config.learning_rate)
        for _ in range(self.config.updates):
            steps = window.sample(self.streams, "dynamics/batch", math.prod(shape))
            known, change = (
                value.unflatten(1, shape).flatten(0, 1)
                for value in (
                    self._known(steps.observation, steps.action),
                    self._change(steps.observation, steps.next_observation),
                )
            )
            mean, spread = self._predicted(known)
            # Twice the negative log-likelihood, without its constant.
            loss = (change - mean).square() * (-spread).exp() + spread
            optimiser.minimise(loss.mean((1, 2)))
        self.monitor |= learnt.weights(self._networks, "members", len(self.streams.keys))

    def __call__(self, window: Watched, context: Tensor | None) -> Tensor:
        learnt.load(self._networks, "members", self.monitor)
        return of_steps(self._of_steps, window)

    @abstractmethod
    def judged(self, members: Sequence[Predicted], change: Tensor) -> Tensor:
        """The doubt of each transition [S, B], from what is predicted and the change [S, B, O] that came about."""

    def _of_steps(self, observation: Tensor, action: Tensor, following: Tensor) -> Tensor:
        count, known = self.config.members, self._known(observation, action)
        predicted = self._predicted(known.repeat_interleave(count, 0))
        means, spreads = (value.double().unflatten(0, (-1, count)).unbind(1) for value in predicted)
        members = [Predicted(*of) for of in zip(means, spreads, strict=True)]
        return self.judged(members, self._change(observation, following).double())

    def _known(self, observation: Tensor, action: Tensor) -> Tensor:
        parts = ((observation, "state"), (action, "action"))
        known = torch.cat([learnt.scaled(value, name, self.monitor) for value, name in parts], -1)
        return known.clamp(-_BOUND, _BOUND)

    def _change(self, observation: Tensor, following: Tensor) -> Tensor:
        return learnt.scaled(following - observation, "change", self.monitor)

    def _predicted(self, known: Tensor) -> tuple[Tensor, Tensor]:
        """Means and log variances [S K, B, O]."""
        mean, spread = self._networks(known).chunk(2, -1)
        return mean, _CENTRE + _REACH * torch.tanh(spread / _REACH)


class _Disagreement(_Ensemble):
    """Doubts where models of the dynamics disagree, as they do where little was seen.

    The doubt is the mean over the watched transitions, and over the dimensions d of a state, of
    Var_k mu_kd(s, a) / var_train,d: the variance between the members' means, in units of the variance of the change of
    state in training. It is the bonus of Pathak et al. 2019 ("Self-Supervised Exploration via Disagreement") without
    its features; there it leads an agent, here it judges a frozen one.

    It sees where the policy goes and what it does there, and not what follows: where the same action leads elsewhere it
    doubts by the states that come of it.
    """

    def judged(self, members: Sequence[Predicted], change: Tensor) -> Tensor:
        centre = _mean([one.mean for one in members])
        return _total(_mean([(one.mean - centre).square() for one in members])) / change.shape[-1]


class _Surprise(_Ensemble):
    """Doubts where something else follows than was expected: PEDM (Haider et al. 2023; FraunhoferIKS/pedm-ood).

    The doubt is the mean over the watched transitions of -log mean_k N(s' - s; mu_k(s, a), sigma_k^2(s, a)): how
    unlikely what happened is to the mixture of the members, in nats, with s' - s in units of its standard deviation in
    training.

    Deviations from the authors' code (pedm/pedm_detector.py): by default it draws 1,000 next states, and takes the
    least of their mean squared distances to the one that came; by an option it takes likelihoods of single members, and
    an aggregate of them. The mixture's likelihood needs no draws. Their detector judges steps; the mean over a window
    is ours. Networks are smaller and learn for less long.
    """

    def judged(self, members: Sequence[Predicted], change: Tensor) -> Tensor:
        fits = [
            -0.5 * _total((change - mean).square() * (-spread).exp() + spread + math.log(2 * math.pi))
            for mean, spread in members
        ]
        best = torch.stack(fits).amax(0)
        return -(best + _mean([(fit - best).exp() for fit in fits]).log())


def _mean(values: Sequence[Tensor]) -> Tensor:
    """Summed one after the other: the order must not depend on what is beside them."""
    return torch.stack(list(values)).cumsum(0)[-1] / len(values)


def _total(values: Tensor) -> Tensor:
    """Over the last axis, one after the other."""
    return values.cumsum(-1)[..., -1]


Disagreement = SimpleNamespace(Config=Config, build=_Disagreement)
Surprise = SimpleNamespace(Config=Config, build=_Surprise)
