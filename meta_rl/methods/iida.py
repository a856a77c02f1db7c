"""Implicit identification for dynamics adaptation (IIDA: Evans, Thankaraj & Pinto 2022, "Context is Everything").

Before the agent trains, an encoder f of transitions and a one-step predictor g are trained together on
trajectories of the train contexts: z = mean f(s, a, s') over a context set, and g(s, a, z) predicts the
change of state, and the reward where the context acts on it. The squared error goes back through the encoder.
Then the encoder is frozen and its z, from the window of the running episode, stands beside the observation.

All inputs and targets are standardised with the statistics of the training trajectories. Context sets in
training have every length from 0 to K, so that the empty window means "the average environment".

Outside the train range z may lie anywhere, and networks go wrong on inputs that they have never seen. So the agent is
told it standardised by the cloud of full context sets of the train contexts, and bounded: x / sqrt(1 + (x / 4)^2) is x
about 0 and never beyond 4. The predictor gets z as it is. An empty window is told as 0.

The trajectories are those of a generator: an agent with the method `none` that was trained for `generator_steps`
on the run's own train contexts, and that takes a fifth of its actions at random; or of a random policy. Its steps are
paid for by the run.

The authors (code: bennevans/iida) have no policy that takes z. They plan by what the learnt model predicts, with MPPI;
of MPPI they released varyingsim/policies/mppi.py, which rolls out the simulator itself and collects data. A policy on
z, trained by any of our agents, is ours: it follows the description of IIDA as a way to tell an agent its context.

Deviations from the paper: z is bounded as above; it predicts the next state, here the change of it is predicted, which
is the same but for the scale of the error; the paper gives trajectories and updates per environment, here they are
settings; the context set comes from the running episode at test time, not from a rollout before it (that is
`probe10`); theirs are drawn within stripes of a trajectory, here anywhere in a context's first half.
"""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from meta_rl.agents.protocols import Task
from meta_rl.methods.base import Method, Source, masked_mean
from meta_rl.stack.networks import MLP, Adam
from meta_rl.stack.seen import Seen, Window
from meta_rl.streams import Streams


@dataclass(frozen=True)
class Config:
    """Defaults are the paper's, but for `updates` and `transitions`, which it gives per environment."""

    window: Annotated[int, (1, 1000), "transitions K of a context set"] = 128
    size: Annotated[int, (1, 1000), "dimensions of the encoding z"] = 8
    encoder: Annotated[tuple[int, ...], (1, 4096), "units per hidden layer of the encoder"] = (256,)
    predictor: Annotated[tuple[int, ...], (1, 4096), "units per hidden layer of the predictor"] = (256, 256)
    learning_rate: Annotated[float, (0, 1), "Adam step size"] = 1e-3
    batch: Annotated[int, (1, 100000), "context sets per update"] = 64
    updates: Annotated[int, (1, 10000000), "updates of encoder and predictor"] = 5000
    transitions: Annotated[int, (2, 1000000), "transitions collected in each train context (env_steps)"] = 512
    generator_steps: Annotated[
        int, (0, 1000000000), "env_steps that train the agent which collects them; 0: a random policy does"
    ] = 50000


# Settings of a small one, for conformance tests.
SMALL = {"window": 5, "size": 3, "encoder": (8,), "predictor": (8,), "updates": 20, "batch": 8}


LENGTHS = ("updates", "transitions", "generator_steps")
BOUND = (
    4.0  # of each dimension of what the agent is told, in standard deviations of the cloud of train contexts
)
_SETS = 32  # batches of full context sets that the cloud is made of


