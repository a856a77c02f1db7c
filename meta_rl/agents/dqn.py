"""Deep Q-learning (Mnih et al. 2015), and double Q-learning with the same network (van Hasselt et al. 2016)."""

from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from meta_rl.agents.critics.plain import Plain
from meta_rl.agents.off_policy import OffPolicy, frozen_copy
from meta_rl.agents.protocols import CRITIC, Method, Task
from meta_rl.stack.networks import Adam, copy_weights
from meta_rl.stack.replay import Batch
from meta_rl.stack.seen import Seen, Transition
from meta_rl.streams import Streams


@dataclass(frozen=True)
class Config:
    """Defaults are CleanRL's for CartPole (Huang et al. 2022): squared error, no clipping, few updates.

    With a Huber loss, clipping and an update per step or two the values explode on varied contexts.
    """

    n_envs: Annotated[int, (1, 10_000), "environments per seed that step side by side"] = 4
    hidden: Annotated[tuple[int, ...], (1, 4096), "units per hidden layer of the Q-network"] = (120, 84)
    learning_rate: Annotated[float, (0, 1), "Adam step size"] = 2.5e-4
    gamma: Annotated[float, (0, 1), "discount factor"] = 0.99
    replay: Annotated[int, (1, 100_000_000), "transitions kept per seed"] = 10_000
    batch: Annotated[int, (1, 100_000), "transitions per update"] = 128
    learning_starts: Annotated[int, (0, 1_000_000_000), "env_steps before the first update"] = 10_000
    train_every: Annotated[int, (1, 1_000_000), "env_steps after which updates are due"] = 10
    gradient_steps: Annotated[int, (1, 10_000), "updates whenever they are due"] = 1
    target_every: Annotated[int, (1, 1_000_000_000), "env_steps between copies to the target network"] = 500
    epsilon_start: Annotated[float, (0, 1), "first probability of a random action"] = 1.0
    epsilon_end: Annotated[float, (0, 1), "last probability of a random action"] = 0.05
    epsilon_fraction: Annotated[float, (0, 1), "part of the training over which epsilon falls linearly"] = 0.5
    loss: Annotated[str, ("squared", "huber"), "error of the temporal difference"] = "squared"
    max_gradient_norm: Annotated[float | None, (0, 1e9), "clip each seed's gradient to this L2 norm"] = None


LENGTHS = ("learning_starts",)
SEARCH = {
    "learning_rate": ((1e-5, 1e-2), "log", "decides most; its best value spans decades"),
    "gamma": ((0.9, 0.999), "linear", "how far ahead values look, against how noisy they are"),
    "hidden": (((64, 64), (120, 84), (256, 256)), "choice", "capacity, at the usual depth"),
    "batch": ((32, 512), "log", "noise of a gradient against its cost"),
    "train_every": ((4, 64), "log", "updates per step: few learn slowly, many let values explode"),
    "target_every": ((100, 5000), "log", "how long a target holds: short is fast, long is stable"),
    "replay": ((10_000, 30_000, 100_000), "choice", "how old what is learnt from may be"),
    "epsilon_fraction": ((0.1, 0.9), "linear", "when exploring gives way to using what is known"),
    "epsilon_end": ((0.01, 0.2), "log", "what exploring is left, without which new contexts stay unknown"),
    "loss": (("squared", "huber"), "choice", "how much outliers count"),
}
# Settings with which it learns each probe of the conformance tests in 1,200 env_steps.
PROBED = {
    "n_envs": 4, "hidden": (16,), "learning_rate": 0.02, "replay": 400, "batch": 64, "learning_starts": 100,
    "train_every": 8, "target_every": 32,
}  # fmt: skip


