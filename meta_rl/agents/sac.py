"""Soft actor-critic with automatic temperature (Haarnoja et al. 2018, arXiv 1812.05905; below "SAC")."""

import math
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from meta_rl.agents.actor_critic import ActorCritic
from meta_rl.agents.base import Agent
from meta_rl.agents.critics.plain import Plain
from meta_rl.agents.protocols import CRITIC, POLICY, Method, Task
from meta_rl.stack.networks import MLP, Adam
from meta_rl.stack.replay import Batch
from meta_rl.stack.seen import Seen
from meta_rl.streams import Streams

LOG_STD = (-20.0, 2.0)  # bounds of the actor's log standard deviation, the authors' code's


@dataclass(frozen=True)
class Config:
    """Defaults are Stable-Baselines3's, which are the paper's (SAC, table 1) but for `learning_starts`."""

    n_envs: Annotated[int, (1, 10_000), "environments per seed that step side by side"] = 1
    hidden: Annotated[tuple[int, ...], (1, 4096), "units per hidden layer of actor and critics"] = (256, 256)
    learning_rate: Annotated[float, (0, 1), "Adam step size of actor, critics and temperature"] = 3e-4
    gamma: Annotated[float, (0, 1), "discount factor"] = 0.99
    replay: Annotated[int, (1, 100_000_000), "transitions kept per seed"] = 1_000_000
    batch: Annotated[int, (1, 100_000), "transitions per update"] = 256
    learning_starts: Annotated[int, (0, 1_000_000_000), "env_steps of uniform actions before learning"] = 100
    train_every: Annotated[int, (1, 1_000_000), "env_steps after which updates are due"] = 1
    gradient_steps: Annotated[int, (1, 10_000), "updates whenever they are due"] = 1
    tau: Annotated[float, (0, 1), "part of the way that the targets follow at each update"] = 0.005


LENGTHS = ("learning_starts",)
SEARCH = {
    "learning_rate": ((1e-5, 1e-2), "log", "decides most; its best value spans decades"),
    "gamma": ((0.9, 0.999), "linear", "how far ahead values look, against how noisy they are"),
    "hidden": (((64, 64), (256, 256)), "choice", "capacity, at the usual depth"),
    "batch": ((64, 512), "log", "noise of a gradient against its cost"),
    "tau": ((0.001, 0.05), "log", "how fast targets follow: fast learns fast, slow is stable"),
}
# Settings with which it learns each probe of the conformance tests in 1,200 env_steps.
PROBED = {
    "n_envs": 4, "hidden": (16,), "learning_rate": 0.03, "replay": 2000, "batch": 64, "learning_starts": 200,
    "train_every": 8, "tau": 0.3,
}  # fmt: skip
# What differs for the one whose reward is a parabola over the action, which asks more of a critic.
PARABOLA = {"hidden": (32,), "train_every": 4, "learning_starts": 600}


