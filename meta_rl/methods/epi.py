"""Environment probing interaction policies (EPI: Zhou, Pinto & Gupta, ICLR 2019; code: Wenxuan-Zhou/EPI).

A probe policy acts for ten steps; psi, an encoding of the states and actions of these steps in their order, is
all that the task policy is told. The probe policy draws its actions, in its training and ever after; random numbers
of evaluated probes are common to all methods. Before the agent trains:

0. The same states and actions are tried in every train context (`vine`), and a predictor of the change of state
   that is blind to the context is fitted to what happens.
1. In turns, the probe policy probes every train context, and learns by PPO from the task's reward and from how much
   psi helps to predict held-out vine transitions of the probed context. At each step it gets

       1.0 x the task's reward + 0.5 x max(10^5 (error without psi - error with psi), 0)

   and where the episode ends in the probe the task's reward alone. Errors are squared ones of the change, divided by
   twice its largest absolute value. Encoder and predictor with psi are fitted anew, from scratch and on all
   probes so far, every `refit` probes, with the paper's loss (section 4.2): the squared prediction error, and terms
   that keep contexts apart and probes of one context together.
2. Probe and encoder are frozen. Each training episode is preceded by a probe. With `after_probe: reset`, the authors'
   HopperTaskReset and StrikerTaskReset, it then starts anew from the same state: tested in `probe10` alone. With
   `after_probe: continue`, HopperTask and StrikerTask, it goes on from where the probe has left it: tested in `cold`
   alone, where the rewards of the probe count. Where a probe has ended the episode, the agent gets one step there,
   with reward 0. Each variant is ranked in the regime that it was trained for; in the other one it has no numbers.

Simulators over Box2D cannot be put into a state, so they have no vine: there all contexts start alike and see the
same actions, and go their own ways from there. MuJoCo's states are restored to the last bit.

Deviations from the paper and its code:

- The probe policy learns by PPO, with a value network; theirs by TRPO with a linear baseline, from 1,000 probes an
  iteration. Their Striker is probed for a reward of its own (0.1 x control + 0.5 x distance to the ball), counts an
  episode as ended when the ball leaves a square, and weighs the score by 0.1; here all environments are alike.
- What the probe sees after the end of an episode is not shown to the encoder; theirs goes on. The step that ends an
  episode pays what the environment says; theirs pays 0.
- All is standardised by the vine, psi's inputs too (theirs: step by step, by the probes), and predictors are linear in
  their last layer; theirs is a sigmoid of targets in [0, 1]. As their targets are small, the terms that keep psi apart
  weigh more beside the error there.
- Fits are `updates` batches of all contexts, theirs 500 epochs on four fifths of the probes; which of their fits
  and policies is used is chosen by hand (`--epi_itr`), here the last ones are. They may scale psi afterwards.
- After the reset their environment draws another start; here it is the same. Their max_path_length begins after the
  probe, here the time limit counts its steps where the episode goes on.
- Their Striker's vine has states in which the ball moves, from a trained policy, and predicts the ball alone.
"""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Annotated, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from meta_rl.agents.protocols import Task
from meta_rl.methods.base import Method, Source, Trajectories
from meta_rl.methods.epi_probe import Probing
from meta_rl.stack.networks import MLP, Adam
from meta_rl.stack.rollout import Rollout, Watch
from meta_rl.stack.seen import Seen, Window
from meta_rl.streams import Streams

HELD_OUT = 0.2  # part of the vine that measures how well psi helps to predict
SCORE = 1e5  # what the authors multiply the gain by
# Of the separation loss (the paper's lambda, and its two thresholds).
_WEIGHT, _APART, _TOGETHER = (0.01, 0.1, 0.1)
_PROBES, _ROWS = 4, 8  # of each context in a batch: probes, and vine transitions to predict from each