class IIDA(Method):
    """A frozen encoder of the window; `pretrain` trains it together with the one-step predictor."""

    learns = True
    mean: Tensor  # of transitions, per seed
    std: Tensor
    change_mean: Tensor  # of s' - s, and of r where transitions carry it
    change_std: Tensor
    code_mean: Tensor  # of z, of full context sets
    code_std: Tensor

    def __init__(self, config: Config, task: Task, streams: Streams) -> None:
        super().__init__()
        self.config = config
        self.window, self.size = config.window, config.size
        seeds, spaces = len(streams.keys), task.spaces
        self._state = spaces.observation
        self.known = self._state + spaces.action  # width of (s, a)
        self.changes = self._state + spaces.rewarded
        self.encoder = MLP(streams, "iida/encoder", (spaces.transition, *config.encoder, config.size))
        sizes = (self.known + config.size, *config.predictor, self.changes)
        self.predictor = MLP(streams, "iida/predictor", sizes)
        widths = {"": spaces.transition, "change_": self.changes, "code_": config.size}
        for name, width in widths.items():
            self.register_buffer(f"{name}mean", torch.zeros(seeds, 1, width))
            self.register_buffer(f"{name}std", torch.ones(seeds, 1, width))
        self.requires_grad_(False)

    def embed(self, transitions: Tensor) -> Tensor:
        flat = transitions.flatten(1, -2)
        return self.encoder((flat - self.mean) / self.std).view(*transitions.shape[:-1], -1)

    def forward(self, seen: Seen) -> Tensor:
        window = seen.window
        assert window is not None
        known = window.mask.amax(-1, keepdim=True)
        z = (masked_mean(window.transitions, window.mask) - self.code_mean) / self.code_std
        return z / (1 + (z / BOUND).square()).sqrt() * known

    def predict(self, transitions: Tensor, told: Tensor, predictor: MLP) -> Tensor:
        """The standardised change [S, B, O (+ 1)] from the (s, a) of packed transitions [S, B, T] and what is told."""
        known = ((transitions - self.mean) / self.std)[..., : self.known]
        return predictor(torch.cat((known, told), -1))

    def loss(self, window: Window, transitions: Tensor) -> Tensor:
        """One-step squared error, [S]: mean over B targets [S, B, T] and the standardised dimensions."""
        z = masked_mean(self.embed(window.transitions), window.mask)
        error = self.predict(transitions, z, self.predictor) - self.change(transitions)
        return error.square().mean((1, 2))

    def change(self, transitions: Tensor) -> Tensor:
        """The standardised change of packed transitions [S, B, T]."""
        return (self._change(transitions) - self.change_mean) / self.change_std

    def _change(self, transitions: Tensor) -> Tensor:
        following = transitions[..., self.known :]
        change = following[..., : self._state] - transitions[..., : self._state]
        return torch.cat((change, following[..., self._state :]), -1)

    def pretrain(self, source: Source, streams: Streams) -> dict[str, np.ndarray]:
        packed = torch.cat(tuple(source.trajectories), -1)
        self._standardise(packed)
        self.requires_grad_(True)
        optimiser = Adam(self.parameters(), self.config.learning_rate)
        for _ in range(self.config.updates if self.learns else 0):
            optimiser.minimise(self.loss(*self._sets(packed, streams)))
        self.requires_grad_(False)
        losses, codes = zip(*(self._full(*self._sets(packed, streams)) for _ in range(_SETS)), strict=True)
        self._moments("code_", torch.cat(codes, 1))
        return {"prediction_loss": torch.stack(losses).mean(0).numpy()}

    def _full(self, window: Window, transitions: Tensor) -> tuple[Tensor, Tensor]:
        """The loss [S] and z [S, B, Z] where context sets have all their transitions."""
        full = window._replace(mask=torch.ones_like(window.mask))
        return self.loss(full, transitions), masked_mean(self.embed(full.transitions), full.mask)

    def _standardise(self, packed: Tensor) -> None:
        for name, values in (("", packed), ("change_", self._change(packed))):
            self._moments(name, values.flatten(1, 2))

    def _moments(self, name: str, values: Tensor) -> None:
        """Keep mean and standard deviation of values [S, M, W]."""
        getattr(self, f"{name}mean").copy_(values.mean(1, keepdim=True))
        getattr(self, f"{name}std").copy_(values.std(1, keepdim=True).clamp(min=1e-6))

    def _sets(self, packed: Tensor, streams: Streams) -> tuple[Window, Tensor]:
        """Context sets and, from the other half of the same context's transitions, targets to predict."""
        seeds, contexts, count, width = packed.shape
        batch, half = self.config.batch, count // 2
        seed = np.arange(seeds)[:, None]
        chosen = streams.integers("iida/context", contexts, batch)
        members = streams.integers("iida/members", half, batch, self.window)
        target = half + streams.integers("iida/target", count - half, batch)
        length = streams.integers("iida/length", self.window + 1, batch)
        mask = torch.from_numpy(np.arange(self.window) < length[..., None]).float()
        flat = packed.view(-1, width)

        def take(at: np.ndarray, context: np.ndarray, row: np.ndarray) -> Tensor:
            return flat[torch.from_numpy((row * contexts + context) * count + at)]

        window = Window(take(members, chosen[..., None], seed[..., None]), mask)
        return window, take(target, chosen, seed)


class _Untrained(IIDA):
    """Trajectories serve to standardise, and for nothing else."""

    learns = False


build = IIDA
# The control: the same encoder as it was drawn, which pays what its training would have cost.
Untrained = SimpleNamespace(Config=Config, build=_Untrained)