class DQN(OffPolicy):
    """Off-policy, discrete actions, epsilon-greedy exploration, hard target updates; perhaps `double`."""

    networks = (CRITIC,)

    def __init__(
        self,
        config: Config,
        task: Task,
        method: Method,
        joint: bool,
        streams: Streams,
        env_steps: int,
        double: bool = False,
        critic: type[Plain] = Plain,
    ) -> None:
        super().__init__(config, task, method, joint, streams, critic)
        self._env_steps, self._double = env_steps, double
        self.q = self.kind.network("q", (self.inputs[CRITIC], *config.hidden, task.spaces.action))
        # The target holds its own copy of a joint method's encoder, updated with it.
        self.target_method, self.target_q = self.target_copy(), frozen_copy(self.q)
        trained = [*self.q.parameters(), *self.trained_with(CRITIC)]
        self.optimisers = {"q": Adam(trained, config.learning_rate)}

    @property
    def epsilon(self) -> np.ndarray:
        """Linear from `epsilon_start` to `epsilon_end` over the first part of the training; float64 [S or 1, 1]."""
        config = self.config
        falls = max(1.0, config.epsilon_fraction * self._env_steps)
        done = np.minimum(1.0, np.reshape((self.steps + self.probed) / falls, (-1, 1)))
        return config.epsilon_start + done * (config.epsilon_end - config.epsilon_start)

    @torch.no_grad()
    def act(self, seen: Seen, explore: bool) -> Tensor:
        greedy = self.kind.mean(self.q(self.read(seen, CRITIC))).argmax(-1)
        if not explore:
            return greedy
        rows = greedy.shape[1]
        random = torch.from_numpy(self.streams.integers("explore/action", self.spaces.action, rows))
        explores = torch.from_numpy(self.streams.uniform("explore", rows) < self.epsilon)
        return torch.where(explores, random, greedy)

    @torch.no_grad()
    def value(self, seen: Seen) -> Tensor:
        return self.kind.mean(self.q(self.read(seen, CRITIC))).amax(-1)

    @torch.no_grad()
    def doubt(self, seen: Seen) -> dict[str, Tensor]:
        inputs = self.read(seen, CRITIC)
        greedy = self.kind.mean(self.q(inputs)).argmax(-1)
        return self.kind.doubt(_of(self.kind.votes(self.q, inputs), greedy))

    @torch.no_grad()
    def signals(self, seen: Seen) -> dict[str, Tensor]:
        return super().signals(seen) | {"policy": self.kind.mean(self.q(self.read(seen, CRITIC)))}

    def learn(self, step: Transition) -> dict[str, Tensor]:
        before = self.steps
        figures = super().learn(step)
        if self.due(self.config.target_every, before):
            copy_weights(self.q, self.target_q)
            if self.joint:
                copy_weights(self.method, self.target_method)
        return figures

    def loss(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The temporal-difference loss [S], and the values [S, B] of what was done.

        y = r + gamma (1 - terminated) max_a Q'(s', a)   (Mnih et al. 2015, Methods)
        y = r + gamma (1 - terminated) Q'(s', argmax_a Q(s', a))   where double (van Hasselt et al. 2016, "Double DQN")
        """
        with torch.no_grad():
            best = self.target_q(self.read(batch.next_seen, CRITIC, self.target_method))
            chooser = self.q(self.read(batch.next_seen, CRITIC)) if self._double else best
            target = self.target(batch, _of(best, self.kind.expected(chooser).argmax(-1)))
        value = _of(self.kind.learning(self.q, self.read(batch.seen, CRITIC)), batch.action)
        return self.kind.loss(value, target, batch.place), self.kind.mean(value.detach())

    def update(self, batch: Batch) -> dict[str, Tensor]:
        loss, value = self.loss(batch)
        self.optimisers["q"].minimise(loss, self.config.max_gradient_norm)
        return {"loss": loss.detach(), "value": value.mean(1)}


def _of(values: Tensor, action: Tensor) -> Tensor:
    """Of values [..., S, B, A] those of actions [S, B], or of one action for each of the kind's own: [..., S, B]."""
    return values.gather(-1, action.expand(values.shape[:-1]).unsqueeze(-1)).squeeze(-1)


build = DQN
# The agent `ddqn`: the online network chooses the action that the target network values.
Double = SimpleNamespace(Config=Config, build=partial(DQN, double=True))