@dataclass(frozen=True)
class Config:
    """Defaults are the paper's where it gives them (appendix: Hopper)."""

    steps: Annotated[int, (1, 10), "steps of a probe; `probe10` grants ten"] = 10
    size: Annotated[int, (1, 1000), "dimensions of the encoding psi"] = 8
    encoder: Annotated[tuple[int, ...], (1, 4096), "units per hidden layer of the encoder"] = (32, 32)
    predictor: Annotated[tuple[int, ...], (1, 4096), "units per hidden layer of the predictors"] = (
        128,
        128,
        128,
        128,
    )
    probe: Annotated[tuple[int, ...], (1, 4096), "units per hidden layer of the probe policy"] = (32, 32)
    learning_rate: Annotated[float, (0, 1), "Adam step size of encoder and predictors"] = 1e-3
    transitions: Annotated[int, (10, 1000000), "vine transitions in each train context (env_steps)"] = 256
    probes: Annotated[int, (1, 100000), "probes of each train context (`steps` env_steps each)"] = 100
    refit: Annotated[int, (1, 100000), "probes of each context between two fits of encoder and predictor"] = (
        50
    )
    updates: Annotated[int, (1, 10000000), "updates of each fit"] = 500
    after_probe: Annotated[str, ("reset", "continue"), "what an episode does after its probe"] = "reset"


# Settings of a small one, for conformance tests.
SMALL = {
    "steps": 3, "size": 3, "encoder": (8,), "predictor": (8,), "probe": (8,), "probes": 2, "refit": 1, "updates": 5,
}  # fmt: skip


LENGTHS = ("transitions", "probes", "refit", "updates")


class Vine(NamedTuple):
    """The same states and actions in C contexts, and how the state changed; standardised."""

    known: Tensor  # (s, a), [S, C, M, O + A]
    change: Tensor  # [S, C, M, D]

    @property
    def unit(self) -> Tensor:
        """What squared errors count in the score, [S, 1, D]: the authors' targets lie in [0, 1] around 0.5."""
        largest = self.change.abs().amax((1, 2)).clamp(min=1.0)  # a constant dimension is 0 everywhere
        return SCORE / (2 * largest).square().unsqueeze(1)