class SAC(ActorCritic):
    """Twin critics, an actor that is a Gaussian behind a tanh, and a temperature that keeps its entropy at -A.

    `value` is the lower critic's value of the mean action. It counts the entropy bonuses of later steps, which
    are no reward, leaves out the spread of the actions, and being the lower of two tends to be too low.
    """

    def __init__(
        self,
        config: Config,
        task: Task,
        method: Method,
        joint: bool,
        streams: Streams,
        critic: type[Plain] = Plain,
    ) -> None:
        super().__init__(config, task, method, joint, streams, critics=2, critic=critic)
        self.actor = MLP(streams, "actor", (self.inputs[POLICY], *config.hidden, 2 * task.spaces.action))
        self.log_temperature = nn.Parameter(torch.zeros(len(streams.keys)))
        self.optimisers = {
            "critic": self.critic_optimiser(config.learning_rate),
            "actor": self.actor_optimiser(config.learning_rate),
            "temperature": Adam([self.log_temperature], config.learning_rate),
        }

    def mean(self, inputs: Tensor) -> Tensor:
        return self.actor(inputs)[..., : self.spaces.action].tanh()

    def explore(self, inputs: Tensor) -> Tensor:
        return self.sample(inputs, self.normal("explore", inputs.shape[1]))[0]

    @torch.no_grad()
    def signals(self, seen: Seen) -> dict[str, Tensor]:
        """`policy` is the entropy of the Gaussian before the tanh, behind which it has no closed form."""
        log_std = self.actor(self.read(seen, POLICY))[..., self.spaces.action :].clamp(*LOG_STD)
        entropy = (log_std + 0.5 * math.log(2 * math.pi * math.e)).sum(-1, keepdim=True)
        return super().signals(seen) | {"policy": entropy}

    def sample(self, inputs: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Actions a = tanh(u), u = mean + std noise, [S, N, A], and their log-density [S, N].

        log pi(a) = sum log N(u) - sum log(1 - tanh(u)^2)   (SAC, appendix C), where
        log(1 - tanh(u)^2) = 2 (log 2 - u + log sigmoid(2 u))
        """
        mean, log_std = self.actor(inputs).chunk(2, -1)
        log_std = log_std.clamp(*LOG_STD)
        raw = mean + log_std.exp() * noise
        normal = -0.5 * noise.square() - log_std - 0.5 * math.log(2 * math.pi)
        squash = 2 * (math.log(2) - raw + logsigmoid(2 * raw))
        return raw.tanh(), (normal - squash).sum(-1)

    def critic_loss(self, batch: Batch, temperature: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """The loss [S], and the first critic's values [S, B] of what was done; temperature [S, 1].

        y = r + gamma (1 - terminated) (min_i Q'_i(s', a') - alpha log pi(a' | s')), a' from the present actor
        L = sum_i 1/2 mean (Q_i(s, a) - y)^2   (SAC, equations 3 and 5)
        """
        with torch.no_grad():
            # The actor knows the z of the online encoder, the target critics that of their own copy.
            action, log_density = self.sample(self.read(batch.next_seen, POLICY), noise)
            following = self.read(batch.next_seen, CRITIC, self.target_method)
            lowest = self.q(self.target_critics, following, action)
            target = self.target(batch, lowest - temperature * log_density)
        errors, value = self.critic_errors(batch, self.read(batch.seen, CRITIC), target)
        return 0.5 * (errors[0] + errors[1]), value

    def actor_loss(self, seen: Seen, temperature: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """The loss [S], and the log-density [S, B] of the actions that it is about.

        mean (alpha log pi(a | s) - min_i Q_i(s, a)), a from the actor   (SAC, equations 7 and 9)
        """
        told, known = self.read_both(seen)
        action, log_density = self.sample(told, noise)
        value = self.kind.mean(self.q(self.critics, known.detach(), action))
        return (temperature * log_density - value).mean(1), log_density.detach()

    def temperature_loss(self, log_density: Tensor) -> Tensor:
        """-log(alpha) mean (log pi(a | s) + H), [S], with the entropy H = -A to keep.

        SAC, equation 18, has alpha where this, like the authors' code, has its logarithm.
        """
        return -self.log_temperature * (log_density - self.spaces.action).mean(1)

    def update(self, batch: Batch) -> dict[str, Tensor]:
        rows = batch.reward.shape[1]
        temperature = self.log_temperature.detach().exp().unsqueeze(-1)
        loss, value = self.critic_loss(batch, temperature, self.normal("sac/next", rows))
        self.optimisers["critic"].minimise(loss)
        actor_loss, log_density = self.actor_loss(batch.seen, temperature, self.normal("sac/actor", rows))
        self.optimisers["actor"].minimise(actor_loss)
        self.optimisers["temperature"].minimise(self.temperature_loss(log_density))
        self.follow()
        return {
            "loss": loss.detach(),
            "value": value.mean(1),
            "temperature": temperature.squeeze(-1),
            "entropy": -log_density.mean(1),
        }


def build(
    config: Config,
    task: Task,
    method: Method,
    joint: bool,
    streams: Streams,
    env_steps: int,
    critic: type[Plain] = Plain,
) -> Agent:
    return SAC(config, task, method, joint, streams, critic)