class EPI(Method):
    """psi = f(s_1, a_1, ..., s_10, a_10) of the steps of the probe; what was not taken is zero.

    Where the context acts on the reward, rewards stand beside the actions.
    """

    ordered = True
    probe_learns = True
    mean: Tensor  # of (s, a), per seed
    std: Tensor
    change_mean: Tensor  # of s' - s, and of r where transitions carry it
    change_std: Tensor

    def __init__(self, config: Config, task: Task, streams: Streams) -> None:
        super().__init__()
        self.config, self.task = config, task
        self.window = self.probe_steps = config.steps
        self.size, self.restarts = config.size, config.after_probe == "reset"
        seeds, spaces = len(streams.keys), task.spaces
        self._known = spaces.observation + spaces.action  # width of (s, a)
        self._rewarded, self._changes = spaces.rewarded, spaces.observation + spaces.rewarded
        self.encoder, self.predictor = self._networks(streams, "first")
        self.prober = self._policy(1, streams)
        for name, width in (("", self._known), ("change_", self._changes)):
            self.register_buffer(f"{name}mean", torch.zeros(seeds, 1, width))
            self.register_buffer(f"{name}std", torch.ones(seeds, 1, width))
        self.requires_grad_(False)

    def probe(self, observation: Tensor, chance: np.ndarray) -> Tensor:
        return self.prober.drawn(observation, chance)

    def embed(self, transitions: Tensor) -> Tensor:
        flat = transitions.flatten(1, -2)
        shown = (flat[..., : self._known] - self.mean) / self.std
        if self._rewarded:
            reward = (flat[..., -1:] - self.change_mean[..., -1:]) / self.change_std[..., -1:]
            shown = torch.cat((shown, reward), -1)
        return shown.view(*transitions.shape[:-1], -1)

    def forward(self, seen: Seen) -> Tensor:
        assert seen.window is not None
        return self.encoder(self._flat(seen.window))

    def loss(self, probes: Tensor, known: Tensor, change: Tensor) -> Tensor:
        """The loss [S] of B probes [S, C, B, P] in each context, from which M vine rows are predicted.

        mean squared error of the change [S, C, B, M, D] from (s, a) [S, C, B, M, ...] and psi
            + 0.01 (sum_{i != j} max(0.1 - D_ij, 0) + mean_i max(std_i - 0.1, 0))      (the paper's section 4.2)

        with D_ij the root mean square distance of the mean psi of contexts i and j, and std_i the spread of psi
        within a context: contexts are to lie apart, and probes of one context together.
        """
        psi = self.encoder(probes)
        error = (self._predict(known, psi) - change).square().mean((1, 2, 3, 4))
        centre = psi.mean(2)
        squared = (centre.unsqueeze(1) - centre.unsqueeze(2)).square().mean(-1)
        # The root has no gradient at 0: a context is far from itself, and two are never quite the same.
        distance = (squared + torch.eye(centre.shape[1]) + 1e-12).sqrt()
        apart = (_APART - distance).clamp(min=0.0).sum((1, 2))
        together = (psi.std(2, correction=0).mean(-1) - _TOGETHER).clamp(min=0.0).mean(1)
        return error + _WEIGHT * (apart + together)

    def pretrain(self, source: Source, streams: Streams) -> dict[str, np.ndarray]:
        seen, fresh = self._vine(source.trajectories)
        with torch.no_grad():
            without = self._blind_error(seen, fresh, streams)
        seeds, contexts = without.shape[:2]
        watch = Watch(frozenset({"window"}), self.window)
        rollout = Rollout(source.environments((seeds, contexts)), watch)
        policy = self._policy(contexts, streams)
        probes: list[Tensor] = []
        gains = []
        for number in range(self.config.probes):
            noise = streams.uniform("epi/reset", contexts, rollout.environments.noise)
            rollout.reset(np.ones((seeds, contexts), dtype=bool), source.contexts, noise)
            probe = policy.try_out(rollout)
            with torch.no_grad():
                probes.append(self._flat(Window(self.embed(probe.shown.transitions), probe.shown.mask)))
            if number % self.config.refit == 0:
                self._fit(torch.stack(probes, 2), seen, streams, f"{number}")
            with torch.no_grad():
                gain = without - self._error(probes[-1], *fresh)
            gains.append(gain.mean((1, 2)))
            if self.probe_learns:
                policy.learn_from(probe, (seen.unit * gain).mean(2).clamp(min=0.0))
        self._fit(torch.stack(probes, 2), seen, streams, "last")
        _copy(policy, self.prober)
        self.requires_grad_(False)
        return {"first_gain": gains[0].numpy(), "last_gain": torch.stack(gains[-10:]).mean(0).numpy()}

    def _vine(self, told: Trajectories) -> tuple[Vine, Vine]:
        """The standardised (s, a) and change [S, C, M, ...] to learn from, and those that are held out."""
        known = torch.cat((told.observation, told.action), -1)
        change = torch.cat((told.next_observation - told.observation, told.reward), -1)
        found = []
        for name, values in (("", known), ("change_", change)):
            flat = values.flatten(1, 2)
            mean, std = getattr(self, f"{name}mean"), getattr(self, f"{name}std")
            mean.copy_(flat.mean(1, keepdim=True))
            std.copy_(flat.std(1, keepdim=True).clamp(min=1e-6))
            found.append((values - mean.unsqueeze(1)) / std.unsqueeze(1))
        first = int(known.shape[2] * (1 - HELD_OUT))
        seen, fresh = ([value[:, :, part] for value in found] for part in (slice(first), slice(first, None)))
        return Vine(*seen), Vine(*fresh)

    def _fit(self, probes: Tensor, seen: Vine, streams: Streams, name: str) -> None:
        """Encoder and predictor from scratch, on all probes [S, C, B, P] so far."""
        encoder, predictor = self._networks(streams, name)
        _copy(encoder, self.encoder)
        _copy(predictor, self.predictor)
        trained = [*self.encoder.parameters(), *self.predictor.parameters()]
        for parameter in trained:
            parameter.requires_grad_(True)
        optimiser = Adam(trained, self.config.learning_rate)
        contexts, count, rows = probes.shape[1], probes.shape[2], seen.known.shape[2]
        for _ in range(self.config.updates):
            # A purpose has one shape, and may be drawn from as often as one likes.
            chosen = streams.integers("epi/probe", count, contexts, _PROBES)
            row = streams.integers("epi/row", rows, contexts, _PROBES * _ROWS)
            known, change = (_pick(value, row).unflatten(2, (_PROBES, _ROWS)) for value in seen)
            optimiser.minimise(self.loss(_pick(probes, chosen), known, change))
        self.requires_grad_(False)

    def _blind_error(self, seen: Vine, fresh: Vine, streams: Streams) -> Tensor:
        """The error [S, C, D] on the held-out vine of a predictor that is told nothing."""
        sizes = (self._known, *self.config.predictor, self._changes)
        blind = MLP(streams, "epi/blind", sizes)
        optimiser = Adam(blind.parameters(), self.config.learning_rate)
        contexts, rows = seen.known.shape[1:3]
        for _ in range(self.config.updates):
            row = streams.integers("epi/blind row", rows, contexts, _PROBES * _ROWS)
            known, change = (_pick(value, row) for value in seen)
            with torch.enable_grad():
                optimiser.minimise((blind(known) - change).square().mean((1, 2, 3)))
        return (blind(fresh.known) - fresh.change).square().mean(2)

    def _error(self, probe: Tensor, known: Tensor, change: Tensor) -> Tensor:
        """The error [S, C, D] on vine rows [S, C, M, ...] of the predictor that is told one probe [S, C, P] of each."""
        found = self._predict(known.unsqueeze(2), self.encoder(probe).unsqueeze(2)).squeeze(2)
        return (found - change).square().mean(2)

    def _predict(self, known: Tensor, psi: Tensor) -> Tensor:
        """The change [S, C, B, M, D] from (s, a) [S, C, B, M, ...] and psi [S, C, B, Z]."""
        told = psi.unsqueeze(3).expand(*known.shape[:4], psi.shape[-1])
        return self.predictor(torch.cat((known, told), -1))

    def _flat(self, window: Window) -> Tensor:
        return (window.transitions * window.mask.unsqueeze(-1)).flatten(-2)

    def _networks(self, streams: Streams, name: str) -> tuple[MLP, MLP]:
        config = self.config
        encoder = (config.steps * (self._known + self._rewarded), *config.encoder, config.size)
        predictor = (self._known + config.size, *config.predictor, self._changes)
        return MLP(streams, f"epi/{name}/encoder", encoder), MLP(streams, f"epi/{name}/predictor", predictor)

    def _policy(self, contexts: int, streams: Streams) -> Probing:
        """A policy that probes so many contexts side by side."""
        return Probing(self.config.steps, self.config.probe, contexts, self.task, streams)


class _Random(EPI):
    """The probe policy stays as it was drawn."""

    probe_learns = False


def _copy(source: nn.Module, target: nn.Module) -> None:
    """Weights and statistics, without what only a training needs."""
    pairs = zip((source.parameters, source.buffers), (target.parameters, target.buffers), strict=True)
    with torch.no_grad():
        for theirs, ours in pairs:
            for value, into in zip(theirs(), ours(), strict=True):
                into.copy_(value)


def _pick(values: Tensor, row: np.ndarray) -> Tensor:
    """Rows [S, C, B] of each context's [S, C, M, ...]: [S, C, B, ...]."""
    seeds, contexts, count = values.shape[:3]
    first = np.arange(seeds * contexts).reshape(seeds, contexts, 1) * count
    return values.flatten(0, 2)[torch.from_numpy(first + row)]


build = EPI
# The control: a psi that is trained in the same way, on probes of a policy that nothing trains.
RandomProbes = SimpleNamespace(Config=Config, build=_Random)
